"""Every combination of strategy, micro-batch and devices, with the least time that it could take: what is worth placing first."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from math import inf
from typing import Final

from moefit.cost import Prediction
from moefit.launch.settings import Settings
from moefit.machine.types import CPU, Device
from moefit.placement.arrange import Demand, Strategy, last_layers, strategies
from moefit.placement.budget import Budget
from moefit.placement.types import Placement
from moefit.search.budgets import budgets
from moefit.search.choices import UBATCHES, Choices
from moefit.search.problem import Problem
from moefit.search.settle import optimist
from moefit.search.task import Task
from moefit.values import dataclass

SEARCHED: Final = 6
"""The most devices of which every order is searched that could win."""

_SPARED: Final = 0.5
"""Of the visits between places, what less room can spare: a layer's two become one."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A combination that is not placed yet."""

    rank: int
    """Where it stands in the order of the choices; the earlier of equals is taken."""
    strategy: str
    task: Task
    launches: tuple[Settings, ...]
    """The launches that one placement serves: those of all load modes, which move no tensor between devices. The task has the first."""
    bound: float
    """Seconds it would take if compute buffers took no memory: it cannot be faster."""
    idle: float
    """Seconds with nothing on the devices, which then only help with large batches, or with the output alone."""
    all_placed: bool = False
    """All that is free to move might be on the devices: then no weights are copied there, and buffers can be far smaller than others'."""
    end: int | None = None
    """So many slots from the end are placed on the first device, although there may be room for more: a slow device can cost a token
    more than it saves, and a first layer needs buffers that the output alone does not."""


def openings(problem: Problem, choices: Choices) -> list[Opening]:
    """Every combination, the most promising first."""
    return sorted(_openings(problem, choices), key=lambda opening: (opening.bound, opening.rank))


def first_opening(problem: Problem, choices: Choices) -> Opening:
    """What llama.cpp itself would do: the first of every choice, by the strategy that needs least on devices."""
    wanted = least_strategy(problem, choices)
    return next(opening for opening in _openings(problem, choices) if opening.strategy == wanted)


def least_strategy(problem: Problem, choices: Choices) -> str:
    """The strategy that lacks least: the first; or `ffn`, where layers that must be on devices can leave matrices on the CPU."""
    is_bound = problem.demand.runs is not None or problem.demand.tail
    return "ffn" if is_bound and "ffn" in choices.strategies else choices.strategies[0]


def usual_task(problem: Problem, load_mode: str, ubatch: int | None = None) -> Task:
    """Base-first on all devices, with the user's micro-batch, or else `ubatch` or llama.cpp's default."""
    wanted = problem.request.launch.constraints.ubatch or ubatch or UBATCHES[0]
    launch = problem.launch(wanted, load_mode)
    given = budgets(problem.request, problem.devices, launch)
    base_first = strategies(problem.demand)["base-first"]
    return Task(problem.request, problem.devices, given, launch, base_first, problem.demand)


def least_task(problem: Problem, choices: Choices) -> Task:
    """All devices with the smallest micro-batch: where a sum of bytes says that this cannot fit, nothing of the choices can."""
    size = _size(problem, choices, min(choices.ubatches))
    return size.task(choices.orders[0], strategies(problem.demand)[least_strategy(problem, choices)])


def with_buffers(problem: Problem, opening: Opening, least: Sequence[int]) -> float:
    """The opening's bound with compute buffers of at least so many bytes."""
    if not least or opening.all_placed or opening.idle <= opening.bound:
        return opening.bound
    placed = optimist(opening.task, least)
    return min(opening.idle, _fastest(problem, opening.launches, *placed))


@dataclass(frozen=True, slots=True)
class _Size:
    """The launches with one micro-batch."""

    problem: Problem
    launches: tuple[Settings, ...]
    budgets: tuple[Budget, ...]
    """Of all devices, before anything is placed."""

    def task(self, order: tuple[int, ...], strategy: Strategy) -> Task:
        """The first launch on some of the devices."""
        devices = tuple(self.problem.devices[i] for i in order)
        given = tuple(self.budgets[i] for i in order)
        request, demand = self.problem.request, self.problem.demand
        return Task(request, devices, given, self.launches[0], strategy, demand)

    def fastest(self, devices: tuple[Device, ...], placement: Placement) -> float:
        """Seconds of the load mode that is best for a placement, and for those with less room."""
        return _fastest(self.problem, self.launches, devices, placement)

    def least(self, order: tuple[int, ...]) -> float:
        """Seconds of the load mode that is best, whatever is placed where on some of the devices."""
        devices = tuple(self.problem.devices[i] for i in order)
        rooms = [self.budgets[i].usable for i in order]
        return min(self.problem.least(launch, devices, rooms) for launch in self.launches)


