"""About what a layout takes, before it is settled: compute buffers are guessed from launches that were."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf
from operator import add
from typing import Final

from moefit.cost.run import Known
from moefit.cost.sketch import Span, seconds_of, span
from moefit.cost.token_load import COSTS, Load
from moefit.launch.settings import Settings
from moefit.machine.types import CPU
from moefit.memory.footprint import footprint
from moefit.memory.ledger import ledger
from moefit.memory.memo import per_object
from moefit.memory.pipelining import pipelines
from moefit.model import Model
from moefit.placement.budget import Budget
from moefit.placement.types import Ledger
from moefit.search.budgets import budgets
from moefit.search.buffers import AT_LEAST, Buffers
from moefit.search.choices import Choices
from moefit.search.device_split import DeviceSplit
from moefit.search.problem import Problem, known_work
from moefit.search.settled import Settled
from moefit.values import dataclass

_MEASURED: Final = 0.85
"""Of guessed buffers, what another launch may need at the least, of a micro-batch with which one was measured."""
_PIPELINED: Final = 0.8
"""The same of a pipelined one: its devices differ in what they compute."""
_ANEW: Final = 0.1
"""Of what may still be priced, what is priced anew where not everything can be."""
_LIKE: Final = 0.5
"""Of what a layout takes longer than it seemed, the part that others do."""
_DOUBT: Final = 1.05
"""Times as long a layout seems that fits with so small ones alone."""


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


def _is_whole(spans: Sequence[Span]) -> bool:
    """Whether all is on devices."""
    return not any(span.visits for span in spans)


class Sketch:
    """Prices layouts of one problem, as many as it may."""

    def __init__(self, problem: Problem, choices: Choices, strategy: str, limit: int) -> None:
        self._problem, self._choices, self._strategy = problem, choices, strategy
        self._work = known_work(problem.request.model)
        self._left = limit
        self._sizes: dict[int, tuple[tuple[Settings, ...], tuple[Budget, ...], _Sums]] = {}
        self._known: dict[DeviceSplit, tuple[bool, float]] = {}
        self._seconds: dict[tuple[DeviceSplit, tuple[int, ...], bool], float] = {}
        self._slower: dict[bool, float] = {}
        self._totals: dict[int, list[int]] = {}
        self._rooms: dict[int, list[int]] = {}
        self._runs: dict[tuple[int, int, int, int, int], Span | None] = {}
        """Of a micro-batch, a device and a run of slots beside so many bytes: many layouts share them."""
        self._worked_out: dict[int, Known] = {}
        """Of each micro-batch's runs."""
        self.before: dict[tuple[int, ...], DeviceSplit] = {}
        """Of each order, what seemed fastest before the last launch was learnt."""
        self.buffers = Buffers()

    def learn(self, ubatch: int, settled: Settled, *, as_asked: bool = True) -> None:
        """Guess anew, with what a launch takes, whose placement is the one that was asked for or what was left of it."""
        self.buffers.learn(ubatch, settled, as_asked=as_asked)
        self._learn_pipelined(ubatch, settled)
        known = self.known
        fastest = sorted(known, key=lambda one: known[one])
        self.before.update({one.order: one for one in reversed(fastest) if known[one] < inf})
        if self._left > len(known):
            self._known.clear()
            return
        for layout in fastest[: int(_ANEW * self._left)]:
            self._left -= 1
            self._known[layout] = self._priced(layout)

    def _learn_pipelined(self, ubatch: int, settled: Settled) -> None:
        """What pipelining takes where everything is on devices: of a launch without it what it would take, as that is why it has none."""
        launch, devices = self.launches(ubatch)[0], settled.devices
        placement = settled.placement
        bare = replace(placement, overrides={})
        if CPU not in placement.overrides.values() and pipelines(devices, launch, bare):
            model = self._problem.request.model
            used = footprint(model, devices, launch, bare) if placement.overrides else settled.footprint
            self.buffers.learn_pipelined(ubatch, [use.compute for use in used.devices])

    @property
    def known(self) -> Mapping[DeviceSplit, float]:
        """Seconds of every layout that was priced since."""
        return {layout: seconds for layout, (_, seconds) in self._known.items()}

    def launches(self, ubatch: int) -> tuple[Settings, ...]:
        """Those of all load modes."""
        return self._of_size(ubatch)[0]

    def budgets(self, ubatch: int, order: Sequence[int]) -> tuple[Budget, ...]:
        """Of the devices of an order."""
        given = self._of_size(ubatch)[1]
        return tuple(given[i] for i in order)

    def rooms(self, layout: DeviceSplit) -> list[int]:
        """Bytes of a layout's devices beside what buffers are guessed to take."""
        usable = self._usable(layout.ubatch)
        taken = zip(layout.order, self.buffers.guess(layout), strict=True)
        return [max(0, usable[device] - size) for device, size in taken]

    def sums(self, ubatch: int) -> list[int]:
        """Bytes of the slots before each slot, and of all."""
        if ubatch not in self._totals:
            sums = self._of_size(ubatch)[2]
            self._totals[ubatch] = list(map(add, sums.kept, sums.movable))
        return self._totals[ubatch]

    def _usable(self, ubatch: int) -> list[int]:
        """Bytes that a launch may use of each device."""
        if ubatch not in self._rooms:
            self._rooms[ubatch] = [budget.usable for budget in self._of_size(ubatch)[1]]
        return self._rooms[ubatch]

    def seconds(self, layout: DeviceSplit) -> float:
        """What a layout takes, about; infinite where a run has no room for its bases, or where enough were priced."""
        if layout not in self._known:
            if self._left <= 0:
                return inf
            self._left -= 1
            self._known[layout] = self._priced(layout)
        return self._known[layout][1]

    def likely(self, layout: DeviceSplit) -> float:
        """The same as launches like it took."""
        whole, seconds = self._known[layout]
        return self._slower.get(whole, 1.0) * seconds

    def took(self, layout: DeviceSplit, seconds: float) -> None:
        """What a layout takes: where that is longer than it seemed, others that have all on devices, or have not, are likely to by half of it."""
        whole, seemed = self._known.get(layout) or self._priced(layout)
        if seemed < seconds < inf:
            self._slower[whole] = 1.0 + _LIKE * (seconds / seemed - 1.0)

    def _priced(self, layout: DeviceSplit) -> tuple[bool, float]:
        """Whether all is on devices, and the seconds with buffers as guessed; with smaller ones where only so there is room for the bases, or for everything, as no copies then need any."""
        guess = self.buffers.guess(layout)
        spans = self._spans(layout, guess)
        if spans is None:
            part = _MEASURED if self.buffers.knows(layout.ubatch) else AT_LEAST
            less = tuple(int(part * n) for n in guess)
            fewer = self._spans(layout, less)
            return False, inf if fewer is None else _DOUBT * self._with(layout, less, fewer)
        pipelined = self._is_pipelined(layout)
        seconds = self._with(layout, guess, spans, pipelined=pipelined)
        if _is_whole(spans):
            return True, seconds
        least = self.buffers.without_copies(layout.ubatch, len(layout.order))
        spared = self._spans(layout, least)
        if spared is None or not _is_whole(spared):
            return False, seconds
        alike = _DOUBT * self._with(layout, least, spared, pipelined=pipelined)
        return alike < seconds, min(alike, seconds)

    def _is_pipelined(self, layout: DeviceSplit) -> bool:
        """Whether a layout that is all on devices has room for the copies of pipelining, as far as is known."""
        guess = self.buffers.pipelined(layout.ubatch, len(layout.order))
        spans = () if guess is None else self._spans(layout, [int(_PIPELINED * size) for size in guess])
        return spans is not None and _is_whole(spans)

    def _with(
        self, layout: DeviceSplit, taken: tuple[int, ...], spans: Sequence[Span], *, pipelined: bool = True
    ) -> float:
        """Seconds of a layout beside buffers of so many bytes; most launches that are learnt change the guess of few."""
        key = layout, taken, pipelined
        if key not in self._seconds:
            self._seconds[key] = self._of_spans(layout, spans, pipelined=pipelined)
        return self._seconds[key]

    def _of_spans(self, layout: DeviceSplit, spans: Sequence[Span], *, pipelined: bool) -> float:
        asked = self._problem.request
        devices = tuple(self._problem.devices[i] for i in layout.order)
        launch = self.launches(layout.ubatch)[-1]
        return seconds_of(
            self._work,
            asked.machine,
            devices,
            launch,
            spans,
            asked.options.workload,
            pipelined=pipelined,
            known=self._worked_out.setdefault(layout.ubatch, {}),
        )

    def _spans(self, layout: DeviceSplit, taken: Sequence[int]) -> list[Span] | None:
        ubatch, known = layout.ubatch, self._runs
        spans = []
        ends = (*layout.starts[1:], layout.slots)
        for one in zip(layout.order, layout.starts, ends, taken, strict=True):
            key = (ubatch, *one)
            if key not in known:
                known[key] = self._span(*key)
            run = known[key]
            if run is None:
                return None
            spans.append(run)
        return spans

    def _span(self, ubatch: int, device: int, start: int, end: int, taken: int) -> Span | None:
        """A device's run; None where the bases have no room."""
        sums = self._of_size(ubatch)[2]
        moved = sums.moved(start, end, self._usable(ubatch)[device] - taken)
        return None if moved is None else span(self._work, start, end, *moved)

    def _of_size(self, ubatch: int) -> tuple[tuple[Settings, ...], tuple[Budget, ...], _Sums]:
        if ubatch not in self._sizes:
            problem = self._problem
            launches = tuple(problem.launch(ubatch, mode) for mode in self._choices.load_modes)
            given = budgets(problem.request, problem.devices, launches[0])
            model = problem.request.model
            sums = _sums(model, ledger(model, launches[0], problem.devices), self._strategy)
            self._sizes[ubatch] = launches, given, sums
        return self._sizes[ubatch]
