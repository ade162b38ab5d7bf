"""DeepSeek-V4: beside the window, compressed keys and the compressors' states, for every slot apart.

source: src/llama-kv-cache-dsv4.cpp, llama_kv_cache_dsv4::llama_kv_cache_dsv4 and llama_dsv4_comp_state
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from moefit.memory.buffers import pad
from moefit.memory.cache_tensor import CACHE_TYPES, CacheTensor, cache_type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from moefit.launch.settings import Settings
    from moefit.memory.cells import Cells
    from moefit.memory.hparams import Hparams

SPARSE: Final = 4
"""DSV4_CSA_RATIO: such layers have an indexer."""
HEAVY: Final = 128
"""DSV4_HCA_RATIO."""


def compressed_tensors(
    h: Hparams, c: Cells, settings: Settings, copies: int
) -> Iterable[Iterable[CacheTensor]]:
    """The compressed caches and states of each block; none for other architectures.

    copies: rows of state for each slot, more than one when speculation may roll back.
    """
    ratios = h.compress or (0,) * len(h.attention)
    for index, ratio in enumerate(ratios):
        states = c.sequences * copies if index < h.blocks else 0
        if ratio == SPARSE:
            yield _sparse(h, c, settings, states)
        elif ratio == HEAVY:
            yield _heavy(h, c, settings, states)
        else:
            yield ()


def _sparse(h: Hparams, c: Cells, settings: Settings, states: int) -> tuple[CacheTensor, ...]:
    rows = _rows(c, SPARSE)
    key = cache_type(settings.cache_type_k)
    return (
        CacheTensor(h.head_key, rows, key),
        CacheTensor(h.indexer_key, rows, key),
        *_state(2 * h.head_key, 2 * SPARSE * states),
        *_state(2 * h.indexer_key, 2 * SPARSE * states),
    )


def _heavy(h: Hparams, c: Cells, settings: Settings, states: int) -> tuple[CacheTensor, ...]:
    return (
        CacheTensor(h.head_key, _rows(c, HEAVY), cache_type(settings.cache_type_k)),
        *_state(h.head_key, HEAVY * states),
    )


def _rows(c: Cells, ratio: int) -> int:
    """Never unified: every slot has cells for the whole context."""
    return pad(max(1, -(-c.sequence // ratio)), 256) * c.sequences


def _state(elements: int, rows: int) -> tuple[CacheTensor, CacheTensor]:
    """The compressor's inputs and their scores."""
    tensor = CacheTensor(elements, rows, CACHE_TYPES["f32"])
    return tensor, tensor
