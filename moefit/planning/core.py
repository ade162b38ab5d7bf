"""plan(request) -> Plan: choose a context, search, take the best, and say what to add."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from moefit.launch.complete import complete
from moefit.launch.defaults import settings
from moefit.launch.resolve import default_order
from moefit.launch.settings import Settings
from moefit.machine.types import CPU
from moefit.memory.split_modes import SPLIT_MODES
from moefit.planning.additions import additions
from moefit.planning.advice import advice
from moefit.planning.cache_remarks import check_size
from moefit.planning.carried import carried
from moefit.planning.context_size import wanted_context
from moefit.planning.describe import describe
from moefit.planning.frame import frame, gave_way, gave_way_in_vain
from moefit.planning.most_devices import with_the_best
from moefit.planning.refusals import refuse
from moefit.planning.remarks import remarks
from moefit.planning.scarce import context_that_fits
from moefit.planning.stands import as_it_stands
from moefit.planning.types import Enough, Plan
from moefit.search.as_demanded import as_demanded
from moefit.search.baselines import CPU_MOE
from moefit.search.best_of_all import best_of_all
from moefit.search.candidate import Candidate, best
from moefit.search.choices import Choices, open_choices
from moefit.search.problem import Problem
from moefit.search.request import Request
from moefit.search.search import search


def plan(request: Request) -> Plan:
    """The fastest launch that fits; or the one that lacks least, with what would run if the user allowed one thing more.

    Raises:
        UsageError: the user's options contradict each other, the model or the machine.
    """
    request, said = with_the_best(request)
    made, chosen = _planned(request)
    made = replace(made, warnings=(*made.warnings, *said))
    if made.fits:
        return made
    from moefit.planning.alternatives import alternatives  # noqa: PLC0415 - most plans fit

    return replace(
        made, enough=_enough(request, chosen), alternatives=tuple(alternatives(request, chosen, _planned))
    )


def _enough(request: Request, closest: Candidate) -> Enough | None:
    """The memory that would do; of a quick plan by the strategy that nearly always lacks least, and of a device about."""
    from moefit.planning.enough import enough_memory  # noqa: PLC0415 - most plans fit

    options = request.options
    if request.launch.constraints.split_mode in SPLIT_MODES:
        return None
    if options.thorough:
        return enough_memory(request, closest)
    least = "ffn" if closest.settled.shortfall and not request.model.experts else "base-first"
    strategy = least if options.strategy == "auto" else options.strategy
    quick = replace(request, options=replace(options, strategy=strategy))
    return enough_memory(quick, closest, smallest=False)


def without_alternatives(request: Request, context: int | None = None) -> Plan:
    """The same where nobody asks what else would run; with `context` (tokens) for that one, which is known to be what the line leaves open."""
    return _planned(with_the_best(request)[0], context)[0]


def _planned(request: Request, context: int | None = None) -> tuple[Plan, Candidate]:
    """The plan and what was chosen for it, without alternatives; with `context` (tokens) for that one."""
    refuse(request)
    if request.launch.constraints.split_mode in SPLIT_MODES:
        from moefit.planning.as_given import as_given  # noqa: PLC0415 - few lines say -sm

        given = as_given(_on_cards(request), wanted_context(request.launch.constraints, request.model))
        return _written(request, given, (), given.settings, scarce=False), given
    problem, found, scarce = _searched(request, context)
    choices = open_choices(problem)
    chosen, every = best_of_all(problem, choices, found)
    if gave_way_in_vain(problem, chosen):
        return _planned(request, wanted_context(request.launch.constraints, request.model))
    used = chosen.settled.devices  # what -dev will name decides what the load mode `auto` is
    default = settings(request.launch.constraints, context=chosen.settings.context, devices=used)
    others = tuple(_asked_alone(problem, choices, found, chosen)) if request.options.thorough else ()
    every = (*_as_alone(_with_typed_rival(problem, chosen, every), others), *others)
    if (stays := as_it_stands(request, chosen, default)) is not None:
        chosen, every = stays, (*every, stays)
    made = _written(request, as_demanded(problem, chosen), every, default, scarce=scarce)
    return replace(made, known=tuple(other.strategy for other in others)), chosen


def _searched(request: Request, context: int | None) -> tuple[Problem, tuple[Candidate, ...], bool]:
    """The first problem of which something fits, what was found, and whether nothing fits with more context; where nothing fits at all, what is missing."""
    listed = request.options.thorough and request.options.neighbours
    for problem, scarce in _framed(request, context):
        found = search(problem, open_choices(problem), thorough=listed)
        if any(c.fits for c in found):
            return problem, found, scarce
        if not scarce:
            missing = problem, found, False
    return missing


def _framed(request: Request, context: int | None) -> Iterator[tuple[Problem, bool]]:
    """With the contexts that a plan has without `--strategy`, so that what it compares is what is then planned, and with the strategy's own."""
    options = request.options
    problem = frame(request, context, "base-first")
    yield problem, False
    if gave_way(problem) and options.strategy not in {"auto", "base-first"}:
        problem = frame(request, context)
        yield problem, False
    for strategy in dict.fromkeys(("auto", options.strategy)):
        asked = replace(request, options=replace(options, strategy=strategy))
        tokens = context_that_fits(replace(problem, request=asked))
        if tokens is not None:
            yield frame(request, tokens), True


