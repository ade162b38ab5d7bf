"""What the expert cache is worth in a launch: experts that it holds are read at the device's rate, the others cross the link first.

source: src/llama-moe-cache.cpp (get_slot_map, copy, copy_experts)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from moefit.cost import constants as c
from moefit.cost.hits import HitRate
from moefit.machine.types import CPU

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moefit.cost.cached_experts import Cached
    from moefit.cost.run import Run

MISSES: Final = "misses"
"""The term for experts that are uploaded."""


def token_terms(run: Run, cached: Cached, tokens: int) -> Iterator[tuple[str, str, float]]:
    """The terms of one step of so many tokens: (what, where, seconds)."""
    device = cached.group.device
    read = cached.load.expert_read * run.work.distinct(tokens) / run.work.distinct(1)
    missed = 1.0 - cached.hit_rate(run.work, tokens).likely
    yield "weights", run.name(device), read / run.rates[device].read
    uploads, computed = _misses(run, cached, missed, tokens)
    yield MISSES, run.name(device), uploads
    yield MISSES, "CPU", max(0.0, computed - uploads)
    yield "lookups", run.name(device), len(cached.group.layers) * c.CACHE_LOOKUP


def _misses(run: Run, cached: Cached, missed: float, tokens: int) -> tuple[float, float]:
    """Seconds of the link and of the CPU for the misses of a step, which they share and work on at once.

    source: docs/moe-cache.md of b12191, --moe-cache-cpu-share: read, not run
    """
    share = run.settings.moe_cache_cpu_share
    experts = run.work.distinct(tokens) / run.work.distinct(1)
    read = missed * cached.load.expert_read * experts
    copies = missed * run.work.experts * run.work.distinct(tokens) * cached.load.expert_tensors
    uploads = (1.0 - share) * (read / cached.upload + copies * c.CACHE_UPLOAD)
    if not share:
        return uploads, 0.0
    work = missed * cached.load.expert_work * tokens
    visits = len(cached.group.layers) * run.hop(cached.group.device, CPU)
    return uploads, visits + run.host.seconds(share * read, share * work)


def overall(run: Run) -> HitRate | None:
    """The hits of all groups together, each weighed by what its experts are read; None where decode does not use the cache."""
    serving = [cached for cached in run.cached if cached.serves(run.work, 1)]
    read = sum(cached.load.expert_read for cached in serving)
    if not read:
        return None
    rates = [(cached.hit_rate(run.work, 1), cached.load.expert_read / read) for cached in serving]
    return HitRate(
        sum(rate.resident * part for rate, part in rates),
        sum(rate.least * part for rate, part in rates),
        sum(rate.likely * part for rate, part in rates),
        sum(rate.most * part for rate, part in rates),
    )


def decode_doubt(run: Run, seconds: float, misses: float) -> tuple[float, float]:
    """The rate of decode with the least and with the most hits, against the predicted one.

    Args:
        run: the launch.
        seconds: of the predicted decode.
        misses: of them, those that uploads take.
    """
    rate = overall(run)
    if rate is None or not misses or rate.likely == 1.0:
        return 1.0, 1.0
    least, most = ((1.0 - hits) / (1.0 - rate.likely) for hits in (rate.least, rate.most))
    return seconds / (seconds + misses * (least - 1.0)), seconds / (seconds + misses * (most - 1.0))


def spared(run: Run, tokens: int) -> float:
    """Seconds that a large batch's copies take less, because some experts are copied within the helper."""
    saved = 0.0
    for cached in run.cached:
        if cached.group.device == run.helper:
            held = cached.group.resident * cached.load.expert_bytes * run.work.distinct(tokens)
            copies = cached.load.expert_tensors * cached.group.experts * cached.group.resident
            within = 2.0 * held / run.rates[run.helper].read
            saved += max(
                0.0, held / run.copy - within - copies * (2.0 - cached.group.resident) * c.CACHE_FRAGMENT
            )
    return saved
