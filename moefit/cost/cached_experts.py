"""The expert cache as a token meets it: layers that share slots, what their experts cost, and how often they are there.

source: src/llama-moe-cache.cpp (get_slot_map, copy, copy_experts)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moefit.cost.hits import FEW, HitRate, hit_rate
from moefit.cost.token_load import Load, together
from moefit.memory.memo import per_object
from moefit.memory.moe_cache import MAX_BATCH, served
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from moefit.cost.work import Work
    from moefit.memory.moe_cache import Group


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
        return hit_rate(resident, self.misses, few=self.group.experts <= FEW).but_for(self.cold)


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
