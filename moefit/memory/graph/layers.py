"""Which layers a graph needs: the allocator soon repeats itself, so a few of each kind stand for all.

Two layers are alike when their shapes, caches and homes are. Of a run of like layers three or four are kept, of a repeated sequence of
them two or three: after the first, the allocator finds the same free blocks each time, or two patterns of them in turn, so that what is
left out is left out in pairs (tests/memory compares with whole graphs). Layers with weights on the CPU are alike only if these are of one
size: a device may copy them.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterator, Sequence
from typing import Final

from moefit.memory.graph.blocks import DEEPSTACK
from moefit.memory.graph.context import Homes
from moefit.memory.hparams import Hparams, hparams
from moefit.memory.memo import per_object
from moefit.model import Layer, Model, Tensor
from moefit.values import dataclass

LONGEST_PERIOD: Final = 12
_PAIR: Final = 2
"""Repetitions that are left out together."""

PER_LAYER_KEYS: Final = (
    "attention.head_count",
    "attention.head_count_kv",
    "expert_used_count",
    "feed_forward_length",
    "swiglu_clamp_exp",
    "swiglu_clamp_shexp",
)
"""Keys that a file may give for each layer, and that shape the graph."""


@per_object(16)
def kinds(model: Model, period: int) -> tuple[int, ...]:
    """For each block, a number that like blocks share, wherever they are."""
    seen: dict[Hashable, int] = {}
    memory = hparams(model)
    return tuple(seen.setdefault(_kind(model, memory, layer, period), len(seen)) for layer in model.layers)


def _kind(model: Model, memory: Hparams, layer: Layer, period: int) -> Hashable:
    i = layer.index
    listed = (model.hparams.real(key, layer=i) for key in PER_LAYER_KEYS)
    return (
        tuple((t.name.split(".", 2)[-1], t.shape) for t in _own(layer)),
        memory.attention[i],
        memory.state[i],
        memory.indexer[i],
        memory.windowed[i],
        i % period,
        i < model.hparams.integer(DEEPSTACK),
        tuple(listed),
    )


def is_even(model: Model, period: int) -> bool:
    """Whether all main layers are alike but for some that come first: then every run of several has what any other has."""
    numbers = [n for n, layer in zip(kinds(model, period), model.layers, strict=True) if not layer.mtp]
    return sum(a != b for a, b in itertools.pairwise(numbers)) < 2


@per_object(16)
def alike(model: Model, period: int) -> tuple[int, ...]:
    """For each block, a number that blocks share whose part of a graph is the same: like blocks with tensors of the same types."""
    seen: dict[Hashable, int] = {}
    types = (tuple(t.quant.id for t in _own(layer)) for layer in model.layers)
    return tuple(seen.setdefault(key, len(seen)) for key in zip(kinds(model, period), types, strict=True))


def _own(layer: Layer) -> Iterator[Tensor]:
    return (t for t in layer.tensors if t.name.startswith("blk."))


@dataclass(frozen=True, slots=True)
class Chosen:
    """The layers of a graph, and what tells one choice from another."""

    layers: tuple[int, ...]
    key: Hashable


def choose(
    model: Model, homes: Homes, period: int, *, every_layer: bool, pipelined: bool, sized: bool = True
) -> Chosen:
    """The layers that stand for the main model with everything at home where `homes` says.

    `period`: after how many layers the architecture repeats where tensors do not show it. `every_layer`: leave none out. `pipelined`: inputs
    have copies, which come and go, so that free blocks repeat a layer later. `sized`: layers are told apart by the bytes that they have away
    from home, too; where an operation runs does not depend on those.
    """
    kind_of, names = kinds(model, period), _layer_of(model)
    sizes = _sizes(model) if sized else (0,) * len(kind_of)
    moved: dict[int, list[tuple[str, int, int]]] = {}
    cpu = homes.cpu
    for name, home in homes.tensors.items():
        layer, short, size = names.get(name, (-1, name, 0))
        moved.setdefault(layer, []).append((short, home, size if sized else 0))
    marks: list[Hashable] = [
        (kind, home, sizes[i] if home == cpu else 0, tuple(sorted(moved[i])) if i in moved else None)
        for i, (home, kind, layer_) in enumerate(zip(homes.layers, kind_of, model.layers, strict=True))
        if not layer_.mtp
    ]
    layers = range(len(marks)) if every_layer else representatives(marks, 3 if pipelined else 2)
    return Chosen(tuple(layers), tuple(marks[i] for i in layers))


def largest_of_each_kind(model: Model, homes: Homes, period: int) -> tuple[int, ...]:
    """Of each kind, home and set of tensors elsewhere, the two main layers that have most bytes there."""
    names = _layer_of(model)
    moved: dict[int, list[str]] = {}
    away: dict[int, int] = {}
    for name in homes.tensors:
        layer, short, size = names.get(name, (-1, name, 0))
        moved.setdefault(layer, []).append(short)
        away[layer] = away.get(layer, 0) + size
    groups: dict[Hashable, list[int]] = {}
    for i, (home, kind, layer_) in enumerate(
        zip(homes.layers, kinds(model, period), model.layers, strict=True)
    ):
        if not layer_.mtp:
            groups.setdefault((kind, home, tuple(moved.get(i, ()))), []).append(i)
    largest = (sorted(group, key=lambda i: (-away.get(i, 0), i))[:2] for group in groups.values())
    return tuple(sorted(i for pair in largest for i in pair))


@per_object(8)
def _layer_of(model: Model) -> dict[str, tuple[int, str, int]]:
    """Layer, name within the layer and bytes of each tensor."""
    return {
        t.name: (layer.index, t.name.split(".", 2)[-1], t.bytes)
        for layer in model.layers
        for t in layer.tensors
    }


@per_object(8)
def _sizes(model: Model) -> tuple[int, ...]:
    """For each block, a number that blocks with tensors of the same sizes share."""
    seen: dict[Hashable, int] = {}
    return tuple(seen.setdefault(tuple(t.bytes for t in layer.tensors), len(seen)) for layer in model.layers)


def representatives(marks: Sequence[Hashable], first: int) -> list[int]:
    """Positions that stand for the whole sequence: of like marks so many and the last, of longer blocks one and the last, an even number between them left out.

    >>> representatives("aaaaaaa", 2), representatives("aaaaaa", 2), representatives("abcabcabcabcx", 2)
    ([0, 1, 6], [0, 1, 4, 5], [0, 1, 2, 9, 10, 11, 12])
    """
    numbers: dict[Hashable, int] = {}
    kinds = [numbers.setdefault(mark, len(numbers)) for mark in marks]
    kept = list(range(len(kinds)))
    for period in range(1, LONGEST_PERIOD + 1):
        kept = _without_repetitions(kept, kinds, period, first if period == 1 else 1)
    return kept


def _without_repetitions(positions: list[int], kinds: Sequence[int], period: int, first: int) -> list[int]:
    """Positions without pairs of any block of `period` kinds between the first ones and the last."""
    kept: list[int] = []
    before: list[int] = []
    ahead = [kinds[p] for p in positions]
    i, n = 0, len(positions)
    while i < n:
        block = ahead[i : i + period]
        after = i + _PAIR * period
        if ahead[i + period : after + period] == block * _PAIR and before[-first * period :] == block * first:
            i = after
        else:
            kept.append(positions[i])
            before.append(ahead[i])
            i += 1
    return kept
