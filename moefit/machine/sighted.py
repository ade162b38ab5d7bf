"""The devices in sight of a program: its own list decides names, order and kinds; what the drivers tell is added to it.

source: src/llama.cpp, llama_prepare_model_devices: a card that a second backend shows too is used once, by the first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from moefit.errors import UsageError
from moefit.machine.backends import backend_of
from moefit.machine.makers import maker_of
from moefit.machine.overhead import context_overhead
from moefit.machine.types import Device
from moefit.values import dataclass

if TYPE_CHECKING:
    from moefit.machine.sysfs import Adapter
    from moefit.machine.types import Machine

_SAME: Final = 0.12
"""Share by which two drivers differ in what they call a card's memory: heaps of Vulkan are whole, CUDA keeps some back."""
_NOISE: Final = re.compile(
    r"\((?:r|tm)\)|\([^()]*\)|\b(?:nvidia|geforce|amd|radeon|intel|graphics|corporation)\b|[^a-z0-9]"
)


@dataclass(frozen=True, slots=True)
class Sighted:
    """What a program sees."""

    devices: tuple[Device, ...]
    """Each card once, in the program's order."""
    duplicates: tuple[tuple[str, str], ...]
    """Further names of cards: (Vulkan0, CUDA0)."""
    unlisted: tuple[Device, ...]
    """Devices that a driver knows and the program does not list."""
    unmatched: bool
    """The program lists a device of this host that the drivers do not tell of."""


def sight(listed: Sequence[Device], known: Sequence[Device], cards: Sequence[Adapter] = ()) -> Sighted:
    """The devices that a program lists, each with what is known of it.

    Args:
        listed: as the program prints them.
        known: NVML's, as CUDA orders them.
        cards: the GPUs on this host's bus, where they were looked at.
    """
    rest = list(known)
    found, unmatched = [], False
    kept, duplicates = fold(listed, cards)
    for device in kept:
        match = next((one for one in rest if is_same(device, one)), None)
        if match is None:
            unmatched = unmatched or not is_remote(device)
            found.append(device)
        else:
            rest.remove(match)
            found.append(_joined(device, match))
    return Sighted(tuple(found), duplicates, tuple(rest), unmatched)


def fold(
    listed: Sequence[Device], cards: Sequence[Adapter] = ()
) -> tuple[tuple[Device, ...], tuple[tuple[str, str], ...]]:
    """The devices without those that are another backend's view of an earlier one, and which those are.

    The program does not print where a card is; its name and size tell it, and of several alike the first is the first. Where a backend calls
    a card something else, the bus tells it: if it has no more cards of that maker than an earlier backend lists, there is no other.
    """
    kept: list[Device] = []
    duplicates: list[tuple[str, str]] = []
    for number, device in enumerate(listed):
        backend = device.backend.name
        twins = [one for one in kept if one.backend.name != backend and is_same(device, one)]
        place = sum(one.backend.name == backend and is_same(device, one) for one in listed[:number])
        twin = twins[place] if len(twins) > place else _counted(device, kept, duplicates, cards)
        if is_remote(device) or twin is None:
            kept.append(device)
        else:
            duplicates.append((device.name, twin.name))
    return tuple(kept), tuple(duplicates)


def by_names(machine: Machine, names: Sequence[str]) -> Machine:
    """The machine with cards under the backends' names that a line calls them by: it may want Vulkan1 of a card that is CUDA0 too.

    Raises:
        UsageError: it calls one card by two names, whose memory would count twice.
    """
    wanted = {name.lower() for name in names}
    for other, first in machine.duplicates:
        if other.lower() not in wanted:
            continue
        if first.lower() in wanted:
            raise UsageError(f"{other} and {first} are one card", "name one of them")
        gpus = tuple(_renamed(gpu, other) if gpu.name == first else gpu for gpu in machine.gpus)
        rest = (pair for pair in machine.duplicates if pair != (other, first))
        machine = replace(machine, gpus=gpus, duplicates=(*rest, (first, other)))
    return machine


def _renamed(gpu: Device, name: str) -> Device:
    """A card as another backend has it."""
    overhead = 0 if not gpu.overhead else context_overhead(name)
    return replace(gpu, name=name, buffer="", overhead=overhead)


def _counted(
    device: Device, kept: Sequence[Device], duplicates: Sequence[tuple[str, str]], cards: Sequence[Adapter]
) -> Device | None:
    """Which of the devices that an earlier backend lists a device must be, as the bus has no other of its maker; None where it may have."""
    maker = maker_of(device.description)
    count = sum(card.vendor == maker and card.integrated == device.integrated for card in cards)
    taken = {twin for name, twin in duplicates if backend_of(name) == device.backend}
    alike = [
        one
        for one in kept
        if maker_of(one.description) == maker and one.integrated == device.integrated and not is_remote(one)
    ]
    for backend in dict.fromkeys(one.backend.name for one in alike if one.backend != device.backend):
        theirs = [one for one in alike if one.backend.name == backend]
        free = [one for one in theirs if one.name not in taken]
        if len(theirs) == count and free:
            return min(free, key=lambda one: abs(one.total - device.total))
    return None


def is_same(one: Device, other: Device) -> bool:
    """Whether two names may be of one card: what it is called, and about as much memory."""
    if is_remote(one) or is_remote(other):
        return False
    names = sorted((short_name(one.description), short_name(other.description)), key=len)
    alike = names[0] == names[1] or (names[0].endswith("mig") and names[1].startswith(names[0]))
    shares = one.integrated or other.integrated
    return (
        alike
        and bool(names[0])
        and (shares or abs(one.total - other.total) <= _SAME * max(one.total, other.total))
    )


def short_name(description: str) -> str:
    """A card's name without what drivers add to it.

    >>> short_name("NVIDIA GeForce RTX 3060"), short_name("AMD Radeon RX 7900 XTX (RADV NAVI31)")
    ('rtx3060', 'rx7900xtx')
    """
    return _NOISE.sub("", description.lower())


def is_remote(device: Device) -> bool:
    """Whether it is another machine's."""
    return device.backend.name == "RPC"


def _joined(listed: Device, known: Device) -> Device:
    """The driver's figures under the program's name: they are of this moment, and the same whether the list was kept or not."""
    overhead = known.overhead if listed.backend == known.backend else context_overhead(listed.name)
    return replace(
        known,
        name=listed.name,
        buffer=listed.buffer,
        overhead=overhead,
        integrated=known.integrated or listed.integrated,
    )
