"""The search: strategy x micro-batch x devices x load mode, each with its own compute buffers, scored by predicted time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from moefit.cost import Prediction
from moefit.launch.settings import Settings
from moefit.machine.types import Device, Ram
from moefit.model import Model
from moefit.placement.arrange import Demand, strategies
from moefit.placement.budget import Budget
from moefit.placement.settle import Settled, settle

_MIB = 1 << 20


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
Predict = Callable[[Settings, Settled], Prediction]


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
    may_page: bool = False
    """The user's own line maps the file: weights beyond RAM are read from disk again and again."""
    guests: int = 0
    """Bytes of RAM that the line's other files take."""


def candidates(problem: Problem, choices: Choices) -> Iterator[Candidate]:
    """Every combination of the open choices, placed and scored.

    The load mode moves no tensor between devices, so one placement serves all load modes.
    """
    known = strategies(problem.demand)
    seen: set[object] = set()
    for order in choices.orders:
        devices = tuple(problem.devices[i] for i in order)
        for ubatch in choices.ubatches:
            sized = problem.launch(ubatch, choices.load_modes[0])
            money = problem.budgets(sized)
            budgets = tuple(money[i] for i in order)
            for name in choices.strategies:
                settled = settle(problem.model, devices, budgets, sized, known[name], problem.demand)
                if (ubatch, settled.key) in seen:
                    continue
                seen.add((ubatch, settled.key))
                for mode in choices.load_modes:
                    yield score(problem, name, problem.launch(ubatch, mode), settled)


def score(problem: Problem, strategy: str, settings: Settings, settled: Settled) -> Candidate:
    """A settled placement as a candidate."""
    host = settled.footprint.host
    missing = max(0, host.total + problem.guests - problem.ram.available)
    if missing and problem.cache_is_open and settings.cache_ram:
        spared = min(settings.cache_ram, -(-missing // _MIB) * _MIB, host.cache)
        settings = replace(settings, cache_ram=settings.cache_ram - spared)
        host = replace(host, cache=host.cache - spared)
        settled = replace(settled, footprint=replace(settled.footprint, host=host))
        missing = max(0, missing - spared)
    if problem.may_page:
        missing = max(0, missing - host.model)
    return Candidate(strategy, settings, settled, problem.predict(settings, settled), missing)


def best(found: Sequence[Candidate]) -> Candidate:
    """The fastest that fits, the earlier one of equals; or the one that lacks least."""
    fitting = [c for c in found if c.fits]
    if fitting:
        return min(fitting, key=lambda c: c.prediction.seconds)
    return min(found, key=lambda c: c.shortfall)
