"""A launch with about the best expert cache, without a graph measured: to say that one would help."""

from __future__ import annotations

from dataclasses import replace

from moefit.machine.types import CPU
from moefit.search.bounds import host_use
from moefit.search.candidate import Candidate, score
from moefit.search.choices import Choices
from moefit.search.moe_cache import MOE_CACHE
from moefit.search.moe_cache.choose import is_worth
from moefit.search.moe_cache.drafts import PARTS, Draft, drafted
from moefit.search.moe_cache.start import start_with
from moefit.search.problem import Problem
from moefit.search.settled import Settled


def sketched_cache(problem: Problem, start: Candidate) -> Candidate:
    """A launch with about the best expert cache of the start's own micro-batch and load mode; the start itself where none is faster.

    No graph is measured: it has the start's buffers, and RAM for the experts that are not on devices.
    """
    alone = Choices((start.strategy,), (start.settings.ubatch,), (start.settings.load_mode,), (start.order,))
    known = None if CPU in start.settled.placement.slots else start_with(problem, alone, (start,))
    if known is None:
        return start
    few = [_drafted(problem, start, d) for d in drafted(problem, alone, known, PARTS[::3])]
    every = few
    if any(one.ram_shortfall for one in few):  # where RAM is short, each part counts
        every = [_drafted(problem, start, d) for d in drafted(problem, alone, known)]
    worth = [one for one in every if not one.ram_shortfall and is_worth(one, start.prediction.seconds)]
    return min(worth, key=lambda one: one.prediction.seconds, default=start)


def _drafted(problem: Problem, start: Candidate, draft: Draft) -> Candidate:
    return score(problem, MOE_CACHE, draft.launch, _with_host(problem, start.settled, draft))


def _with_host(problem: Problem, settled: Settled, draft: Draft) -> Settled:
    """The draft's placement with what it takes of RAM."""
    held = host_use(problem.request.model, settled.devices, draft.launch, draft.placement)
    host = replace(held, compute=settled.footprint.host.compute)
    return replace(settled, placement=draft.placement, footprint=replace(settled.footprint, host=host))
