"""The batch from which on llama.cpp copies weights on the CPU to a device, where another one than its own is better."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from moefit import cost
from moefit.launch.settings import MIN_BATCH, Settings
from moefit.machine.types import CPU
from moefit.placement.arrange import strategies
from moefit.search.budgets import budgets
from moefit.search.candidate import Candidate, score
from moefit.search.moe_cache.measured import resized
from moefit.search.problem import Problem, known_work
from moefit.search.settle import settle
from moefit.search.settled import placed_with
from moefit.search.task import Task

_WORTH: Final = 0.97
"""Of the seconds without it: a variable that gains less than 3% is not worth its place on the line."""


def priced_without_copies(problem: Problem) -> Problem:
    """The same, priced as if no batch reached the threshold: a link too slow for copies need not keep a device from its own layers.

    Memory is still counted with the buffer for copies, so that the line fits without the variable, too.
    """
    return replace(problem, copies=False)


def with_threshold(problem: Problem, chosen: Candidate) -> Candidate | None:
    """The candidate with the threshold that its link and its weights on the CPU call for; None where the default does about as well.

    Buffers, in RAM and on devices, may grow by it: caches that the user left open give way, and where that does not do, layers are placed anew.
    The line fits without the variable, too. Without copies no device keeps a buffer for them, and what that leaves is filled.
    """
    settings = _settings_with_threshold(problem, chosen)
    if settings is None:
        return None
    most = _WORTH * _seconds(problem, chosen, chosen.settings)
    if settings.op_offload and _seconds(problem, chosen, settings) > most:
        return None
    settled = placed_with(problem.request, chosen.settled, settings)
    made = score(problem, chosen.strategy, settings, settled)
    if not settings.op_offload:
        made = _filled(problem, made)
    elif not made.fits:
        made = _moved(problem, made) or made
    return made if made.fits and made.prediction.seconds <= most else None


def _settings_with_threshold(problem: Problem, chosen: Candidate) -> Settings | None:
    """The launch with the threshold that it calls for; None for the default.

    A threshold beyond the micro-batch would say that nothing is ever copied: that is --no-op-offload, where the speeds that call for it are no
    guesses. With layers on the CPU it stays above one token for each slot: with such a batch llama.cpp probes flash attention, and gives it up
    where that is offloaded.
    """
    settled, settings, machine = chosen.settled, chosen.settings, problem.request.machine
    work = known_work(problem.request.model)
    tokens = cost.op_offload_min_batch(work, machine, settled.devices, settings, settled.placement)
    if CPU in settled.placement.slots:
        tokens = max(tokens, settings.slots + 1)
    if tokens == MIN_BATCH:
        return None
    if tokens > settings.ubatch and chosen.prediction.confidence != "guessed":
        return replace(settings, op_offload_min_batch=MIN_BATCH, op_offload=False)
    return replace(settings, op_offload_min_batch=min(tokens, settings.ubatch))


def _seconds(problem: Problem, chosen: Candidate, settings: Settings) -> float:
    """What the launch takes with other settings, nothing moved."""
    settled = chosen.settled
    return problem.predict(settings, settled.devices, settled.placement, settled.guests).seconds


def _filled(problem: Problem, made: Candidate) -> Candidate:
    """The launch with its strategy's own placement (or expert cache) where its buffers are as they are now, if that is faster."""
    anew = resized(problem, made) if made.settings.moe_cache else _placed_anew(problem, made)
    better = anew is not None and anew.fits and anew.prediction.seconds < made.prediction.seconds
    return anew if anew is not None and better else made


def _moved(problem: Problem, made: Candidate) -> Candidate | None:
    """The launch placed anew for the buffers of its threshold; None where its line does not fit without the variable."""
    anew = _placed_anew(problem, made)
    if anew is None:
        return None
    without = replace(anew.settings, op_offload_min_batch=MIN_BATCH)
    return anew if placed_with(problem.request, anew.settled, without).shortfall == 0 else None


def _placed_anew(problem: Problem, made: Candidate) -> Candidate | None:
    strategy = strategies(problem.demand).get(made.strategy)
    if strategy is None or not made.settled.devices:
        return None
    request, devices, settings = problem.request, made.settled.devices, made.settings
    task = Task(request, devices, budgets(request, devices, settings), settings, strategy, problem.demand)
    return score(problem, made.strategy, settings, settle(task))
