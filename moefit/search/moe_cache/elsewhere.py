"""An expert cache on other devices, or in another order, than the fastest launch without one has: layers gain by a slow card that a cache may lose by."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Final

from moefit.launch.settings import Settings
from moefit.search.candidate import Candidate, best
from moefit.search.choices import Choices
from moefit.search.moe_cache import OPTION
from moefit.search.moe_cache.choose import is_worth, with_cache
from moefit.search.moe_cache.start import keeps_experts
from moefit.search.moe_cache.subsets import Subsets
from moefit.search.openings import SEARCHED
from moefit.search.problem import Problem

_NEAR: Final = 1.05
"""Of the fastest so far, what a sketch may seem to take and still be worked out."""
_LARGE: Final = 2048
"""Tokens of a micro-batch with which few copies are made and buffers are still small."""
_WORKED_OUT: Final = 3
"""The most that are, those that seem fastest."""


def with_cache_elsewhere(
    problem: Problem, choices: Choices, found: Sequence[Candidate]
) -> tuple[Candidate, ...]:
    """Candidates with an expert cache on some of the devices that are faster than every one found; none where the user names the devices."""
    wanted = problem.request.launch
    fitting = [c for c in found if c.fits]
    if not fitting or not 2 <= len(problem.devices) <= SEARCHED or len(choices.orders) < 2:
        return ()
    if wanted.constraints.moe_cache is not None or OPTION not in wanted.command.table:
        return ()
    fastest = best(fitting)
    if not keeps_experts(problem.request.model, fastest) and len(fastest.order) < 2:
        return ()
    static = min((c.prediction.seconds for c in fitting if not c.settings.moe_cache), default=inf)
    made: list[Candidate] = []
    subsets = Subsets(problem, _launch(problem, choices, fastest), fastest, found)
    for seconds, order in subsets.promising()[:_WORKED_OUT]:
        limit = min(c.prediction.seconds for c in (fastest, *made))
        start = subsets.settled(order) if seconds < _NEAR * limit else None
        if start is not None:
            every = with_cache(problem, choices, [start])
            made += [one for one in every if is_worth(one, static) and one.prediction.seconds < limit]
    return tuple(made)


def _launch(problem: Problem, choices: Choices, fastest: Candidate) -> Settings:
    """The fastest's launch; where that has all on devices, which says nothing of experts in RAM, a large micro-batch and the load mode that pins them."""
    ubatch, mode = fastest.settings.ubatch, fastest.settings.load_mode
    if not keeps_experts(problem.request.model, fastest):
        ubatch = max((size for size in choices.ubatches if size <= _LARGE), default=ubatch)
        mode = choices.load_modes[-1]
    return problem.launch(ubatch, mode)
