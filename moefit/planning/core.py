"""plan(request) -> Plan: choose a context, search, take the best, and say what to add."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf

from moefit.errors import UsageError
from moefit.launch.complete import complete
from moefit.launch.constraints import Constraints
from moefit.launch.defaults import BATCH, settings
from moefit.launch.settings import Settings
from moefit.machine.types import CPU
from moefit.memory.split_modes import SPLIT_MODES
from moefit.planning.additions import additions
from moefit.planning.advice import advice
from moefit.planning.as_given import as_given
from moefit.planning.carried import carried
from moefit.planning.context import SMALLEST, largest_context, wanted_context
from moefit.planning.describe import describe
from moefit.planning.frame import frame
from moefit.planning.refusals import refuse
from moefit.planning.remarks import remarks
from moefit.planning.remedy import remedy
from moefit.planning.types import Plan
from moefit.search.baselines import baselines
from moefit.search.candidate import Candidate, best
from moefit.search.choices import SMALL_UBATCHES, Choices, open_choices
from moefit.search.problem import Problem
from moefit.search.request import Request
from moefit.search.search import candidates, search
from moefit.search.threshold import priced_without_copies, with_threshold

_FAST_FIRST = (BATCH, 512, None)
"""Micro-batches: as large as llama.cpp's default batch, its default, any."""


def plan(request: Request) -> Plan:
    """The fastest launch that fits, or the one that lacks least.

    Raises:
        UsageError: the user's options contradict each other, the model or the machine.
    """
    constraints = request.launch.constraints

    def fits(changed: Constraints) -> bool:
        try:
            return _feasible(replace(request, launch=replace(request.launch, constraints=changed)))
        except UsageError:
            return False

    refuse(request)
    chosen, found, default = _choose(request)
    tokens = None if chosen.fits else _context_that_fits(constraints, chosen.settings.context, fits)
    if tokens is not None:
        chosen, found, default = _choose(request, tokens)
    wanted = additions(request, chosen, default) if chosen.fits else ()
    completion = complete(request.launch.command, (*request.launch.needed, *wanted), request.launch.given)
    made = carried(describe(request, chosen, found, completion), request)
    if not made.fits:
        return replace(made, remedy=remedy(made, constraints, fits))
    told = (*remarks(request, chosen, scarce=tokens is not None), *advice(request, chosen))
    return replace(made, warnings=(*made.warnings, *told))


def _context_that_fits(
    constraints: Constraints, failed: int, fits: Callable[[Constraints], bool]
) -> int | None:
    """Tokens of the largest context with which something fits, where the user left it open and `failed` tokens do not.

    With a micro-batch that makes prompts fast, if it can be one: the smallest may be many times slower.
    """
    if constraints.context is not None or constraints.kv_unified_per_slot:
        return None
    smallest = constraints.fit_context or SMALLEST
    for ubatch in _FAST_FIRST if constraints.ubatch is None else (constraints.ubatch,):
        sized = replace(constraints, ubatch=ubatch)
        tokens = largest_context(failed, lambda n, sized=sized: fits(replace(sized, context=n)), smallest)  # type: ignore[misc]
        if tokens < failed:
            return tokens
    return None


def _choose(
    request: Request, context: int | None = None
) -> tuple[Candidate, tuple[Candidate, ...], Settings]:
    """The chosen candidate, all of them, and what llama.cpp would make of the user's line alone.

    Without `context` (tokens) it is the user's, or as many as leave every layer's base on a device.
    """
    constraints, options = request.launch.constraints, request.options
    if constraints.split_mode in SPLIT_MODES:
        given = as_given(request, wanted_context(constraints, request.model))
        return given, (), given.settings
    problem = frame(request, context)
    choices = open_choices(problem)
    found = _search(problem, choices)
    fastest = min((c.prediction.seconds for c in found if c.fits), default=inf)
    limit = inf if options.thorough else fastest
    rivals = tuple(baselines(problem, choices.ubatches[0], choices.load_modes[0], limit))
    every = (*found, *rivals)
    chosen = best(found if options.strategy != "auto" else every)
    if chosen.fits and constraints.op_offload_min_batch is None:
        ways = [chosen]
        if problem.devices and set(chosen.settled.placement.slots) == {CPU}:
            ways.append(best(_search(priced_without_copies(problem), choices)))
        better = [with_threshold(problem, way) for way in ways if way.fits]
        chosen = min((*filter(None, better), chosen), key=lambda way: way.prediction.seconds)
        every = (*every, *filter(None, better))
    context = chosen.settings.context
    return chosen, every, settings(constraints, context=context, devices=problem.devices)


def _feasible(request: Request) -> bool:
    """Whether anything fits: the smallest micro-batch decides, it has the smallest compute buffers."""
    constraints = request.launch.constraints
    if constraints.split_mode in SPLIT_MODES:
        return _choose(request)[0].fits
    problem = frame(request)
    choices = open_choices(problem)
    smallest = choices.ubatches[:1] if constraints.ubatch is not None else SMALL_UBATCHES[-1:]
    few = replace(choices, ubatches=smallest, load_modes=choices.load_modes[:1])
    return any(candidate.fits for candidate in candidates(problem, few))


def _search(problem: Problem, choices: Choices) -> tuple[Candidate, ...]:
    """Every candidate; where none fits, also those that take less: a smaller micro-batch than llama.cpp's default, no pinned memory."""
    found = search(problem, choices)
    is_open = problem.request.launch.constraints.ubatch is None
    small = replace(choices, ubatches=SMALL_UBATCHES) if is_open else choices
    for less in (small, replace(small, load_modes=small.load_modes[:1])):
        if less != choices and not any(c.fits for c in found):
            found += search(problem, less)
    return found
