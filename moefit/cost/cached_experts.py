"""What the expert cache is worth: experts that it holds are read at the device's rate, the others cross the link first.

source: src/llama-moe-cache.cpp (get_slot_map, copy, copy_experts)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from moefit.cost import constants as c
from moefit.cost.hits import HitRate, hit_rate
from moefit.cost.work import Load, together
from moefit.machine.types import CPU
from moefit.memory.memo import per_object
from moefit.memory.moe_cache import MAX_BATCH, served
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from moefit.cost.run import Run
    from moefit.cost.work import Work
    from moefit.memory.moe_cache import Group

MISSES: Final = "misses"
"""The term for experts that are uploaded."""


@dataclass(frozen=True, slots=True)
class Cached:
    """Layers that share slots, as a token meets them."""

    group: Group
    load: Load
    """What their experts cost, which the placement counts for the CPU."""
    upload: float
    """Bytes per second from RAM to the device."""
    misses: float | None = None
    """For one of the published curve, where this model ran with a cache."""
    cold: float = 0.0
    """Of all uses of experts until the server stops, those that fill slots which were empty."""

    def serves(self, work: Work, tokens: int) -> bool:
        """Whether a batch of so many tokens reads the cache (llama_moe_cache::get_slot_map)."""
        return tokens <= MAX_BATCH and min(tokens * work.experts_used, self.group.experts) <= self.group.slots

    def hit_rate(self, work: Work, tokens: int) -> HitRate:
        """How many hits a step of so many tokens has.

        An LRU that layers share has let go of a layer's experts by the next token, unless it holds those of all its layers.
        """
        step = len(self.group.layers) * self.group.experts * work.distinct(tokens)
        resident = self.group.resident
        if self.group.slots < step:
            return HitRate(resident, 0.0, 0.0, 0.0)
        return hit_rate(resident, self.misses).but_for(self.cold)


def cached_groups(
    work: Work,
    groups: Iterable[Group],
    rates: Sequence[float],
    known: Iterable[tuple[str, float]],
    answered: int = 0,
) -> tuple[Cached, ...]:
    """The groups that have slots.

    Args:
        work: what a token costs.
        groups: of the launch's cache.
        rates: bytes per second from RAM to each device, as the load mode makes them.
        known: how often models miss (Machine.misses).
        answered: tokens that the server generates from its start to its end; 0 for so many that a cache's filling does not count.
    """
    misses = next((factor for model, factor in known if model == work.fingerprint), None)
    return tuple(
        Cached(g, _experts(work, g.layers), rates[g.device], misses, _cold(work, g, answered))
        for g in groups
        if g.slots
    )


def _cold(work: Work, group: Group, answered: int) -> float:
    """Of the experts that so many tokens use, the share that none used before, as long as there are empty slots.

    A slot is filled once, by the first token that uses its expert; prompts neither fill nor empty any.
    """
    if not answered:
        return 0.0
    experts = len(group.layers) * group.experts
    return min(group.slots, experts * work.distinct(answered)) / (experts * work.distinct(1) * answered)


@per_object(64)
def _experts(work: Work, layers: tuple[int, ...]) -> Load:
    """What the matrices of these layers' experts cost; the answer is shared."""
    among = set(layers)
    return together(t.costs for name, t in work.tensors.items() if t.slot in among and served(name))


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
