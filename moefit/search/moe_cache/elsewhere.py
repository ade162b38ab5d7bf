"""An expert cache on other devices, or in another order, than the fastest launch without one has: layers gain by a slow card that a cache may lose by."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from math import inf
from typing import Final

from moefit.machine.types import CPU
from moefit.placement.arrange import strategies
from moefit.search.budgets import budgets
from moefit.search.candidate import Candidate, best, score
from moefit.search.choices import Choices
from moefit.search.moe_cache import OPTION
from moefit.search.moe_cache.choose import is_worth, with_cache
from moefit.search.moe_cache.sketched import sketched_cache
from moefit.search.moe_cache.start import keeps_experts
from moefit.search.problem import Problem
from moefit.search.settle import settle
from moefit.search.task import Task

_MOST: Final = 3
"""Devices of which every subset is tried, in every order."""
_NEAR: Final = 1.05
"""Of the fastest so far, what a sketch may seem to take and still be worked out."""
_WORKED_OUT: Final = 3
"""The most that are, those that seem fastest."""


def with_cache_elsewhere(
    problem: Problem, choices: Choices, found: Sequence[Candidate]
) -> tuple[Candidate, ...]:
    """Candidates with an expert cache on some of the devices that are faster than every one found; none where the user names the devices."""
    wanted = problem.request.launch
    fitting = [c for c in found if c.fits]
    if not fitting or not 2 <= len(problem.devices) <= _MOST or len(choices.orders) < 2:
        return ()
    if wanted.constraints.moe_cache is not None or OPTION not in wanted.command.table:
        return ()
    fastest = best(fitting)
    if not keeps_experts(problem.request.model, fastest) and len(fastest.order) < 2:
        return ()
    static = min((c.prediction.seconds for c in fitting if not c.settings.moe_cache), default=inf)
    made: list[Candidate] = []
    for seconds, start in _promising(problem, fastest, found)[:_WORKED_OUT]:
        limit = min(c.prediction.seconds for c in (fastest, *made))
        if seconds < _NEAR * limit:
            every = with_cache(problem, choices, [start])
            made += [one for one in every if is_worth(one, static) and one.prediction.seconds < limit]
    return tuple(made)


def _promising(
    problem: Problem, fastest: Candidate, found: Sequence[Candidate]
) -> list[tuple[float, Candidate]]:
    """The starts for which a cache gains, with what they then seem to take, the fastest first."""
    seeming = []
    for start in _starts(problem, fastest, found):
        sketched = sketched_cache(problem, start)
        if sketched is not start:
            seeming.append((sketched.prediction.seconds, start))
    return sorted(seeming, key=lambda one: (one[0], one[1].order))


def _starts(problem: Problem, fastest: Candidate, found: Sequence[Candidate]) -> Iterator[Candidate]:
    """Each layer's base on a device, for all devices and orders not tried, with the fastest's micro-batch and load mode."""
    tried = {c.order for c in (fastest, *found) if c is fastest or c.settings.moe_cache}
    launch = problem.launch(fastest.settings.ubatch, fastest.settings.load_mode)
    given = budgets(problem.request, problem.devices, launch)
    base_first = strategies(problem.demand)["base-first"]
    every = range(len(problem.devices))
    orders = (order for count in every for order in itertools.permutations(every, count + 1))
    for order in orders:
        if order not in tried:
            devices = tuple(problem.devices[i] for i in order)
            mine = tuple(given[i] for i in order)
            task = Task(problem.request, devices, mine, launch, base_first, problem.demand)
            start = score(problem, "base-first", launch, settle(task))
            if start.fits and CPU not in start.settled.placement.slots:
                yield start
