"""What the CPU computes of an expert cache's misses, --moe-cache-cpu-share, where the program lists it.

source: docs/moe-cache.md of b12191, which no checked build has: read, not run
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from moefit.search.candidate import Candidate, score
from moefit.search.problem import Problem

SHARE: Final = "--moe-cache-cpu-share"
_SHARES: Final = (0.25, 0.5, 0.75)
"""Of the misses. All of them would leave the link idle, and the cache as it was when it was full."""


def cpu_shares(problem: Problem) -> tuple[float, ...]:
    """The shares that are open: none first, and no other where the user has set one or the program has no such option."""
    launch = problem.request.launch
    set_to = launch.constraints.moe_cache_cpu_share
    if set_to is not None or SHARE not in launch.command.table:
        return (set_to or 0.0,)
    return (0.0, *_SHARES)


def with_cpu_share(problem: Problem, found: Sequence[Candidate]) -> Iterator[Candidate]:
    """Candidates with the user's own cache that are faster where the CPU computes a part of its misses."""
    for candidate in found:
        if not candidate.fits or candidate.settled.footprint.moe_cache is None:
            continue
        for share in cpu_shares(problem)[1:]:
            launch = replace(candidate.settings, moe_cache_cpu_share=share)
            shared = score(problem, candidate.strategy, launch, candidate.settled)
            if shared.fits and shared.prediction.seconds < candidate.prediction.seconds:
                yield shared
