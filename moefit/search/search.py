"""The search: strategy x micro-batch x devices x load mode, each with its own compute buffers, scored by predicted time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from math import inf

from moefit.cost import Prediction
from moefit.launch.settings import Settings
from moefit.machine.types import CPU, Device, Ram
from moefit.memory.host import PROCESS, residence
from moefit.model import Model
from moefit.placement.arrange import Demand, end_only, strategies
from moefit.placement.budget import Budget
from moefit.placement.types import Placement
from moefit.search.caches import shrink
from moefit.search.settle import Settled, optimist, settle
from moefit.search.unified import drawn_from_ram
from moefit.values import dataclass

_MIB = 1 << 20
_CERTAIN = 0.85
"""Of the compute buffers that one launch had on some devices, what another on the same devices needs at the least."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What is open. The first of each is what llama.cpp would do by itself."""

    strategies: tuple[str, ...]
    ubatches: tuple[int, ...]
    load_modes: tuple[str, ...]
    orders: tuple[tuple[int, ...], ...]
    """Device indices: which devices, in which order."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to launch, scored."""

    strategy: str
    settings: Settings
    settled: Settled
    prediction: Prediction
    ram_shortfall: int
    """Bytes of RAM that are missing; 0 if it fits."""

    @property
    def fits(self) -> bool:
        """Whether devices and RAM hold it."""
        return self.shortfall == 0

    @property
    def shortfall(self) -> int:
        """Bytes that are missing."""
        return self.settled.shortfall + self.ram_shortfall


Launch = Callable[[int, str], Settings]
"""The settings for a micro-batch and a load mode, as llama.cpp will cap them."""
Money = Callable[[Settings], tuple[Budget, ...]]
"""The budgets of all devices for a launch: the reserve grows with the micro-batch."""
Predict = Callable[[Settings, tuple[Device, ...], Placement], Prediction]


@dataclass(frozen=True, slots=True)
class Problem:
    """Everything that stays the same between candidates."""

    model: Model
    devices: tuple[Device, ...]
    budgets: Money
    ram: Ram
    demand: Demand
    launch: Launch
    predict: Predict
    cache_is_open: bool = False
    """The user has not set --cache-ram: it may shrink to what RAM is left."""
    checkpoints_are_open: bool = False
    """The same of -ctxcp."""
    may_page: bool = False
    """The user's own line maps the file: weights beyond RAM are read from disk again and again."""
    pin_limit: int | None = None
    """Bytes that may be page-locked, where that is known and the load mode is open."""
    guests: int = 0
    """Bytes of RAM that the line's other files take."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A combination that is not placed yet."""

    rank: int
    """Where it stands in the order of the choices; the earlier of equals is taken."""
    strategy: str
    ubatch: int
    devices: tuple[Device, ...]
    budgets: tuple[Budget, ...]
    bound: float
    """Seconds it would take if compute buffers took no memory: it cannot be faster."""
    idle: float
    """Seconds with nothing on the devices, which then only help with large batches."""
    whole: bool = False
    """All that is free to move might be on the devices: then no weights are copied there, and buffers can be far smaller than others'."""
    only: int | None = None
    """So many slots from the end are placed on the first device, although there may be room for more: a slow device can cost a token
    more than it saves, and a first layer needs buffers that the output alone does not."""


def search(problem: Problem, choices: Choices, *, thorough: bool) -> tuple[Candidate, ...]:
    """Candidates in the order of the choices, the fastest that fits among them.

    The most promising are placed first. Those that cannot be faster than what was found are left out, unless the search is
    `thorough` and they are for all devices as they stand: the answer is the same, the list of the others is longer. The load mode moves no tensor between devices, so one placement
    serves all load modes.
    """
    seen: set[object] = set()
    found: list[tuple[int, Candidate]] = []
    fastest = inf
    floor = _Floor()
    for opening in _promising(problem, choices):
        if opening.bound > fastest and not thorough:
            break
        if opening.bound > fastest and opening.only is not None:
            continue
        listed = thorough and _is_listed(opening, problem)
        if not listed and max(opening.bound, _hope(problem, choices, opening, floor.of(opening))) > fastest:
            continue
        settled = _placed(problem, choices, opening)
        floor.learn(opening.ubatch, settled)
        if (opening.ubatch, settled.key) in seen:
            continue
        seen.add((opening.ubatch, settled.key))
        for mode in choices.load_modes:
            candidate = score(problem, opening.strategy, problem.launch(opening.ubatch, mode), settled)
            found.append((opening.rank, candidate))
            if candidate.fits:
                fastest = min(fastest, candidate.prediction.seconds)
    found.sort(key=lambda pair: pair[0])
    return tuple(candidate for _, candidate in found)


def _is_listed(opening: Opening, problem: Problem) -> bool:
    """Whether a reader expects to see it, although it cannot win."""
    return opening.devices == problem.devices


class _Floor:
    """What compute buffers take at least, from launches that were placed before on the same devices."""

    def __init__(self) -> None:
        self._known: dict[frozenset[str], tuple[int, dict[str, int]]] = {}

    def learn(self, ubatch: int, settled: Settled) -> None:
        """Remember the first launch on these devices: it was the most promising."""
        uses = zip(settled.devices, settled.footprint.devices, strict=True)
        compute = {device.name: use.compute for device, use in uses}
        self._known.setdefault(frozenset(compute), (ubatch, compute))

    def of(self, opening: Opening) -> tuple[int, ...]:
        """Bytes of each device of an opening; nothing where no launch was placed on these devices.

        In proportion to the micro-batch where that is smaller, less a part for what another order changes.
        """
        names = [device.name for device in opening.devices]
        if not names or frozenset(names) not in self._known:
            return ()
        ubatch, compute = self._known[frozenset(names)]
        share = _CERTAIN * min(1.0, opening.ubatch / ubatch)
        return tuple(int(compute[name] * share) for name in names)


