"""Which devices, in which order, and where each one's run of slots starts; and what is one step from that."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from moefit.machine.types import CPU
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class DeviceSplit:
    """What `-dev`, `-ngl`, `-ts` and `-ub` say."""

    order: tuple[int, ...]
    """Indices of the problem's devices."""
    starts: tuple[int, ...]
    """The first slot of each; what is before the first is the CPU's."""
    slots: int
    """Of the model, the output included."""
    ubatch: int

    @property
    def counts(self) -> tuple[int, ...]:
        """Slots of each device."""
        return tuple(b - a for a, b in itertools.pairwise((*self.starts, self.slots)))

    @property
    def runs(self) -> tuple[int, ...]:
        """The place of each slot, in terms of the order."""
        parts = ((place,) * count for place, count in enumerate(self.counts))
        return (*((CPU,) * self.starts[0]), *itertools.chain.from_iterable(parts))

    def moved(self, place: int, by: int) -> DeviceSplit | None:
        """With the start of one device's run moved by so many slots; None where a run would be empty."""
        starts = list(self.starts)
        starts[place] += by
        if starts[0] < 0 or any(a >= b for a, b in itertools.pairwise((*starts, self.slots))):
            return None
        return DeviceSplit(self.order, tuple(starts), self.slots, self.ubatch)


def swapped(layout: DeviceSplit) -> Iterator[DeviceSplit]:
    """Two devices change places: the cuts stay, or each device keeps as many slots."""
    order, counts = layout.order, layout.counts
    for a, b in itertools.combinations(range(len(order)), 2):
        others, sizes = list(order), list(counts)
        others[a], others[b] = order[b], order[a]
        sizes[a], sizes[b] = counts[b], counts[a]
        kept = itertools.accumulate(sizes[:-1], initial=layout.starts[0])
        yield replace(layout, order=tuple(others))
        yield replace(layout, order=tuple(others), starts=tuple(kept))


def led(layout: DeviceSplit) -> Iterator[DeviceSplit]:
    """Another device first, which has the copies, or last, which has the output; each keeps as many slots."""
    held = list(zip(layout.order, layout.counts, strict=True))
    for i, one in enumerate(held):
        others = [*held[:i], *held[i + 1 :]]
        for moved in ([one, *others], [*others, one]):
            sizes = [count for _, count in moved[:-1]]
            starts = itertools.accumulate(sizes, initial=layout.starts[0])
            yield replace(layout, order=tuple(device for device, _ in moved), starts=tuple(starts))


def removed(layout: DeviceSplit) -> Iterator[DeviceSplit]:
    """One device less: a neighbour takes its slots."""
    order, starts = layout.order, layout.starts
    for i in range(len(order)) if len(order) > 1 else ():
        rest = (*order[:i], *order[i + 1 :])
        if i:
            yield replace(layout, order=rest, starts=(*starts[:i], *starts[i + 1 :]))
        if i + 1 < len(order):
            yield replace(layout, order=rest, starts=(*starts[: i + 1], *starts[i + 2 :]))


def added(layout: DeviceSplit, devices: int) -> Iterator[DeviceSplit]:
    """One device more, of so many, with one slot of a neighbour's or half of them."""
    order, starts = layout.order, layout.starts
    for new in sorted(set(range(devices)) - set(order)):
        for i, count in enumerate(layout.counts):
            for some in sorted({1, count // 2}) if count > 1 else ():
                for cut, before in ((starts[i] + some, i), (starts[i] + count - some, i + 1)):
                    grown = (*order[:before], new, *order[before:])
                    yield replace(layout, order=grown, starts=(*starts[: i + 1], cut, *starts[i + 1 :]))


def replaced(layout: DeviceSplit, devices: int) -> Iterator[DeviceSplit]:
    """Another device, of so many, in the place of each."""
    for place, new in itertools.product(
        range(len(layout.order)), sorted(set(range(devices)) - set(layout.order))
    ):
        yield replace(layout, order=(*layout.order[:place], new, *layout.order[place + 1 :]))


def folded(layout: DeviceSplit, alike: Sequence[int]) -> DeviceSplit:
    """The layout with the first of devices that are alike first; `alike` has for each the first that is like it."""
    left = {kind: [i for i, other in enumerate(alike) if other == kind] for kind in set(alike)}
    return replace(layout, order=tuple(left[alike[i]].pop(0) for i in layout.order))


def in_full(rooms: Sequence[int], slow: Collection[int], size: int) -> list[int]:
    """Rooms in proportion to which `slow` ones get no more slots than they hold in full, and the others the rest of so many bytes."""
    full = sum(rooms[i] for i in slow)
    rest = max(1, sum(rooms) - full)
    return [room if i in slow else room * max(0, size - full) // rest for i, room in enumerate(rooms)]


def on_others(layout: DeviceSplit, order: tuple[int, ...], ubatch: int) -> DeviceSplit:
    """The layout's slots on other devices, as many on each."""
    first, slots = layout.starts[0], layout.slots
    starts = tuple(first + (slots - first) * place // len(order) for place in range(len(order)))
    return DeviceSplit(order, starts, slots, ubatch)


def in_proportion(layout: DeviceSplit, rooms: Sequence[int], sums: Sequence[int]) -> DeviceSplit:
    """The layout with runs as large as rooms are, each of a slot at least; `sums` are the bytes of the slots before each slot, and of all."""
    first, slots = layout.starts[0], layout.slots
    all_of_them, held = sums[slots] - sums[first], itertools.accumulate(rooms)
    wanted = [sums[first] + all_of_them * end / max(1, sum(rooms)) for end in held]
    starts = [first, *(_nearest(sums, end) for end in wanted[:-1])]
    for i in range(1, len(starts)):
        starts[i] = max(starts[i], starts[i - 1] + 1)
    for i in reversed(range(1, len(starts))):
        starts[i] = min(starts[i], slots - (len(starts) - i))
    return replace(layout, starts=tuple(starts))


def _nearest(sums: Sequence[int], wanted: float) -> int:
    at = bisect_left(sums, wanted)
    return at - 1 if at and wanted - sums[at - 1] < sums[at] - wanted else at
