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


def hit_rate(resident: float) -> HitRate:
    """The hits of an LRU that holds this share of the experts, and those of a whole token at least.

    Reckoned is with routing like that of the published figures, for real models are not uniform.

    >>> [round(hit_rate(share).likely, 2) for share in (0.125, 0.25, 0.5, 1.0)]
    [0.67, 0.81, 0.93, 1.0]
    """
    share = min(1.0, resident)
    real = max(share, 1.0 - c.CACHE_MISSES * (-log(share)) ** c.CACHE_POWER)
    return HitRate(share, real, real)
