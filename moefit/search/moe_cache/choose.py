"""Whether an expert cache is worth its room: the drafts that promise most are measured, and held to the fastest launch without one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf
from typing import Final

from moefit.cost import Prediction
from moefit.cost.cached_steps import MISSES
from moefit.cost.hits import LEAST_PUBLISHED
from moefit.search.candidate import Candidate
from moefit.search.choices import Choices
from moefit.search.cpu_share import with_cpu_share
from moefit.search.moe_cache.drafts import Draft, drafted, drafted_of_those_there
from moefit.search.moe_cache.measured import balanced, measured
from moefit.search.moe_cache.start import start_with
from moefit.search.problem import Problem

_UNSURE: Final = 0.05
"""The part that the least hits have in what a cache is weighed by: one model in twenty may route that evenly. So a cache that gains a few
per cent if routing is as published, and takes several times as long if it is not, is left out."""

_UNPUBLISHED: Final = 0.2
"""That part of a cache that holds less than `LEAST_PUBLISHED`: its hits are the published ones drawn on. Qwen3-Next-80B on an H200 with 0.05 resident
was hit 18 to 23%, where the curve has 45 (benchmarks/gpu/README.md, leases 5 and 10)."""


_CLOSE: Final = 1.02
"""Against the most promising draft, how much slower one may seem that is measured, too: its compute buffers are not known yet."""


def with_cache(problem: Problem, choices: Choices, found: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Candidates with an expert cache that are faster than every one found, and not only if routing is as uneven as is usual.

    None where the user or the program decides otherwise.
    """
    if problem.request.launch.constraints.moe_cache:
        return tuple(with_cpu_share(problem, found))
    start = start_with(problem, choices, found)
    if start is None:
        return ()
    fastest = min(c.prediction.seconds for c in found if c.fits)
    split = balanced(problem, start)
    for one in (start,) if split is start else (split, start):
        usual = list(drafted(problem, choices, one))
        for drafts in (usual, drafted_of_those_there(problem, one, usual)):
            promising = _most_promising(problem, one, [d for d in drafts if d.seconds < fastest])
            if made := tuple(c for c in promising if is_worth(c, fastest)):
                return made
    return ()


def is_worth(candidate: Candidate, fastest: float) -> bool:
    """Whether it is faster than so many seconds, weighed with what uniform routing would cost."""
    rate = candidate.prediction.hit_rate
    unsure = _UNPUBLISHED if rate is not None and rate.resident < LEAST_PUBLISHED else _UNSURE
    return candidate.prediction.seconds + unsure * lost_if_even(candidate.prediction) < fastest


def _most_promising(problem: Problem, start: Candidate, drafts: Sequence[Draft]) -> Iterator[Candidate]:
    """The drafts that fit once they are measured, the fastest first: the first of those, and what is about as fast."""
    limit = inf
    for draft in sorted(drafts, key=lambda draft: draft.seconds):
        if draft.seconds > limit:
            return
        candidate = measured(problem, start, draft)
        if candidate is not None and candidate.fits:
            limit = min(limit, _CLOSE * draft.seconds)
            yield candidate


def lost_if_even(prediction: Prediction) -> float:
    """Seconds that the misses take more where the model's routing is uniform."""
    rate = prediction.hit_rate
    if rate is None or rate.likely == 1.0:
        return 0.0
    misses = sum(term.seconds for term in prediction.terms if term.name == MISSES)
    return misses * ((1.0 - rate.least) / (1.0 - rate.likely) - 1.0)
