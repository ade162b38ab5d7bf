"""plan(request) -> Plan: choose a context, search, take the best, and say what to add."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf
from typing import Final

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
from moefit.planning.frame import frame, gave_way_in_vain
from moefit.planning.most_devices import with_the_best
from moefit.planning.refusals import refuse
from moefit.planning.remarks import remarks
from moefit.planning.scarce import context_that_fits
from moefit.planning.stands import as_it_stands
from moefit.planning.types import Enough, Plan
from moefit.search.as_demanded import as_demanded
from moefit.search.baselines import CPU_MOE, LLAMA_FIT, baselines
from moefit.search.candidate import Candidate, best, score
from moefit.search.choices import Choices, open_choices
from moefit.search.leftover import filled
from moefit.search.listed import in_listed_order
from moefit.search.moe_cache import MOE_CACHE
from moefit.search.moe_cache.choose import is_worth, with_cache
from moefit.search.moe_cache.elsewhere import with_cache_elsewhere
from moefit.search.openings import SEARCHED
from moefit.search.problem import Problem
from moefit.search.refine import EVERY, refined, start_of_refinement
from moefit.search.request import Request
from moefit.search.search import search
from moefit.search.settled import placed_with
from moefit.search.threshold import priced_without_copies, with_threshold

_NEAR: Final = 1.1
"""Times as long as the best: where devices are many, what takes more is not refined."""


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
    problem = frame(request, context)
    choices = open_choices(problem)
    listed = request.options.thorough and request.options.neighbours
    found = search(problem, choices, thorough=listed)
    tokens = None if any(c.fits for c in found) else context_that_fits(problem)
    if tokens is not None:
        problem = frame(request, tokens)
        choices = open_choices(problem)
        found = search(problem, choices, thorough=listed)
    chosen, every = _best_of_all(problem, choices, found)
    if gave_way_in_vain(problem, chosen):
        return _planned(request, wanted_context(request.launch.constraints, request.model))
    used = chosen.settled.devices  # what -dev will name decides what the load mode `auto` is
    default = settings(request.launch.constraints, context=chosen.settings.context, devices=used)
    others = tuple(_asked_alone(problem, choices, found, chosen)) if request.options.thorough else ()
    every = (*_with_typed_rival(problem, chosen, every), *others)
    if (stays := as_it_stands(request, chosen, default)) is not None:
        chosen, every = stays, (*every, stays)
    made = _written(request, as_demanded(problem, chosen), every, default, scarce=tokens is not None)
    return replace(made, known=tuple(other.strategy for other in others)), chosen


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
        only = replace(choices, strategies=(strategy,))
        own = (
            tuple(c for c in found if c.strategy == strategy)
            if strategy == winner
            else search(asked, only, thorough=options.neighbours)
        )
        made, _ = _best_of_all(asked, only, own)
        if made.fits:
            yield made


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
    """The request with the devices that llama.cpp takes by itself for whole layers, where the line leaves them open: -sm tensor takes any."""
    wanted, gpus = request.launch.constraints, request.machine.gpus
    if wanted.devices is not None or len(gpus) < 2:
        return request
    named = replace(wanted, devices=tuple(gpus[i].name for i in default_order(gpus)))
    return replace(request, launch=replace(request.launch, constraints=named))


def _best_of_all(
    problem: Problem, choices: Choices, found: tuple[Candidate, ...]
) -> tuple[Candidate, tuple[Candidate, ...]]:
    """The best of what was found and of what others would launch, with the threshold that it calls for; and all of them."""
    options = problem.request.options
    fitting = [c.weight for c in found if c.fits]
    if not fitting:
        return best(found), found
    # for many devices llama.cpp's own fit takes longer than all else: a page without reasons shows it where it may win
    lists = options.thorough and (options.neighbours or len(problem.devices) <= SEARCHED)
    limit = inf if lists else min(fitting)
    rivals = lists or options.strategy == "auto"
    every = (*found, *(baselines(problem, choices.load_modes[0], limit, found) if rivals else ()))
    if options.strategy == "auto" and not any(c.strategy == MOE_CACHE for c in found):
        every = (*every, *with_cache(problem, choices, every))
        every = (*every, *with_cache_elsewhere(problem, choices, every))
    chosen = best(found if options.strategy != "auto" else every)
    if chosen.strategy in {LLAMA_FIT, CPU_MOE}:
        every = (*every, *_in_other_modes(problem, choices, chosen))
        chosen = best(every)
    if options.strategy == "auto":
        every = _refined(problem, choices, every, chosen)
        chosen = best(every)
    better = (chosen, *_with_other_thresholds(problem, choices, chosen))
    better = (*better, *in_listed_order(problem, choices, best(better)))
    every = (*every, *better[1:])
    if options.strategy != "auto":
        return _lightest(better), every
    chosen = _lightest(every)
    if chosen.prediction.seconds > best(every).prediction.seconds:
        # the order of its devices decided: until now a cache was tried beside faster ones alone
        every = (*every, *_cached_like(problem, choices, chosen))
        chosen = _lightest(every)
    if (
        len(problem.devices) > SEARCHED
    ):  # steps times layers times devices, for 2% at the most where it was seen to gain
        return chosen, every
    full = filled(problem, chosen)
    if full is not chosen:
        every = (*every, full, *_cached_like(problem, choices, full))
    return _lightest(every), every


def _lightest(found: Sequence[Candidate]) -> Candidate:
    """What is chosen of several, some of which fit: by seconds and by how far its devices are from the machine's order."""
    return min((c for c in found if c.fits), key=lambda c: (c.weight, c.order))


