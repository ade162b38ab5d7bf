"""About what a layout takes, before it is settled: compute buffers are guessed from launches that were."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from math import inf
from typing import Final

from moefit.cost.sketch import Span, seconds_of
from moefit.cost.work import COSTS, Load
from moefit.launch.settings import Settings
from moefit.memory.ledger import ledger
from moefit.memory.memo import per_object
from moefit.model import Model
from moefit.placement.budget import Budget
from moefit.placement.types import Ledger
from moefit.search.budgets import budgets
from moefit.search.choices import Choices
from moefit.search.device_split import DeviceSplit
from moefit.search.problem import Problem, known_work
from moefit.search.settled import Settled
from moefit.values import dataclass

_FIXED: Final = 0.4
"""Of compute buffers, the part that is the same for every micro-batch: copies of experts, above all."""
_AT_LEAST: Final = 0.5
"""Of guessed buffers, what another launch may need at the least."""
_MEASURED: Final = 0.85
"""The same of a micro-batch with which a launch was measured."""
_DOUBT: Final = 1.05
"""Times as long a layout seems that fits with so small ones alone."""


class Buffers:
    """What compute buffers, guests and page tables take of devices."""

    def __init__(self) -> None:
        self._first: dict[int, int] = {}
        self._other: dict[int, int] = {}
        self._output: dict[int, int] = {}
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
            self._first[ubatch] = min(each[0], self._first.get(ubatch, each[0]))
        others = each[1:]
        if others and settled.placement.slots.count(len(each) - 1) == 1:
            self._output[ubatch] = others.pop()
        if others:
            self._other[ubatch] = max(others)

    def knows(self, ubatch: int) -> bool:
        """Whether a launch of this micro-batch was learnt whose devices held their runs."""
        return ubatch in self._sure

    def guess(self, layout: DeviceSplit) -> tuple[int, ...]:
        """Bytes of each device of a layout."""
        ubatch, devices = layout.ubatch, len(layout.order)
        first = _scaled(self._first, ubatch)
        other = _scaled(self._other, ubatch) if self._other else first // 2
        each = [first, *(other for _ in range(devices - 1))]
        if devices > 1 and self._output and layout.starts[-1] == layout.slots - 1:
            each[-1] = _scaled(self._output, ubatch)
        return tuple(each)

    def without_copies(self, ubatch: int, devices: int) -> tuple[int, ...]:
        """The same where nothing is copied: what grows with the micro-batch alone."""
        nearest = min(self._first, key=lambda one: (max(one, ubatch) / min(one, ubatch), one))
        return (int(_AT_LEAST * self._first[nearest] * ubatch / nearest),) * devices


def _scaled(known: Mapping[int, int], ubatch: int) -> int:
    """Bytes at a micro-batch, from others: on the line through the nearest two."""
    near = sorted(known, key=lambda one: (max(one, ubatch) / min(one, ubatch), one))[:2]
    if len(near) == 1 or near[0] == ubatch:
        return int(known[near[0]] * (_FIXED + (1.0 - _FIXED) * ubatch / near[0]))
    low, high = sorted(near)
    slope = max(0.0, (known[high] - known[low]) / (high - low))
    return max(0, int(known[low] + slope * (ubatch - low)))


@dataclass(frozen=True, slots=True)
class _Sums:
    """Prefix sums over slots: what stays with a slot's device, and what can be moved to the CPU."""

    kept: tuple[int, ...]
    """Bytes."""
    movable: tuple[int, ...]
    """Bytes."""
    loads: tuple[tuple[float, ...], ...]
    """Of what can be moved: the first fields of a `Load`."""
    layers: tuple[int, ...]
    """Those that have any of it."""

    def moved(self, start: int, end: int, room: int) -> tuple[Load, int] | None:
        """What does not find room in so many bytes and how many layers leave something; None where not even what is kept does.

        The first layers stay whole, of the next a part.
        """
        space = room - (self.kept[end] - self.kept[start])
        if space < 0:
            return None
        full = min(end, bisect_right(self.movable, self.movable[start] + space, start, end + 1) - 1)
        if full == end:
            return Load(), 0
        left = self.movable[start] + space - self.movable[full]
        part = left / max(1, self.movable[full + 1] - self.movable[full])
        rows = zip(self.loads[full], self.loads[full + 1], self.loads[end], strict=True)
        return Load(*(c - a - part * (b - a) for a, b, c in rows)), self.layers[end] - self.layers[full]


@per_object(4)
def _sums(model: Model, sizes: Ledger, strategy: str) -> _Sums:
    work = known_work(model)
    kept, movable, layers = [0], [0], [0]
    loads: list[tuple[float, ...]] = [(0.0,) * COSTS]
    for slot in sizes.slots:
        free = (*slot.experts, *(slot.ffn if strategy == "ffn" else ()))
        size = sum(n for _, n in free)
        costs = [work.tensors[name].costs for name, _ in free if name in work.tensors]
        kept.append(kept[-1] + slot.total - size)
        movable.append(movable[-1] + size)
        loads.append(tuple(map(sum, zip(loads[-1], *costs, strict=True))))
        layers.append(layers[-1] + bool(costs))
    return _Sums(tuple(kept), tuple(movable), tuple(loads), tuple(layers))


