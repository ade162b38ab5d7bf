"""What would run if the user allowed one thing more: paging, smaller caches, less context, or one of their own options changed.

Each change is first sketched, with the compute buffers of the launch that failed: weights, caches and RAM are exact then. What
the sketch lets fit is ranked by its predicted time, and planned in full, the best first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from moefit.errors import UsageError
from moefit.planning.changes import Change, Numbered, changed, changes
from moefit.planning.context_size import least_context, wanted_context
from moefit.planning.frame import frame
from moefit.planning.sketched import Placed, placed, sketched, without_buffers
from moefit.planning.types import Alternative, Plan
from moefit.search.candidate import Candidate
from moefit.search.choices import open_choices
from moefit.search.request import Request
from moefit.search.search import lacks_least

Planned = Callable[[Request, int | None], tuple[Plan, Candidate]]
"""Plans a request in full, for so many tokens of context where those are known."""
_T = TypeVar("_T")
_ALIKE: Final = 1.03
"""Times as long that count as the same."""
_TRIES: Final = 3
"""A change by a number is planned at most so often: the compute buffers of one try tell how far the next must go."""


def alternatives(request: Request, closest: Candidate, planned: Planned) -> Iterator[Alternative]:
    """Lines that would run, the fastest first; only one unless the user wants to see every candidate.

    Args:
        request: what nothing fits.
        closest: what lacks least.
        planned: the planner.
    """
    quick = replace(request, options=replace(request.options, thorough=False))
    found: list[tuple[float, int, Alternative]] = []
    for place, change in _most_promising(quick, closest):
        if (made := _made(quick, change, closest, planned)) is not None:
            found.append((made.plan.prediction.seconds, place, made))
            if not request.options.thorough:
                break
    yield from (made for *_, made in _ranked(found))


def _most_promising(request: Request, closest: Candidate) -> list[tuple[int, Change | Numbered]]:
    """What fits by a sketch, the fastest first, each with its place among the changes."""
    worth: list[tuple[float, int, Change | Numbered]] = []
    for place, change in enumerate(changes(request, closest)):
        picked = _worth_a_plan(request, change, closest)
        if picked is not None:
            seconds = sketched(changed(request, picked), _known(picked, closest)).prediction.seconds
            worth.append((seconds, place, change))
    return [(place, change) for _, place, change in _ranked(worth)]


def _ranked(worth: Sequence[tuple[float, int, _T]]) -> Iterator[tuple[float, int, _T]]:
    """The fastest first, by seconds and place; of those about as fast what costs least, which has the first place."""
    rest = sorted(worth, key=lambda one: one[:2])
    while rest:
        near = (one for one in rest if one[0] <= _ALIKE * rest[0][0])
        first = min(near, key=lambda one: one[1])
        rest.remove(first)
        yield first


def _made(
    request: Request, change: Change | Numbered, closest: Candidate, planned: Planned
) -> Alternative | None:
    """The change, planned; None where it does not fit after all.

    Of devices a sketch may promise too much: where they were what failed, the smallest buffers say first whether anything fits.
    """
    for _ in range(_TRIES):
        picked = _worth_a_plan(request, change, closest)
        if picked is None:
            return None
        wanted = changed(request, picked)
        try:
            smallest = _smallest(wanted) if closest.settled.shortfall else None
            if smallest is None or smallest.fits:
                plan, closest = planned(wanted, _known_context(request, closest))
                if plan.fits:
                    return Alternative(picked.words, picked.why, plan)
            else:
                closest = smallest
        except UsageError:  # llama.cpp would refuse it
            return None
        if isinstance(change, Change):
            return None
        change = replace(change, most=picked.number)
    return None


def _smallest(request: Request) -> Candidate:
    """What lacks least with the smallest micro-batch, and with as little context as a plan gives way to where the line leaves it open."""
    problem = frame(request, least_context(request.launch.constraints, request.model))
    return lacks_least(problem, open_choices(problem))


def _known_context(request: Request, closest: Candidate) -> int | None:
    """The context of the launch that failed, where the line leaves it open and no change makes more of it."""
    constraints, tokens = request.launch.constraints, closest.settings.context
    is_full = constraints.context is None and tokens == wanted_context(constraints, request.model)
    return tokens if is_full else None


def _worth_a_plan(request: Request, change: Change | Numbered, closest: Candidate) -> Change | None:
    """The change that is worth a plan: of numbers, the largest that fits by its sketch.

    The buffers of a launch with a far larger number may be what lets none fit: then the largest that would without any, whose plan
    says how large they are.
    """
    if isinstance(change, Change):
        return change if _would_fit(request, change, _known(change, closest)) else None
    known = placed(closest)
    return _largest(request, change, known) or _largest(request, change, without_buffers(known))


def _known(change: Change, closest: Candidate) -> Placed:
    known = placed(closest)
    return without_buffers(known) if change.buffers else known


def _largest(request: Request, change: Numbered, known: Placed) -> Change | None:
    low, high = change.least - 1, change.most
    while high - low > 1:
        middle = (low + high) // 2
        if _would_fit(request, change.make(middle), known):
            low = middle
        else:
            high = middle
    return change.make(low) if low >= change.least else None


def _would_fit(request: Request, change: Change, known: Placed) -> bool:
    try:
        return sketched(changed(request, change), known).fits
    except UsageError:
        return False