def _with_other_thresholds(problem: Problem, choices: Choices, chosen: Candidate) -> list[Candidate]:
    """The launch with the threshold for copies that it calls for; and what is best without any, where nothing is on devices."""
    if problem.request.launch.constraints.op_offload_min_batch is not None:
        return []
    ways = [chosen]
    if problem.devices and set(chosen.settled.placement.slots) == {CPU}:
        ways += _without_copies(problem, choices)
    better = [way for way in (with_threshold(problem, way) for way in ways if way.fits) if way is not None]
    better += ways[1:]
    if problem.request.options.strategy == "auto":
        better += [made for way in better for made in _cached_like(problem, choices, way)]
    return better


def _refined(
    problem: Problem, choices: Choices, every: tuple[Candidate, ...], chosen: Candidate
) -> tuple[Candidate, ...]:
    """With what is near the best without an expert cache, where that may win; without the caches that are then not worth it."""
    start = start_of_refinement(problem, every)
    if start is None or (len(problem.devices) > EVERY and start.weight > _NEAR * chosen.weight):
        return every
    nearer = refined(problem, choices, start, chosen.weight)
    limit = min((one.weight for one in nearer), default=inf)
    worth = (c for c in every if not c.settings.moe_cache or is_worth(c, limit))
    # what was tried beside the layouts before them may be worth it beside the last
    return (*worth, *nearer, *(with_cache(problem, choices, nearer[-1:]) if limit < chosen.weight else ()))


def _in_other_modes(problem: Problem, choices: Choices, rival: Candidate) -> Iterator[Candidate]:
    """What a rival would launch, in the other load modes."""
    for mode in choices.load_modes:
        loaded = problem.launch(rival.settings.ubatch, mode).load_mode
        if loaded != rival.settings.load_mode:
            launch = replace(rival.settings, load_mode=loaded)
            yield score(problem, rival.strategy, launch, placed_with(problem.request, rival.settled, launch))


def _cached_like(problem: Problem, choices: Choices, made: Candidate) -> tuple[Candidate, ...]:
    """A launch with another threshold for copies, or without any, with an expert cache: either alone may gain nothing."""
    launch, own = problem.request.launch, made.settings
    if own.moe_cache:
        return ()
    fixed = replace(
        launch.constraints, op_offload_min_batch=own.op_offload_min_batch, op_offload=own.op_offload
    )
    request = replace(problem.request, launch=replace(launch, constraints=fixed))
    # a cache may call for another load mode: its misses are copied
    alike = replace(choices, ubatches=(own.ubatch,))
    return with_cache(replace(problem, request=request), alike, [made])


def _without_copies(problem: Problem, choices: Choices) -> list[Candidate]:
    """What is best on devices if nothing is copied, with an expert cache too: the link may be what kept every layer off them."""
    priced = priced_without_copies(problem)
    found = search(priced, choices, thorough=False)
    if problem.request.options.strategy == "auto" and any(c.fits for c in found):
        found = (*found, *with_cache(priced, choices, found))
    way = best(found)
    return [score(problem, way.strategy, way.settings, way.settled)] if way.fits else []


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
