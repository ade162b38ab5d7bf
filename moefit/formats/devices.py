"""`moefit devices`: the machine as moefit sees it."""

from __future__ import annotations

import json

from rich.console import Console
from rich.table import Table
from rich.text import Text

from moefit.formats.page import Line, Rows
from moefit.launch.builds import RANGE
from moefit.machine.assumed import ram_bandwidth
from moefit.machine.file import to_json
from moefit.machine.types import Device, Machine
from moefit.sizes import format_size


def show_machine(machine: Machine, console: Console) -> None:
    """A table of devices, RAM and CPU."""
    table = Table(box=None, header_style="dim", padding=(0, 1, 0, 0), pad_edge=False)
    for column in ("", "free", "total", "runtime", "memory", "link", "source", ""):
        table.add_column(column, justify="left" if column in {"", "source"} else "right")
    for gpu in machine.gpus:
        table.add_row(
            gpu.name,
            format_size(gpu.free),
            format_size(gpu.total),
            format_size(gpu.overhead),
            _rate(gpu.bandwidth),
            "RAM's" if gpu.integrated else _rate(gpu.link_bandwidth),
            gpu.source,
            f"{gpu.description}{_also(machine, gpu)}",
        )
    ram = machine.ram
    cores = f"{machine.cpu.cores} cores, {machine.cpu.threads} threads"
    sizes = format_size(ram.available), format_size(ram.total)
    table.add_row("RAM", *sizes, "", _rate(ram_bandwidth(machine)), "", ram_source(machine), cores)
    console.print(Rows(table), crop=False)
    console.print(Line([Text(f"Rules are checked for llama.cpp {RANGE}.", style="dim")]))


def _also(machine: Machine, gpu: Device) -> str:
    """What else is known of a device: the names that other backends have for it."""
    others = [name for name, kept in machine.duplicates if kept == gpu.name]
    return f" (also {', '.join(others)})" if others else ""


def ram_source(machine: Machine) -> str:
    """Where the figure of the RAM's speed comes from: measured, the rating of its modules, or a guess."""
    ram = machine.ram
    if ram.bandwidth is not None:
        return ram.source
    return f"{ram.modules}, {ram.source}" if ram.modules else "guessed"


def machine_json(machine: Machine) -> str:
    """What `--machine FILE` reads back."""
    return json.dumps(to_json(machine), indent=2) + "\n"


def _rate(bandwidth: int | None) -> str:
    return f"{bandwidth / 1e9:,.0f} GB/s" if bandwidth else "-"
