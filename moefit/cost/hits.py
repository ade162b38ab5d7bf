"""How often an expert cache is hit, by the share of the experts that it holds."""

from __future__ import annotations

from math import log
from typing import Final

from moefit.cost import constants as c
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class HitRate:
    """Of the experts that tokens use, the share that is found in the cache."""

    least: float
    """With routing that is uniform: what an LRU holds is what it hits."""
    likely: float
    """That with which is reckoned."""
    most: float


NONE: Final = HitRate(0.0, 0.0, 0.0)


def hit_rate(resident: float, misses: float = 1.0) -> HitRate:
    """The hits of an LRU that holds this share of the experts, and those of a whole token at least.

    Reckoned is with routing like that of the published figures, for real models are not uniform, or with `misses` for each one
    of theirs, where this very model ran with a cache (`moefit bench --save`).

    >>> [round(hit_rate(share).likely, 2) for share in (0.125, 0.25, 0.5, 1.0)]
    [0.67, 0.81, 0.93, 1.0]
    >>> round(hit_rate(0.25, misses=0.5).likely, 2)
    0.9
    """
    share = min(1.0, resident)
    real = max(share, 1.0 - misses * c.CACHE_MISSES * (-log(share)) ** c.CACHE_POWER)
    return HitRate(share, real, real)


def miss_factor(seen: float, planned: HitRate) -> float | None:
    """The `misses` with which a cache of such a size is hit as often as was seen; None where its size says nothing.

    >>> round(hit_rate(0.25, miss_factor(0.9, hit_rate(0.25))).likely, 3)
    0.9
    """
    if not 0.0 < planned.least < 1.0:
        return None
    published: float = c.CACHE_MISSES * (-log(planned.least)) ** c.CACHE_POWER
    return (1.0 - seen) / published
