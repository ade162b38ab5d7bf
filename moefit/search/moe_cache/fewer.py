"""An expert cache on fewer devices than the fastest launch without one has: layers gain by a slow card that a cache may lose by."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
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
from moefit.search.orders import in_order
from moefit.search.problem import Problem
from moefit.search.settle import Task, settle

_MOST: Final = 3
"""Devices of which every subset is tried."""
_NEAR: Final = 1.05
"""Of the fastest so far, what a sketch may seem to take and still be worked out."""


def with_cache_on_fewer(
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
    made: list[Candidate] = []
    for start in _starts(problem, fastest, found):
        limit = min(c.weight for c in (fastest, *made))
        if sketched_cache(problem, start).weight < _NEAR * limit:
            made += [one for one in with_cache(problem, choices, [start]) if is_worth(one, limit)]
    return tuple(made)


def _starts(problem: Problem, fastest: Candidate, found: Sequence[Candidate]) -> Iterator[Candidate]:
    """Each layer's base on a device, for every subset of the devices that was not tried, with the fastest's micro-batch and load mode."""
    tried = {frozenset(c.order) for c in (fastest, *found) if c is fastest or c.settings.moe_cache}
    launch = fastest.settings
    for count in range(1, len(problem.devices)):
        for some in itertools.combinations(problem.devices, count):
            devices = in_order(some)
            if frozenset(map(problem.devices.index, devices)) in tried:
                continue
            given = budgets(problem.request, devices, launch)
            base_first = strategies(problem.demand)["base-first"]
            alone = problem.launch(launch.ubatch, launch.load_mode)
            task = Task(problem.request, devices, given, alone, base_first, problem.demand)
            start = score(problem, "base-first", alone, settle(task))
            if start.fits and CPU not in start.settled.placement.slots:
                yield start
