"""The batch from which on llama.cpp copies weights on the CPU to a device, where another one than its own is better."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from moefit import cost
from moefit.launch.settings import MIN_BATCH
from moefit.machine.types import CPU
from moefit.placement.arrange import strategies
from moefit.search.budgets import budgets
from moefit.search.candidate import Candidate, score
from moefit.search.moe_cache.measured import resized
from moefit.search.problem import Problem, known_work
from moefit.search.settle import Task, placed_with, settle

_WORTH: Final = 0.97
"""Of the seconds without it: a variable that gains less than 3% is not worth its place on the line."""


def priced_without_copies(problem: Problem) -> Problem:
    """The same, priced as if no batch reached the threshold: a link too slow for copies need not keep a device from its own layers.

    Memory is still counted with the buffer for copies, so that the line fits without the variable, too.
    """
    return replace(problem, copies=False)


def with_threshold(problem: Problem, chosen: Candidate) -> Candidate | None:
    """The candidate with the threshold that its link and its weights on the CPU call for; None where the default does about as well.

    Nothing moves, but caches that the user left open: buffers in RAM may grow by it. A threshold beyond the micro-batch would say that nothing
    is ever copied: that is --no-op-offload, where the speeds that call for it are no guesses. Then no device keeps a buffer for copies, and what
    that leaves is filled. With layers on the CPU it stays above one token for each slot: with such a batch llama.cpp probes flash attention, and gives it up where that is offloaded.
    """
    settled, settings, request = chosen.settled, chosen.settings, problem.request
    work = known_work(request.model)
    tokens = cost.op_offload_min_batch(work, request.machine, settled.devices, settings, settled.placement)
    if CPU in settled.placement.slots:
        tokens = max(tokens, settings.slots + 1)
    if tokens == MIN_BATCH:
        return None
    settings = replace(settings, op_offload_min_batch=min(tokens, settings.ubatch))
    if tokens > settings.ubatch and chosen.prediction.confidence != "guessed":
        settings = replace(settings, op_offload_min_batch=MIN_BATCH, op_offload=False)
        settled = placed_with(request, settled, settings)
    made = score(problem, chosen.strategy, settings, settled)
    if not settings.op_offload:
        made = _filled(problem, made)
    without = problem.predict(chosen.settings, settled.devices, settled.placement, chosen.settled.guests)
    worth = made.prediction.seconds <= _WORTH * without.seconds
    return made if worth and made.fits else None


def _filled(problem: Problem, made: Candidate) -> Candidate:
    """The launch with its strategy's own placement (or expert cache) where its buffers are as they are now, if that is faster."""
    anew = resized(problem, made) if made.settings.moe_cache else _placed_anew(problem, made)
    better = anew is not None and anew.fits and anew.prediction.seconds < made.prediction.seconds
    return anew if anew is not None and better else made


def _placed_anew(problem: Problem, made: Candidate) -> Candidate | None:
    strategy = strategies(problem.demand).get(made.strategy)
    if strategy is None or not made.settled.devices:
        return None
    request, devices, settings = problem.request, made.settled.devices, made.settings
    task = Task(request, devices, budgets(request, devices, settings), settings, strategy, problem.demand)
    return score(problem, made.strategy, settings, settle(task))
