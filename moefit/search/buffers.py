"""What compute buffers, guests and page tables are guessed to take of devices, from launches that were measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from moefit.machine.types import CPU
from moefit.search.device_split import DeviceSplit
from moefit.search.settled import Settled

_FIXED: Final = 0.4
"""Of compute buffers, the part that is the same for every micro-batch: copies of experts, above all."""
AT_LEAST: Final = 0.5
"""Of guessed buffers, what another launch may need at the least."""


class Buffers:
    """What compute buffers, guests and page tables take of devices."""

    def __init__(self) -> None:
        self._first: dict[int, int] = {}
        self._other: dict[int, int] = {}
        self._output: dict[int, int] = {}
        self._pipelined: dict[int, tuple[int, int]] = {}
        self._whole: dict[int, int] = {}
        self._single: dict[int, int] = {}
        self._sure: set[int] = set()

    def learn(self, ubatch: int, settled: Settled, *, as_asked: bool = True) -> None:
        """Remember what a launch takes of its first device, which has the copies, of the others at the most, and of one with the output alone.

        Where a device had no room for its run, what is copied instead takes more than the run would.
        """
        each = [
            size + budget.guests + sum(term.bytes for term in budget.reserve if term.name == "page tables")
            for size, budget in zip(settled.unsplit, settled.budgets, strict=True)
        ]
        if each:
            if as_asked:
                self._sure.add(ubatch)
            first = self._first
            if CPU not in {*settled.placement.slots, *settled.placement.overrides.values()}:
                first = self._whole
                if settled.placement.overrides:  # which end pipelining
                    self._single[ubatch] = max(each)
            first[ubatch] = min(each[0], first.get(ubatch, each[0]))
        others = each[1:]
        if others and settled.placement.slots.count(len(each) - 1) == 1:
            self._output[ubatch] = others.pop()
        if others:
            self._other[ubatch] = max(others)

    def learn_pipelined(self, ubatch: int, compute: Sequence[int]) -> None:
        """Remember what a pipelined launch takes of its first device and of the others at the most: every input is held in copies."""
        first, other = self._pipelined.get(ubatch, (compute[0], 0))
        self._pipelined[ubatch] = min(first, compute[0]), max(other, *compute[1:])

    def pipelined(self, ubatch: int, devices: int) -> tuple[int, ...] | None:
        """Bytes of each device of a pipelined launch; None where none was learnt."""
        if not self._pipelined:
            return None
        first, other = (
            _scaled({n: sizes[i] for n, sizes in self._pipelined.items()}, ubatch) for i in (0, 1)
        )
        return (first, *(other for _ in range(devices - 1)))

    def knows(self, ubatch: int) -> bool:
        """Whether a launch of this micro-batch was learnt whose devices held their runs."""
        return ubatch in self._sure

    def guess(self, layout: DeviceSplit) -> tuple[int, ...]:
        """Bytes of each device of a layout."""
        ubatch, devices = layout.ubatch, len(layout.order)
        first = _scaled(self._first or self._whole, ubatch)
        other = _scaled(self._other, ubatch) if self._other else first // 2
        each = [first, *(other for _ in range(devices - 1))]
        if devices > 1 and self._output and layout.starts[-1] == layout.slots - 1:
            each[-1] = _scaled(self._output, ubatch)
        return tuple(each)

    def without_copies(self, ubatch: int, devices: int) -> tuple[int, ...]:
        """The same where nothing is copied or pipelined: what grows with the micro-batch alone."""
        if self._single:
            return (_scaled(self._single, ubatch),) * devices
        known = self._first or self._whole
        nearest = min(known, key=lambda one: (max(one, ubatch) / min(one, ubatch), one))
        return (int(AT_LEAST * known[nearest] * ubatch / nearest),) * devices


def _scaled(known: Mapping[int, int], ubatch: int) -> int:
    """Bytes at a micro-batch, from others: on the line through the nearest two."""
    near = sorted(known, key=lambda one: (max(one, ubatch) / min(one, ubatch), one))[:2]
    if len(near) == 1 or near[0] == ubatch:
        return int(known[near[0]] * (_FIXED + (1.0 - _FIXED) * ubatch / near[0]))
    low, high = sorted(near)
    slope = max(0.0, (known[high] - known[low]) / (high - low))
    return max(0, int(known[low] + slope * (ubatch - low)))