def _asked_alone(
    problem: Problem, choices: Choices, found: tuple[Candidate, ...], chosen: Candidate
) -> Iterator[Candidate]:
    """What other strategies take where they are asked for: the plan of `--strategy`, so that a page promises what its words give.

    Of that which won the search, before an expert cache or a rival, little more is to be done; the others are searched where a reader wants
    to see all. Where everything is on devices they have nothing to choose, and a page names none.
    """
    options, placed = problem.request.options, chosen.settled.placement
    full = CPU not in {*placed.slots, *placed.overrides.values()}
    if options.strategy != "auto" or not chosen.fits or (full and not options.neighbours):
        return
    winner = best(found).strategy
    for strategy in (s for s in choices.strategies if s != chosen.strategy):
        if strategy != winner and not options.neighbours:
            continue
        alone = replace(options, strategy=strategy, thorough=False)
        asked = replace(problem, request=replace(problem.request, options=alone))
        of_one = replace(choices, strategies=(strategy,))
        own = (
            tuple(c for c in found if c.strategy == strategy)
            if strategy == winner
            else search(asked, of_one, thorough=options.neighbours)
        )
        made, _ = best_of_all(asked, of_one, own)
        if made.fits:
            yield made


def _as_alone(every: tuple[Candidate, ...], others: tuple[Candidate, ...]) -> Iterator[Candidate]:
    """The candidates without those that are faster than the plan of their strategy alone: what is near the best on many devices, say."""
    least = {other.strategy: other.prediction.seconds for other in others}
    return (c for c in every if not c.fits or c.prediction.seconds >= least.get(c.strategy, 0.0))


def _with_typed_rival(
    problem: Problem, chosen: Candidate, every: tuple[Candidate, ...]
) -> tuple[Candidate, ...]:
    """The candidates with `--cpu-moe` as a server loads that line by itself, which on several devices is not how a plan would place it."""
    ours = any(c.strategy == CPU_MOE for c in every) and len(problem.devices) > 1
    if not ours or not problem.request.options.thorough or chosen.strategy == CPU_MOE:
        return every
    from moefit.planning.estimate import as_typed  # noqa: PLC0415 - a page of several devices alone needs it

    launch = problem.request.launch
    fixed = replace(launch, constraints=replace(launch.constraints, context=problem.context))
    rival = replace(as_typed(replace(problem.request, launch=fixed), ("-cmoe",)), strategy=CPU_MOE)
    return (*(c for c in every if c.strategy != CPU_MOE), rival)


def _on_cards(request: Request) -> Request:
    """The request with the devices that llama.cpp takes by itself for full layers, where the line leaves them open: -sm tensor takes any."""
    wanted, gpus = request.launch.constraints, request.machine.gpus
    if wanted.devices is not None or len(gpus) < 2:
        return request
    named = replace(wanted, devices=tuple(gpus[i].name for i in default_order(gpus)))
    return replace(request, launch=replace(request.launch, constraints=named))


def _written(
    request: Request, chosen: Candidate, found: tuple[Candidate, ...], default: Settings, *, scarce: bool
) -> Plan:
    """The plan with its line and what is to be said of it; `default` is what llama.cpp makes of the user's line alone."""
    check_size(chosen)
    wanted = additions(request, chosen, default) if chosen.fits else ()
    launch = request.launch
    added = (*launch.needed, *wanted)
    completion = complete(launch.command, added, launch.given, launch.constraints.left_open)
    made = carried(describe(request, chosen, found, completion), request)
    if not made.fits:
        return made
    told = (*remarks(request, chosen, scarce=scarce), *advice(request, chosen))
    return replace(made, warnings=(*made.warnings, *told))