class Sketch:
    """Prices layouts of one problem, as many as it may."""

    def __init__(self, problem: Problem, choices: Choices, strategy: str, limit: int) -> None:
        self._problem, self._choices, self._strategy = problem, choices, strategy
        self._left = limit
        self._sizes: dict[int, tuple[tuple[Settings, ...], tuple[Budget, ...], _Sums]] = {}
        self._known: dict[DeviceSplit, float] = {}
        self.before: dict[tuple[int, ...], DeviceSplit] = {}
        """Of each order, what seemed fastest before the last launch was learnt."""
        self.buffers = Buffers()

    def learn(self, ubatch: int, settled: Settled, *, as_asked: bool = True) -> None:
        """Guess anew, with what a launch takes, whose placement is the one that was asked for or what was left of it."""
        self.buffers.learn(ubatch, settled, as_asked=as_asked)
        if self._left > len(self._known):
            fastest = sorted(self._known, key=lambda one: -self._known[one])
            self.before.update({one.order: one for one in fastest if self._known[one] < inf})
            self._known.clear()

    @property
    def known(self) -> Mapping[DeviceSplit, float]:
        """Seconds of every layout that was priced since."""
        return self._known

    def launches(self, ubatch: int) -> tuple[Settings, ...]:
        """Those of all load modes."""
        return self._of_size(ubatch)[0]

    def budgets(self, ubatch: int, order: Sequence[int]) -> tuple[Budget, ...]:
        """Of the devices of an order."""
        given = self._of_size(ubatch)[1]
        return tuple(given[i] for i in order)

    def rooms(self, layout: DeviceSplit) -> list[int]:
        """Bytes of a layout's devices beside what buffers are guessed to take."""
        given = self.budgets(layout.ubatch, layout.order)
        return [max(0, b.usable - size) for b, size in zip(given, self.buffers.guess(layout), strict=True)]

    def sums(self, ubatch: int) -> list[int]:
        """Bytes of the slots before each slot, and of all."""
        sums = self._of_size(ubatch)[2]
        return [kept + movable for kept, movable in zip(sums.kept, sums.movable, strict=True)]

    def seconds(self, layout: DeviceSplit) -> float:
        """What a layout takes, about; infinite where a run has no room for its bases, or where enough were priced."""
        if layout not in self._known:
            if self._left <= 0:
                return inf
            self._left -= 1
            self._known[layout] = self._priced(layout)
        return self._known[layout]

    def _priced(self, layout: DeviceSplit) -> float:
        """With buffers as guessed; with smaller ones where only so there is room for the bases, or for everything, as no copies then need any."""
        guess = self.buffers.guess(layout)
        spans = self._spans(layout, guess)
        if spans is None:
            part = _MEASURED if self.buffers.knows(layout.ubatch) else _AT_LEAST
            fewer = self._spans(layout, [int(part * n) for n in guess])
            return inf if fewer is None else _DOUBT * self._with(layout, fewer)
        seconds = self._with(layout, spans)
        if any(span.visits for span in spans):
            spared = self._spans(layout, self.buffers.without_copies(layout.ubatch, len(layout.order)))
            if spared is not None and not any(span.visits for span in spared):
                seconds = min(seconds, _DOUBT * self._with(layout, spared))
        return seconds

    def _with(self, layout: DeviceSplit, spans: Sequence[Span]) -> float:
        asked = self._problem.request
        devices = tuple(self._problem.devices[i] for i in layout.order)
        launch = self.launches(layout.ubatch)[-1]
        return seconds_of(
            known_work(asked.model), asked.machine, devices, launch, spans, asked.options.workload
        )

    def _spans(self, layout: DeviceSplit, taken: Sequence[int]) -> list[Span] | None:
        _, given, sums = self._of_size(layout.ubatch)
        spans = []
        ends = (*layout.starts[1:], layout.slots)
        for device, start, end, size in zip(layout.order, layout.starts, ends, taken, strict=True):
            moved = sums.moved(start, end, given[device].usable - size)
            if moved is None:
                return None
            spans.append(Span(start, end, *moved))
        return spans

    def _of_size(self, ubatch: int) -> tuple[tuple[Settings, ...], tuple[Budget, ...], _Sums]:
        if ubatch not in self._sizes:
            problem = self._problem
            launches = tuple(problem.launch(ubatch, mode) for mode in self._choices.load_modes)
            given = budgets(problem.request, problem.devices, launches[0])
            model = problem.request.model
            sums = _sums(model, ledger(model, launches[0], problem.devices), self._strategy)
            self._sizes[ubatch] = launches, given, sums
        return self._sizes[ubatch]
