"""How many heads a layer's attention has, and of what size."""

from __future__ import annotations

from moefit.memory.graph.context import Context
from moefit.model import MissingError
from moefit.model.shared_caches import owner
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Heads:
    """Shape of one layer's attention."""

    q: int
    """Query heads."""
    kv: int
    """Heads in the cache."""
    k: int
    """Values of a query or key head."""
    v: int
    """Values of a value head."""
    window: bool = False
    """Uses the sliding-window cache."""


def heads_of(c: Context, layer: int) -> Heads:
    """The layer's heads by its hyper-parameters; with a window where the layer has one.

    Raises:
        MissingError: it has none, and attends all the same.
    """
    hp = c.hp
    if not hp.heads(layer) or not hp.kv_heads(layer):
        raise MissingError("attention.head_count")
    window = c.memory.windowed[layer]
    return Heads(
        hp.heads(layer),
        hp.kv_heads(layer),
        hp.head_k(window=window),
        hp.head_v(window=window),
        window,
    )


def cache_owner(c: Context, layer: int) -> int:
    """The layer whose cache a layer without one reads."""
    count = sum(cached is not None for cached in c.memory.attention)
    return owner(count, windowed=c.memory.windowed[layer])
