"""What keeps this host below what it could be, as far as its own files tell."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from moefit.machine.cgroup import read_limits
from moefit.machine.finding import A_LITTLE, MANY_TIMES, PERCENTS, Finding
from moefit.machine.system import is_wsl, lock_limit
from moefit.machine.types import DRIVERS_OWN, Machine
from moefit.sizes import MIB, counted, format_bandwidth, format_size

_SWAPPED: Final = 256 * MIB
_FAR: Final = 0.55
"""Of what a card's link does: it does less only where something is wrong, such as half of its lanes."""
_SLOW: Final = 0.8
"""Of what modules sustain: a machine reads less where something is wrong, such as one channel of two. Cores of desktops with fast modules get
no more than with slower ones (modules.py), so that a rating would tell nothing of them."""
_LLAMA: Final = "llama-"
"""How names of llama.cpp's programs begin."""
_HOLDERS: Final = 3
"""Processes that are named."""
_DISPLAY: Final = ("0x0300", "0x0302", "0x0380")
"""PCI classes of GPUs."""


def host_findings(
    machine: Machine, environment: Mapping[str, str], root: Path, words: Sequence[str] = ()
) -> Iterator[Finding]:
    """Everything that files below `root` and the machine's own figures tell; `words` are the server's line, if there is one."""
    yield from _cgroups(root)
    yield from _memory_lock(machine, root)
    yield from _swap(root)
    yield from _numa(machine, environment, words)
    yield from _busy(machine, root)
    yield from _held(machine)
    yield from _links(root)
    yield from _measured_links(machine)
    yield from _wsl(root)
    yield from _bandwidth(machine)


def _cgroups(root: Path) -> Iterator[Finding]:
    limits, total = read_limits(root), _meminfo(root, "MemTotal")
    if limits.memory is not None and total and limits.memory < total:
        yield Finding(
            "cgroup-memory",
            MANY_TIMES,
            f"a control group grants {format_size(limits.memory)} of this host's {format_size(total)} of RAM",
            "raise MemoryMax= of the unit, or docker run --memory",
            "sure",
        )
    if limits.cpus is not None and limits.cpus < (os.cpu_count() or 1):
        yield Finding(
            "cgroup-cpu",
            PERCENTS,
            f"a control group grants {limits.cpus:g} processors' worth of time",
            "raise CPUQuota= of the unit, or docker run --cpus",
            "sure",
        )


def _memory_lock(machine: Machine, root: Path) -> Iterator[Finding]:
    limit = lock_limit(root)
    if limit is not None and limit < machine.ram.total:
        yield Finding(
            "memory-lock",
            A_LITTLE,
            f"a process may lock {format_size(limit)} of RAM: --load-mode mlock would fail for more",
            "LimitMEMLOCK=infinity in the unit, or ulimit -l unlimited (CUDA's own pinning needs neither)",
            "sure",
        )


def _swap(root: Path) -> Iterator[Finding]:
    used = _meminfo(root, "SwapTotal") - _meminfo(root, "SwapFree")
    if used > _SWAPPED:
        yield Finding(
            "swap",
            PERCENTS,
            f"{format_size(used)} of swap are in use: weights that are swapped out are read from disk at every token",
            "close what holds the RAM, then swapoff -a and swapon -a",
            "perhaps",
        )


def _numa(machine: Machine, environment: Mapping[str, str], words: Sequence[str]) -> Iterator[Finding]:
    nodes = machine.cpu.numa_nodes
    spread = any(word.startswith(("--numa", "--interleave", "-i")) for word in words)
    if nodes > 1 and not spread and "LLAMA_ARG_NUMA" not in environment:
        yield Finding(
            "numa",
            PERCENTS,
            f"{nodes} NUMA nodes: weights in RAM lie on them by chance",
            "--numa distribute, or numactl --interleave=all in front of llama-server",
            "likely",
        )