def _openings(problem: Problem, choices: Choices) -> Iterator[Opening]:
    """Every combination, in the order of the choices.

    A larger micro-batch leaves no more room, so the placement at the smallest one without compute buffers bounds them all; or
    nothing on the devices at all, or the output alone, where the ways to them cost more than they save: combinations of their own. Where several
    devices could hold everything, less room can be faster: it keeps layers off a slow one. Then only what no placement beats is a bound.
    With many devices that would leave nothing out, and the placement without compute buffers has to do.
    """
    known, ranks = strategies(problem.demand), itertools.count()
    sizes = {u: _size(problem, choices, u) for u in choices.ubatches}
    nothing = _end(problem, 0)
    idle: dict[tuple[tuple[int, ...], int], float] = {}
    ends = _fastest_ends(problem, choices, sizes)
    priced: dict[int, list[tuple[tuple[tuple[Device, ...], Placement], float]]] = {u: [] for u in sizes}
    for order in choices.orders:
        at_best = _at_best(sizes[min(sizes)], choices, order, nothing)
        for u, size in sizes.items():
            helper = order[:1], u
            is_new = helper not in idle
            if is_new:  # it is the first device that helps, whatever the others are
                idle[helper] = size.fastest(tuple(problem.devices[i] for i in order), nothing)
            spared = min(idle[helper], *(ends.get((i, u, 1), inf) for i in order), inf)
            mixed = _is_mixed([problem.devices[i] for i in order])
            full = [
                n for n, (_, placed) in at_best.items() if mixed or _is_all_placed(placed, problem.demand)
            ]
            least = size.least(order) if full and 1 < len(order) <= SEARCHED else inf
            alike = priced[u]
            for name, best in at_best.items():
                all_placed = bool(order) and name in full
                seconds = next((s for one, s in alike if one == best), None)
                if seconds is None:  # strategies often agree, and orders whose last devices are left out
                    seconds = size.fastest(*best)
                    alike.append((best, seconds))
                bound = min(seconds, spared, least if all_placed else inf)
                task = size.task(order, known[name])
                yield Opening(next(ranks), name, task, size.launches, bound, spared, all_placed)
            if is_new and order:
                for end in _ends(problem.demand):
                    task = size.task(order[:1], partial(last_layers, end))
                    bound = ends[order[0], u, end]
                    name = choices.strategies[0]
                    yield Opening(next(ranks), name, task, size.launches, bound, bound, end=end)


def _fastest_ends(
    problem: Problem, choices: Choices, sizes: Mapping[int, _Size]
) -> dict[tuple[int, int, int], float]:
    """Seconds by device, micro-batch and so many slots from the end that are alone there.

    With less room layers leave a device, and with each its visits: by layers alike the least is with all of them or with none.
    """
    found = {}
    for first in dict.fromkeys(order[0] for order in choices.orders if order):
        for u, size in sizes.items():
            for end in _ends(problem.demand):
                found[first, u, end] = size.fastest((problem.devices[first],), _end(problem, end))
    return found


def bound(problem: Problem, task: Task) -> float:
    """Seconds that a task's launch cannot be faster than, whatever compute buffers take."""
    devices, placement = optimist(task)
    seconds = _fastest(problem, (task.settings,), devices, placement)
    if 1 < len(task.devices) <= SEARCHED and _is_all_placed(placement, task.demand):
        rooms = [budget.usable for budget in task.budgets]
        return min(seconds, problem.least(task.settings, task.devices, rooms))
    return seconds


def _fastest(
    problem: Problem, launches: Sequence[Settings], devices: tuple[Device, ...], placement: Placement
) -> float:
    """Seconds of the load mode that is best for a placement, its visits to other places left out.

    With less room a layer may be left out altogether, which is visited once instead of twice, or a device.
    """
    return min(_unvisited(problem.predict(launch, devices, placement)) for launch in launches)


def _unvisited(made: Prediction) -> float:
    return made.seconds - _SPARED * sum(term.seconds for term in made.terms if term.name == "hops")


def _size(problem: Problem, choices: Choices, ubatch: int) -> _Size:
    launches = tuple(problem.launch(ubatch, mode) for mode in choices.load_modes)
    return _Size(problem, launches, budgets(problem.request, problem.devices, launches[0]))


def _at_best(
    size: _Size, choices: Choices, order: tuple[int, ...], nothing: Placement
) -> dict[str, tuple[tuple[Device, ...], Placement]]:
    """What each strategy would place if compute buffers took nothing; without devices all strategies are one."""
    if not order:
        return {choices.strategies[0]: ((), nothing)}
    known = strategies(size.problem.demand)
    return {name: optimist(size.task(order, known[name])) for name in choices.strategies}


def _is_all_placed(placement: Placement, demand: Demand) -> bool:
    """Whether devices hold all that the user lets them."""
    let = len(placement.slots) if demand.tail is None else demand.tail
    moved = (name for name, device in placement.overrides.items() if device == CPU)
    return CPU not in placement.slots[len(placement.slots) - let :] and all(
        name in demand.fixed for name in moved
    )


def _is_mixed(devices: Sequence[Device]) -> bool:
    """Whether devices of other machines are among this one's: with less room a layout can turn to a faster kind (base_first.py)."""
    return len({device.backend.name == "RPC" for device in devices}) > 1


def _ends(demand: Demand) -> range:
    """How many slots from the end are worth a try alone: none, or the output."""
    if demand.runs is not None or demand.ordered or any(device != CPU for device in demand.fixed.values()):
        return range(0)
    return range(2 if demand.tail is None else 1 if demand.tail == 0 else 0)


def _end(problem: Problem, count: int) -> Placement:
    """So many slots from the end on the first device."""
    slots = (CPU,) * (problem.request.model.slots - count) + (0,) * count
    return Placement(slots, problem.demand.fixed)
