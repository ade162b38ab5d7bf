"""The best of all: of what a search found, of what others would launch, and of what each calls for: a threshold, a cache, an order of devices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf
from typing import Final

from moefit.machine.types import CPU
from moefit.search.baselines import CPU_MOE, LLAMA_FIT, baselines
from moefit.search.candidate import Candidate, best, score
from moefit.search.choices import Choices
from moefit.search.leftover import filled
from moefit.search.listed import in_listed_order
from moefit.search.moe_cache import MOE_CACHE
from moefit.search.moe_cache.choose import is_worth, with_cache
from moefit.search.moe_cache.elsewhere import with_cache_elsewhere
from moefit.search.openings import SEARCHED
from moefit.search.problem import Problem
from moefit.search.refine import EVERY, is_refined, refined, start_of_refinement
from moefit.search.search import search
from moefit.search.settled import placed_with
from moefit.search.threshold import priced_without_copies, with_threshold

_NEAR: Final = 1.1
"""Times as long as the best: where devices are many, what takes more is not refined."""


def best_of_all(
    problem: Problem, choices: Choices, found: tuple[Candidate, ...]
) -> tuple[Candidate, tuple[Candidate, ...]]:
    """The best of what was found and of what others would launch, with the threshold that it calls for; and all of them."""
    options = problem.request.options
    fitting = [c.weight for c in found if c.fits]
    if not fitting:
        return best(found), found
    if options.strategy != "auto":
        found = (*found, *_near(problem, choices, found))
    every = (*found, *_rivals(problem, choices, found, min(fitting)))
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
    return _with_what_is_left(problem, choices, every)


def _rivals(
    problem: Problem, choices: Choices, found: tuple[Candidate, ...], fastest: float
) -> tuple[Candidate, ...]:
    """What others would launch, where a page lists it or it may win."""
    options = problem.request.options
    # for many devices llama.cpp's own fit takes longer than all else: a page without reasons shows it where it may win
    lists = options.thorough and (options.neighbours or len(problem.devices) <= SEARCHED)
    if not lists and options.strategy != "auto":
        return ()
    return tuple(baselines(problem, choices.load_modes[0], inf if lists else fastest, found))


def _with_what_is_left(
    problem: Problem, choices: Choices, every: tuple[Candidate, ...]
) -> tuple[Candidate, tuple[Candidate, ...]]:
    """The best by its devices' order, too, with the room that it leaves taken; and all of them."""
    chosen = _lightest(every)
    if chosen.prediction.seconds > best(every).prediction.seconds:
        # the order of its devices decided: until now a cache was tried beside faster ones alone
        every = (*every, *_cached_like(problem, choices, chosen))
        chosen = _lightest(every)
    # steps times layers times devices, for 2% at the most where it was seen to gain
    if len(problem.devices) > SEARCHED:
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


def _near(problem: Problem, choices: Choices, found: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """What is near the best of what base-first found, where that is what is asked for, and faster."""
    start = start_of_refinement(problem, found)
    return refined(problem, choices, start) if start is not None and is_refined(problem) else ()


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
