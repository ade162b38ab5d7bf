"""`moefit devices`: the machine as moefit sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.text import Text

from moefit.formats.page import Line, Rows, columns, joined, text_words
from moefit.launch.builds import RANGE
from moefit.launch.resolve import default_order
from moefit.machine.assumed import ram_bandwidth
from moefit.machine.file import to_json
from moefit.machine.types import DRIVERS_OWN, Device, Machine
from moefit.memory.reserve import common_reserve
from moefit.sizes import counted, format_bandwidth, format_size

_HOLDERS: Final = 3
"""Processes of a card that are named."""
_FAST: Final = 10
"""GB/s of which no part is told."""


def show_machine(machine: Machine, console: Console) -> None:
    """A table of devices, RAM and CPU."""
    table = columns(1)
    for column in ("", "free", "total", "runtime", "reserve", "memory", "link", "source", ""):
        table.add_column(column, justify="left" if column in {"", "source"} else "right")
    for gpu in machine.gpus:
        table.add_row(
            gpu.name,
            format_size(gpu.free),
            format_size(gpu.total),
            format_size(gpu.overhead),
            f"{format_size(common_reserve(gpu))}+",
            _rate(gpu.bandwidth),
            "RAM's" if gpu.integrated else _rate(gpu.link_bandwidth),
            gpu.source,
            gpu.description,
        )
    ram = machine.ram
    cores = f"{counted(machine.cpu.cores, 'core')}, {counted(machine.cpu.threads, 'thread')}{', assumed' if machine.cpu.assumed else ''}"
    sizes = format_size(ram.available), format_size(ram.total)
    table.add_row("RAM", *sizes, "", "", _rate(ram_bandwidth(machine)), "", ram_source(machine), cores)
    console.print(Rows(table), crop=False)
    usual = {machine.gpus[i].name for i in default_order(machine.gpus)}
    for gpu in machine.gpus:
        if told := list(_told(machine, gpu, used=gpu.name in usual)):
            console.print(Line([Text(f"{gpu.name}: ", style="dim"), *joined(told)], indent=len(gpu.name) + 2))
    if rated := _rated(machine):
        console.print(Line([Text("RAM: ", style="dim"), *text_words(Text(rated))], indent=5))
    if machine.excluded:
        console.print(Line([Text(f"left out: {', '.join(machine.excluded)}")]))
    console.print(Line([Text(f"Rules are checked for llama.cpp {RANGE}.", style="dim")]))


def _told(machine: Machine, gpu: Device, *, used: bool) -> Iterator[str]:
    """What a reader should know of a device beside its row."""
    others = [name for name, kept in machine.duplicates if kept == gpu.name]
    if others:
        yield f"also {', '.join(others)}, which is the same card"
    if gpu.integrated:
        yield "shares the host's memory"
    if not used:
        # of the processors' own, llama.cpp takes those of one backend
        alone = all(one.integrated for one in machine.gpus)
        yield f"left out beside {machine.gpus[0].name if alone else 'a card'} unless -dev names it"
    if gpu.uncapped is not None:
        yield f"{format_size(gpu.uncapped)} are free, and --budget caps it"
    if gpu.held:
        yield f"held: {', '.join(f'{name} {format_size(size)}' for name, size in gpu.held[:_HOLDERS])}"
    elif gpu.taken > DRIVERS_OWN:
        yield f"{format_size(gpu.taken)} are held by others or the driver"
    if gpu.display:
        yield "drives a screen, which may want more"
    if gpu.link_now and gpu.link_most and gpu.link_now != gpu.link_most:
        yield f"link {_rate(gpu.link_now)} now (idle ones slow down)"
        yield f"{_rate(gpu.link_most)} at most"


def _rated(machine: Machine) -> str:
    """That the figure of modules is less than their rating."""
    modules = machine.ram.modules
    if modules is None or machine.ram.bandwidth is not None:
        return ""
    if any(gpu.integrated and gpu.bandwidth for gpu in machine.gpus):
        return f"{modules} counts for nothing: the memory is the chip's"
    rating = format_bandwidth(modules.rating)
    return f"what all cores together read in decode; {modules} is rated {rating}"


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
    """GB/s, with as many digits as a slow link needs: a network's is far below one."""
    if not bandwidth:
        return "-"
    value = bandwidth / 1e9
    digits = 0 if value >= _FAST else 1 if value >= 1 else 2
    return f"{value:,.{digits}f} GB/s"