def _busy(machine: Machine, root: Path) -> Iterator[Finding]:
    """Programs on the cores that threads would compute on: with weights in RAM all of them wait for the slowest one, hundreds of times a token.

    An H200's host with 16 virtual cores: 37 t/s with 16 threads, less than 1 beside two programs that never rest, 26 with 14 threads beside them.
    """
    cpu, busy = machine.cpu, round(_number(_read(root / "proc/loadavg")))
    if not machine.host or busy < 1 or cpu.quota is not None or cpu.cores + busy <= cpu.threads:
        return
    left = cpu.threads - busy
    own = min(_running(root), default=None)
    whose = f"programs, {own} among them," if own else "other programs"
    kept = f"about {busy} of {cpu.threads} cores" if left > 0 else f"all {counted(cpu.threads, 'core')}"
    yield Finding(
        "busy-cores",
        MANY_TIMES,
        f"{whose} keep {kept} busy: weights in RAM are then read many times slower, "
        f"since {cpu.cores} threads wait for the slowest one at every step",
        f"end those programs, or -t {left} while they run"
        if left >= max(1, cpu.cores // 2)
        else "end those programs",
        "perhaps" if own else "likely",
    )


def _running(root: Path) -> Iterator[str]:
    """Names of llama.cpp's programs that run: what they compute counts among what is busy."""
    named = (_read(file) for file in (root / "proc").glob("[0-9]*/comm"))
    return (name for name in named if name.startswith(_LLAMA))


def _held(machine: Machine) -> Iterator[Finding]:
    for device in machine.gpus:
        if device.taken > DRIVERS_OWN:
            lists = "nvidia-smi lists them" if device.source == "nvml" else "nvtop or amdgpu_top lists them"
            named = ", ".join(f"{name} {format_size(size)}" for name, size in device.held[:_HOLDERS])
            screen = "; it drives a screen" if device.display else ""
            yield Finding(
                "vram-held",
                PERCENTS,
                f"other processes hold {format_size(device.taken)} of {device.name}{f': {named}' if named else ''}{screen}",
                f"{'end them' if named else lists}: another server, or a desktop, which can use the processor's own GPU",
                "sure",
            )


def _links(root: Path) -> Iterator[Finding]:
    """Of each GPU on the bus; an idle link slows down, so its speed is a hint alone and its width is sure."""
    for device in sorted((root / "sys/bus/pci/devices").glob("*")):
        if not _read(device / "class").startswith(_DISPLAY) or _read(device / "vendor") == "0x8086":
            continue
        most, now = (_number(_read(device / f"{which}_link_width")) for which in ("max", "current"))
        fastest, speed = (_number(_read(device / f"{which}_link_speed")) for which in ("max", "current"))
        if 0 < now < most:
            yield Finding(
                "link-width",
                PERCENTS,
                f"the GPU at {device.name} runs {now:.0f} of its {most:.0f} PCIe lanes: prompts wait for the link",
                "another slot, or none of its lanes shared with an SSD; a riser that is seated anew",
                "sure",
            )
        elif 0 < speed < fastest:
            yield Finding(
                "link-speed",
                A_LITTLE,
                f"the link of the GPU at {device.name} runs at {speed:g} of {fastest:g} GT/s, as idle links do",
                "look again while it computes; if it stays, set the slot's generation in the firmware",
                "perhaps",
            )


def _measured_links(machine: Machine) -> Iterator[Finding]:
    """A link that calibration found far below its card's: that was under load."""
    from moefit.machine.catalogue import card_of_driver  # noqa: PLC0415 - doctor alone needs it

    for device in machine.gpus if machine.calibration else ():
        card = card_of_driver(device.description, device.total)
        usual = card.link_bandwidth if card else None
        if usual and device.link_bandwidth and device.link_bandwidth < _FAR * usual:
            rates = f"{format_bandwidth(device.link_bandwidth)}, and its card does {format_bandwidth(usual)}"
            yield Finding(
                "link-slow",
                PERCENTS,
                f"the link of {device.name} copied at {rates}: prompts wait for it",
                "a slot of more lanes or a newer generation; moefit calibrate looks again",
                "sure",
            )


def _wsl(root: Path) -> Iterator[Finding]:
    if is_wsl(root):
        yield Finding(
            "wsl",
            MANY_TIMES,
            "WSL: the Windows driver moves GPU memory to RAM instead of failing, and lets CUDA pin half of the RAM",
            "NVIDIA Control Panel, CUDA - Sysmem Fallback Policy: Prefer No Sysmem Fallback; keep a --margin",
            "likely",
        )


def _bandwidth(machine: Machine) -> Iterator[Finding]:
    ram = machine.ram
    if ram.modules is None or ram.bandwidth is None:
        return
    rated = ram.modules.rating
    reads = f"RAM reads at {format_bandwidth(ram.bandwidth)}, and its modules ({ram.modules})"
    if ram.bandwidth < _SLOW * ram.modules.sustained:
        yield Finding(
            "ram-slow",
            PERCENTS,
            f"{reads} give most processors {format_bandwidth(ram.modules.sustained)}",
            "one module a channel in the slots that the board's manual names; XMP or EXPO in the firmware",
            "likely",
        )
    elif ram.bandwidth > rated:
        fix = "moefit calibrate measures it; or say another --ram-bandwidth"
        yield Finding(
            "ram-fast",
            A_LITTLE,
            f"{reads} are rated {format_bandwidth(rated)}: no memory reads faster",
            fix,
            "likely",
        )


def _meminfo(root: Path, name: str) -> int:
    """Bytes of a line of /proc/meminfo; 0 where there is none."""
    match = re.search(rf"^{name}:\s+(\d{{1,15}}) kB", _read(root / "proc/meminfo"), re.MULTILINE)
    return int(match[1]) * 1024 if match else 0


def _number(text: str) -> float:
    match = re.match(r"\d{1,4}(?:\.\d+)?", text)
    return float(match[0]) if match else 0.0


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
