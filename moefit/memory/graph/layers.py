"""Which layers a graph needs: the allocator soon repeats itself, so a few of each kind stand for all.

Two layers are alike when their tensors, caches and homes are. Of a run of like layers, and of a repeated sequence of them, two
repetitions are kept: after the first, the allocator finds the same free blocks each time (tests/memory compares with whole graphs).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Final

from moefit.memory.graph.context import Homes
from moefit.memory.hparams import Hparams, hparams
from moefit.memory.memo import per_model
from moefit.model import Layer, Model, Tensor

REPETITIONS: Final = 3
LONGEST_PERIOD: Final = 12

PER_LAYER_KEYS: Final = (
    "attention.head_count",
    "attention.head_count_kv",
    "expert_used_count",
    "feed_forward_length",
    "swiglu_clamp_exp",
    "swiglu_clamp_shexp",
)
"""Keys that a file may give for each layer, and that shape the graph."""


@per_model(16)
def _kinds(model: Model, period: int, *, types: bool) -> tuple[int, ...]:
    """For each block, a number that like blocks share, wherever they are."""
    seen: dict[Hashable, int] = {}
    memory = hparams(model)
    return tuple(
        seen.setdefault(_kind(model, memory, layer, period, types=types), len(seen)) for layer in model.layers
    )


def _kind(model: Model, memory: Hparams, layer: Layer, period: int, *, types: bool) -> Hashable:
    i = layer.index
    listed = (model.metadata.get(f"{model.architecture}.{key}") for key in PER_LAYER_KEYS)
    return (
        tuple((t.name.split(".", 2)[-1], t.shape, t.bytes if types else 0) for t in _own(layer)),
        memory.attention[i],
        memory.state[i],
        memory.indexer[i],
        memory.windowed[i],
        i % period,
        tuple(value[i] if isinstance(value, tuple) and i < len(value) else None for value in listed),
    )


def _own(layer: Layer) -> Iterator[Tensor]:
    return (t for t in layer.tensors if t.name.startswith("blk."))


def signatures(model: Model, homes: Homes, period: int, *, types: bool) -> list[Hashable]:
    """For each block of the main model, what it is and where it and its exceptions are.

    `types`: the sizes of tensors on the CPU matter, because they may be copied to a device.
    """
    plain, exact = _kinds(model, period, types=False), _kinds(model, period, types=types)
    names = _layer_of(model)
    moved: dict[int, list[tuple[str, int, int]]] = {}
    for name, home in homes.tensors.items():
        layer, short, size = names.get(name, (-1, name, 0))
        moved.setdefault(layer, []).append((short, home, size if types else 0))
    cpu = homes.cpu
    return [
        (exact[i] if home == cpu else plain[i], home, tuple(moved[i]) if i in moved else None)
        for i, (home, layer) in enumerate(zip(homes.layers, model.layers, strict=True))
        if not layer.mtp
    ]


@per_model(8)
def _layer_of(model: Model) -> dict[str, tuple[int, str, int]]:
    """Layer, name within the layer and bytes of each tensor."""
    return {
        t.name: (layer.index, t.name.split(".", 2)[-1], t.bytes) for layer in model.layers for t in layer.tensors
    }


def representatives(marks: Sequence[Hashable]) -> list[int]:
    """Positions that stand for the whole sequence: its first and last, and two of each repetition."""
    kept = list(range(len(marks)))
    for period in range(1, LONGEST_PERIOD + 1):
        kept = _without_repetitions(kept, marks, period)
    return kept


def _without_repetitions(positions: list[int], marks: Sequence[Hashable], period: int) -> list[int]:
    """Positions without the third and later repetitions of any block of `period` marks; the last repetition is kept whole."""
    kept: list[int] = []
    i, n = 0, len(positions)
    while i < n:
        block = [marks[p] for p in positions[i : i + period]]
        before = [marks[p] for p in kept[-REPETITIONS * period :]]
        follows = [marks[p] for p in positions[i + period : i + 2 * period]]
        if len(block) == period and before == block * REPETITIONS and follows == block:
            i += period
        else:
            kept.append(positions[i])
            i += 1
    return kept
