"""More of what a machine has, in the words that declare it: memory on its first card, one card more, RAM."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from shlex import quote
from typing import Final

from moefit.machine.catalogue import card_of_driver
from moefit.machine.declared import parse_gpus
from moefit.machine.larger_card import larger_card
from moefit.machine.overhead import context_overhead
from moefit.machine.soldered import is_soldered
from moefit.machine.types import Device, Machine
from moefit.planning.types import Help
from moefit.sizes import GIB, MIB, format_bandwidth, parse_size

MORE: Final = 8 * GIB
"""The least memory that is worth buying."""
_FIRST: Final = "rtx-3060"
"""The card of least price that is told of where there is none: 12 GB for what others of its age cost with 8."""
_NEAR: Final = GIB // 10
"""Less than that is lost in a size of one decimal."""
_SAME: Final = 0.02
"""Of a rate: what differs by less is the card's own."""
_BRAND: Final = re.compile(r"^(?:NVIDIA |AMD |GeForce |Radeon |Instinct |Intel\(R\) )*| (?:Series|Graphics)$")


def sold(size: int) -> int:
    """Bytes of memory that one can buy and that are no fewer: 8 GiB, 16, 32 and so on.

    >>> [sold(size * GIB) // GIB for size in (0, 8, 9, 33)]
    [8, 8, 16, 64]
    """
    more = MORE
    while more < size:
        more *= 2
    return more


def more_ram(machine: Machine, added: int = MORE) -> Iterator[tuple[Help, Machine]]:
    """So many bytes of RAM more: added to what was detected, or in the place of what was declared."""
    if machine.gpus and machine.gpus[0].integrated:
        return  # the device would have more too
    what, ram = f"{added // GIB} GiB more RAM", machine.ram
    if machine.host:
        words = f"--ram +{_rounded(added)}"
        more = replace(ram, total=ram.total + added, available=ram.available + added)
    else:
        size = _rounded(ram.available + added)
        words = f"--ram {size}"
        more = replace(ram, total=parse_size(size), available=parse_size(size))
    yield Help("ram", what, words), replace(machine, ram=more)


def more_gpus(machine: Machine, added: int = MORE) -> Iterator[tuple[Help, Machine]]:
    """The machine with other GPUs, as the words declare them: the first with so many bytes more, or one like it beside it.

    None where a device is left out, which may be the new one, and of a card that is soldered in.
    """
    if machine.excluded:
        return
    if not machine.gpus:
        yield (
            Help("first-card", "a GPU, such as an RTX 3060", f"--gpu {_FIRST}"),
            replace(machine, gpus=parse_gpus((_FIRST,))),
        )
        return
    if is_soldered(machine.gpus[0]):
        return
    first, *others = machine.gpus
    if first.uncapped is None and (found := _larger(first, added)) is not None:
        what, larger = found
        yield _declared("vram", what, (larger, *others), machine)
    alike = sum(gpu.description == first.description for gpu in machine.gpus)
    told = f"{'a second' if alike == 1 else 'one more'} {_short(first.description) or 'such card'}"
    yield _declared("second-card", told, (first, _second(machine, first), *others), machine)


def _larger(first: Device, added: int) -> tuple[str, Device] | None:
    """The device with so many bytes more, and what to call that: freed where others hold them, else another card; None where none is sold."""
    card, more = card_of_driver(first.description, first.total), first.free + added
    if card is None or more <= first.total:
        # its total says still which card it is
        return f"{added // GIB} GiB more on {first.name}", replace(first, free=more)
    found = larger_card(card, more)
    if found is None:
        return None
    own, device = card.device(first.name), found.device(first.name)
    link = device.link_bandwidth if first.link_bandwidth == own.link_bandwidth else first.link_bandwidth
    overhead = device.overhead if first.is_seen or first.overhead == own.overhead else first.overhead
    larger = replace(device, buffer=first.buffer, link_bandwidth=link, overhead=overhead)
    return f"a larger card, {_short(found.description)}", larger


def _short(description: str) -> str:
    return _BRAND.sub("", description)


def _declared(kind: str, what: str, gpus: Sequence[Device], machine: Machine) -> tuple[Help, Machine]:
    """What the words declare, a --budget of the line included."""
    specs = tuple(_specs(gpus))
    caps = {gpu.name: gpu.free for gpu in machine.gpus if gpu.uncapped is not None}
    there = tuple(_capped(gpu, caps.get(gpu.name, gpu.free)) for gpu in parse_gpus(specs))
    words = " ".join(f"--gpu {quote(spec)}" for spec in specs)
    return Help(kind, what, words), replace(machine, gpus=there)


def _capped(gpu: Device, cap: int) -> Device:
    return replace(gpu, free=cap, uncapped=gpu.free) if cap < gpu.free else gpu


def _specs(gpus: Sequence[Device]) -> Iterator[str]:
    """What declares these GPUs, those of one kind that follow each other as one: `2xrtx-3060`, `rtx-3090`."""
    for spec, run in groupby(map(_spec, gpus)):
        count = len(list(run))
        yield f"{count}x{spec}" if count > 1 else spec


def _spec(gpu: Device) -> str:
    """The card's key, and what is otherwise than its own; of a device that is no card what is known of it."""
    card = card_of_driver(gpu.description, gpu.total)
    own = card.device(gpu.name) if card is not None else None
    backend = card.backend if card is not None else "CUDA"
    named = [] if gpu.backend.name == backend else [f"name={gpu.name}"]
    if gpu.buffer not in {"", gpu.name}:
        named.append(f"buffer={gpu.buffer}")
    key = [card.key] if card is not None else []
    free = [] if own is not None and abs(gpu.free - own.total) < _NEAR else [f"free={_rounded(gpu.free)}"]
    return ",".join((*key, *named, *free, *_rates(gpu, own), *_overhead(gpu, own)))


def _overhead(gpu: Device, own: Device | None) -> Iterator[str]:
    """What the driver takes, where somebody said how much: a declared device's that is not what would be taken."""
    usual = own.overhead if own is not None else context_overhead(gpu.name)
    if not gpu.is_seen and gpu.overhead != usual:
        yield f"overhead={gpu.overhead / MIB:g}MiB"


def _rates(gpu: Device, own: Device | None) -> Iterator[str]:
    """What the device reads and its link carries, where a card would be taken to have others."""
    for key, name in (("bandwidth", "bandwidth"), ("link", "link_bandwidth")):
        rate, usual = getattr(gpu, name), getattr(own, name, None)
        if rate and (not usual or abs(rate - usual) > _SAME * usual):
            yield f"{key}={format_bandwidth(rate).replace(' ', '')}"


def _second(machine: Machine, first: Device) -> Device:
    """A card like the first, all its memory free."""
    backend = first.name.rstrip("0123456789")
    taken = {gpu.name for gpu in machine.gpus}
    name = next(f"{backend}{i}" for i in range(len(taken) + 1) if f"{backend}{i}" not in taken)
    return replace(first, name=name, buffer="", uuid="", free=max(first.free, first.total), uncapped=None)


def _rounded(size: int) -> str:
    return f"{size / GIB:.1f}GiB".replace(".0GiB", "GiB")
