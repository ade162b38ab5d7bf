"""Layers that compute with the tensors of another block, or with none: llama.cpp counts them, caches for them, and places them as layers.

source: src/models/nanbeige.cpp, hrm-text.cpp, granite-switch.cpp: load_arch_hparams and load_arch_tensors
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from moefit.values import dataclass

if TYPE_CHECKING:
    from moefit.model.hyperparameters import Hyperparameters, Number


@dataclass(frozen=True, slots=True)
class Repeated:
    """What the layers of such a model are."""

    hparams: Hyperparameters
    """Those of every layer."""
    blocks: tuple[int | None, ...]
    """For each layer, the block whose tensors it computes with: its own, or an earlier one; None: it has none."""

    @property
    def count(self) -> int:
        """Blocks that have tensors."""
        return 1 + max((block for block in self.blocks if block is not None), default=-1)


def looped(hparams: Hyperparameters) -> Repeated:
    """All blocks, num_loops times."""
    loops = hparams.integer("num_loops", 1)
    every = {
        key: value * loops if _is_each(value, hparams) else value for key, value in hparams.values.items()
    }
    blocks = tuple(range(hparams.blocks)) * loops
    return Repeated(replace(hparams, values=every, blocks=len(blocks)), blocks)


def stacked(hparams: Hyperparameters) -> Repeated:
    """A low stack of blocks so many times, then the high one, and all that again; block_count counts every pass."""
    size, low = hparams.integer("hrm.layers_per_stack"), hparams.integer("hrm.l_cycles")
    cycle = (*tuple(range(size)) * low, *range(size, 2 * size))
    return Repeated(hparams, cycle * hparams.integer("hrm.h_cycles"))


def with_router(hparams: Hyperparameters) -> Repeated:
    """A last layer with one head, whose cache tells which adapter is in use, and without tensors."""
    count = hparams.blocks + 1
    heads = {
        "attention.head_count": (*hparams.each("attention.head_count"), 1),
        "attention.head_count_kv": (*(hparams.kv_heads(i) for i in range(hparams.blocks)), 1),
    }
    every = replace(hparams, values={**hparams.values, **heads}, blocks=count)
    return Repeated(every, (*range(hparams.blocks), None))


def _is_each(value: Number | tuple[Number, ...], hparams: Hyperparameters) -> bool:
    return isinstance(value, tuple) and len(value) == hparams.blocks
