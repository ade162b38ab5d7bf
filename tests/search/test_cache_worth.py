"""What an expert cache must gain, by how much is known of its hits."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from moefit.cost.cached_steps import MISSES
from moefit.cost.hits import hit_rate
from moefit.search.moe_cache.choose import is_worth, lost_if_even


def cached(resident: float) -> SimpleNamespace:
    """A line of ten seconds, half of them misses of a cache that holds this share of the experts."""
    missed = SimpleNamespace(name=MISSES, seconds=5.0)
    return SimpleNamespace(
        prediction=SimpleNamespace(seconds=10.0, terms=[missed], hit_rate=hit_rate(resident))
    )


@pytest.mark.parametrize(("resident", "part"), [(0.05, 0.2), (0.124, 0.2), (0.125, 0.05), (0.5, 0.05)])
def test_a_cache_smaller_than_any_whose_hits_were_published_must_gain_more(resident, part):
    """`part` of what uniform routing would cost."""
    gain = part * lost_if_even(cached(resident).prediction)

    assert [False, True] == [is_worth(cached(resident), 10.0 + gain + more) for more in (-1e-6, 1e-6)]