def _hope(problem: Problem, choices: Choices, opening: Opening, least: Sequence[int]) -> float:
    """The opening's bound with compute buffers of at least so many bytes."""
    if not least or opening.whole or opening.idle <= opening.bound:
        return opening.bound
    launches = [problem.launch(opening.ubatch, mode) for mode in choices.load_modes]
    strategy = strategies(problem.demand)[opening.strategy]
    task = (problem.model, opening.devices, opening.budgets, launches[0], strategy, problem.demand)
    used, placement = optimist(*task, least)
    return min(opening.idle, *(problem.predict(launch, used, placement).seconds for launch in launches))


def candidates(problem: Problem, choices: Choices) -> Iterator[Candidate]:
    """Candidates one by one, the most promising first."""
    for opening in _promising(problem, choices):
        settled = _placed(problem, choices, opening)
        for mode in choices.load_modes:
            yield score(problem, opening.strategy, problem.launch(opening.ubatch, mode), settled)


def _placed(problem: Problem, choices: Choices, opening: Opening) -> Settled:
    sized = problem.launch(opening.ubatch, choices.load_modes[0])
    known = strategies(problem.demand)
    strategy = known[opening.strategy] if opening.only is None else partial(end_only, opening.only)
    return settle(problem.model, opening.devices, opening.budgets, sized, strategy, problem.demand)


def _promising(problem: Problem, choices: Choices) -> list[Opening]:
    return sorted(_openings(problem, choices), key=lambda opening: (opening.bound, opening.rank))


def _openings(problem: Problem, choices: Choices) -> Iterator[Opening]:
    """Every combination, in the order of the choices.

    A larger micro-batch leaves no more room, so the placement at the smallest one without compute buffers bounds them all; or
    nothing on the devices at all, where the ways to them cost more than they save, which is a combination of its own.
    """
    known = strategies(problem.demand)
    launches = {u: [problem.launch(u, mode) for mode in choices.load_modes] for u in choices.ubatches}
    money = {
        u: problem.budgets(launches[u][-1]) for u in choices.ubatches
    }  # the last mode pins, and so keeps most
    least = min(choices.ubatches)
    ranks = itertools.count()
    ends = [
        Placement((CPU,) * (problem.model.slots - n) + (0,) * n, problem.demand.fixed)
        for n in _ends(problem.demand)
    ]
    nothing = Placement((CPU,) * problem.model.slots, problem.demand.fixed)
    idle: dict[tuple[tuple[Device, ...], int], float] = {}
    for order in choices.orders:
        devices = tuple(problem.devices[i] for i in order)
        budgets = {u: tuple(money[u][i] for i in order) for u in choices.ubatches}
        task = (problem.model, devices, budgets[least], launches[least][0])
        if order:
            hopes = {name: optimist(*task, known[name], problem.demand) for name in choices.strategies}
        else:  # without devices all strategies are one
            hopes = {choices.strategies[0]: (devices, nothing)}
        for u in choices.ubatches:
            helper = devices[:1], u
            is_new = helper not in idle
            if is_new:  # it is the first device that helps, whatever the others are
                idle[helper] = min(
                    problem.predict(launch, devices, nothing).seconds for launch in launches[u]
                )
            without = idle[helper]
            for name, hope in hopes.items():
                bound = min(problem.predict(launch, *hope).seconds for launch in launches[u])
                whole = bool(order) and _is_whole(hope[1], problem.demand)
                yield Opening(next(ranks), name, u, devices, budgets[u], min(bound, without), without, whole)
            if is_new and devices:
                for only, end in enumerate(ends):
                    bound = min(problem.predict(launch, devices[:1], end).seconds for launch in launches[u])
                    name = choices.strategies[0]
                    yield Opening(next(ranks), name, u, devices[:1], budgets[u][:1], bound, bound, only=only)


def _is_whole(placement: Placement, demand: Demand) -> bool:
    moved = (name for name, device in placement.overrides.items() if device == CPU)
    return CPU not in placement.slots and all(name in demand.fixed for name in moved)


def _ends(demand: Demand) -> range:
    """How many slots from the end are worth a try alone: none, or the output."""
    if demand.runs is not None or demand.ordered or any(device != CPU for device in demand.fixed.values()):
        return range(0)
    return range(2 if demand.tail is None else 1 if demand.tail == 0 else 0)


def score(problem: Problem, strategy: str, settings: Settings, settled: Settled) -> Candidate:
    """A settled placement as a candidate."""
    host = settled.footprint.host
    drawn = drawn_from_ram(settled, problem.ram)
    beyond = host.total + problem.guests + drawn - problem.ram.available
    if beyond + PROCESS > 0:
        opened = {"prompts": problem.cache_is_open, "checkpoints": problem.checkpoints_are_open}
        settings, less = shrink(problem.model, settings, host, beyond + PROCESS, **opened)
        beyond -= host.cache - less.cache
        host, settled = less, replace(settled, footprint=replace(settled.footprint, host=less))
    missing = max(0, beyond)
    if problem.may_page:
        missing = max(0, missing - host.loaded)
    if problem.pin_limit is not None:
        missing = max(missing, residence(host, settings, settled.devices).pinned - problem.pin_limit)
    prediction = problem.predict(settings, settled.devices, settled.placement)
    return Candidate(strategy, settings, settled, prediction, missing)


def best(found: Sequence[Candidate]) -> Candidate:
    """The fastest that fits, the earlier one of equals; or the one that lacks least."""
    fitting = [c for c in found if c.fits]
    if fitting:
        return min(fitting, key=lambda c: c.prediction.seconds)
    return min(found, key=lambda c: c.shortfall)
