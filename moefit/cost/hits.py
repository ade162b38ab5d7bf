"""How often an expert cache is hit, by the share of the experts that it holds."""

from __future__ import annotations

from math import log
from typing import Final

from moefit.cost import constants as c
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class HitRate:
    """Of the experts that tokens use, the share that is found in the cache."""

    resident: float
    """The share of all experts that the cache holds."""
    least: float
    """With routing that is uniform: what an LRU holds is what it hits."""
    likely: float
    """That with which is reckoned."""
    most: float
    """With routing as uneven as any that was published."""

    @property
    def sure(self) -> bool:
        """Whether nothing else is expected: the model ran with a cache, or it holds all experts, or too few for one token."""
        return self.least == self.most

    def but_for(self, cold: float) -> HitRate:
        """With this share of the uses that no cache can hit, for they are the first of their experts."""
        less = (max(0.0, rate - cold) for rate in (self.least, self.likely, self.most))
        return HitRate(self.resident, *less)


FEW: Final = 16
"""Experts of a layer, of which a share is mostly what one token uses. The published figures are of models with 64 or more; of Mixtral's 8, of which
a token uses 2, an LRU that holds 2 is said to hit 40 to 60%: halfway between the curve (81%) and uniform routing (25%).
source: arxiv.org/abs/2312.17238, as others sum it up"""


LEAST_PUBLISHED: Final = 0.125
"""The least share of the experts whose hits were published, an eighth: below it the curve is drawn on.
source: github.com/ggml-org/llama.cpp/pull/27861"""


def hit_rate(resident: float, misses: float | None = None, *, few: bool = False) -> HitRate:
    """The hits of an LRU that holds this share of the experts, and those of a whole token at least.

    Reckoned is with routing like that of the published figures, for real models are not uniform; or, where this very model ran with
    a cache (`moefit bench --save`), with its own: so many `misses` for each published one, or from 1 to 2 the way on to uniform routing.
    A model with no more than `FEW` experts a layer is reckoned halfway to uniform routing.

    >>> [round(hit_rate(share).likely, 2) for share in (0.125, 0.25, 0.5, 1.0)]
    [0.67, 0.81, 0.93, 1.0]
    >>> [round(hit_rate(share).most, 2) for share in (0.1, 0.3, 1.0)]
    [0.8, 0.95, 1.0]
    >>> round(hit_rate(0.25, few=True).likely, 2)
    0.53
    >>> [round(hit_rate(0.25, misses).likely, 2) for misses in (0.5, 1.0, 2.0)]
    [0.9, 0.81, 0.25]
    """
    share = min(1.0, resident)
    published = _published(share)
    if misses is not None:
        onwards = min(1.0, max(0.0, misses - 1.0)) * (1.0 - share - published)
        seen = 1.0 - min(1.0, misses) * published - onwards
        return HitRate(share, seen, seen, seen)
    fewest = c.CACHE_FEWEST_MISSES * (-log(share)) ** c.CACHE_FEWEST_POWER
    likely = (share + 1.0 - published) / 2 if few else 1.0 - published
    return HitRate(share, share, likely, max(1.0 - published, 1.0 - fewest))


def _published(share: float) -> float:
    """The share of uses that miss; never more than with uniform routing."""
    misses: float = c.CACHE_MISSES * (-log(share)) ** c.CACHE_POWER
    return min(1.0 - share, misses)


def miss_factor(seen: float, resident: float) -> float | None:
    """The `misses` with which a cache of such a size is hit as often as was seen; None where its size says nothing.

    >>> [round(hit_rate(0.25, miss_factor(seen, 0.25)).likely, 3) for seen in (0.9, 0.5, 0.25, 0.2)]
    [0.9, 0.5, 0.25, 0.25]
    """
    if not 0.0 < resident < 1.0:
        return None
    published = _published(resident)
    beyond = 1.0 - seen - published
    if beyond <= 0.0:
        return (1.0 - seen) / published
    return 1.0 + min(1.0, beyond / max(beyond, 1.0 - resident - published))
