"""The skew of routers in benchmarks/gpu, against the hit rates that were published of an LRU."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks" / "gpu"))

from skew import deviation, hit_rate


@pytest.mark.parametrize(("experts", "used"), [(128, 8), (512, 10), (128, 4)])
@pytest.mark.parametrize(("share", "published", "within"), [(0.25, 0.81, 0.01), (0.125, 0.67, 0.05)])
def test_skewed_routers_hit_what_is_published(
    experts: int, used: int, share: float, published: float, within: float
) -> None:
    skew = deviation(experts, used)
    assert published == pytest.approx(hit_rate(skew, experts, used, share), abs=within)


def test_the_more_skew_the_more_hits() -> None:
    hits = [hit_rate(skew, 128, 8) for skew in (0.0, 0.5, 1.0, 2.0)]
    assert sorted(set(hits)) == hits
