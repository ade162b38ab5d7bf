"""Which processes hold the memory of AMD's and Intel's cards, as the kernel's drivers tell of each.

Every open file of a card has its figures in /proc/PID/fdinfo; what AMD's driver for computing lends is listed apart. Those of other users
are told to root alone. source: Documentation/gpu/drm-usage-stats.rst of the kernel; drivers/gpu/drm/amd/amdkfd/kfd_process.c and kfd_topology.c
"""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from moefit.machine.natural import natural
from moefit.shown import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DEVICES: Final = re.compile(r"/dev/(?:dri/|kfd$)")
_ON_CARD: Final = re.compile(r"^drm-(resident|memory|total)-(?:vram|local)\d*:\s*(\d{1,16})\s*(KiB|MiB|)\s*$", re.MULTILINE)  # fmt: skip
"""Bytes of a card's own memory: amdgpu and xe call it vram, i915 local."""
_UNITS: Final = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20}
_KINDS: Final = ("resident", "memory", "total")
"""The first of these that a driver tells is what is held; `memory` is amdgpu's older word."""
_LARGEST: Final = 1 << 14
"""Bytes of a file that are read."""

Holders = dict[str, tuple[tuple[str, int], ...]]
"""By a card's place on the bus, the names of processes and their bytes, the largest first."""


def read_holders(root: Path) -> Holders:
    """Who holds memory of which card, read below `root`; what cannot be read is left out."""
    held: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for process in _processes(root / "proc"):
        for slot, size in _open_files(process).items():
            held[slot][int(process.name)] = size
    for slot, number, size in _computing(root / "sys/class/kfd/kfd"):
        held[slot][number] = max(size, held[slot][number])
    return {slot: _named(root / "proc", sizes) for slot, sizes in sorted(held.items())}


def _named(proc: Path, sizes: Counter[int]) -> tuple[tuple[str, int], ...]:
    ranked = sorted((-size, number) for number, size in sizes.items() if size)
    return tuple((visible(_read(proc / f"{n}/comm").strip()) or f"process {n}", -size) for size, n in ranked)


def _processes(proc: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from sorted(path for path in proc.iterdir() if path.name.isascii() and path.name.isdigit())


def _open_files(process: Path) -> Mapping[str, int]:
    """By card, what a process holds by its open files; a file that it has opened twice counts once."""
    clients: dict[tuple[str, str], int] = {}
    with suppress(OSError):
        for entry in os.scandir(process / "fd"):
            with suppress(OSError):
                if _DEVICES.match(str(Path(entry.path).readlink())):
                    told = _read(process / "fdinfo" / entry.name)
                    clients[_value(told, "pdev"), _value(told, "client-id") or entry.name] = _bytes(told)
    found = Counter[str]()
    for (slot, _), size in clients.items():
        found[slot] += size
    return {slot: size for slot, size in found.items() if slot}


def _value(told: str, key: str) -> str:
    found = re.search(rf"^drm-{key}:\s*(\S+)", told, re.MULTILINE)
    return found[1] if found else ""


def _bytes(told: str) -> int:
    rows = _ON_CARD.findall(told)
    kind = next((kind for kind in _KINDS if any(kind == row[0] for row in rows)), None)
    return sum(int(size) * _UNITS[unit] for name, size, unit in rows if name == kind)


def _computing(kfd: Path) -> Iterator[tuple[str, int, int]]:
    """(place on the bus, process, bytes) of what AMD's driver for computing has lent."""
    cards = dict(_cards(kfd / "topology/nodes"))
    for process in _processes(kfd / "proc"):
        for number, slot in cards.items():
            size = natural(_read(process / f"vram_{number}"))
            if size is not None:
                yield slot, int(process.name), size


def _cards(nodes: Path) -> Iterator[tuple[str, str]]:
    """The driver's own number of each card and its place on the bus."""
    with suppress(OSError):
        for node in sorted(nodes.iterdir()):
            told = dict(
                line.split(maxsplit=1) for line in _read(node / "properties").splitlines() if " " in line
            )
            number, place = _read(node / "gpu_id").strip(), told.get("location_id", "")
            domain = told.get("domain", "0")
            at, of = natural(place), natural(domain)
            if number.strip("0") and at is not None and of is not None:
                bus, function = divmod(at, 256)
                yield number, f"{of:04x}:{bus:02x}:{function >> 3:02x}.{function & 7}"


def _read(path: Path) -> str:
    try:
        with path.open("rb", buffering=0) as file:
            return file.read(_LARGEST).decode(errors="replace")
    except OSError:
        return ""
