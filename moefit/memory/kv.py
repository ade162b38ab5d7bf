"""Caches and recurrent states: the tensors of each layer, and what they take where.

source: src/llama-model.cpp, llama_model::create_memory, and the constructors of the memory modules it makes
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from moefit.machine.types import CPU
from moefit.memory.buffers import backend_at
from moefit.memory.cache_tensor import CACHE_TYPES, CacheTensor, cache_type
from moefit.memory.cells import Cells, cells_of
from moefit.memory.compressed import compressed_tensors
from moefit.memory.hparams import Attention, Hparams, State, hparams
from moefit.memory.memo import per_object
from moefit.model.architectures import architecture

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from moefit.launch.settings import Settings
    from moefit.machine.backends import Backend
    from moefit.machine.types import Device
    from moefit.model import Model
    from moefit.placement.types import Placement


def kv(
    model: Model, devices: Sequence[Device], settings: Settings, placement: Placement
) -> tuple[tuple[int, ...], int]:
    """Bytes of caches and states: for each device, and for the host.

    A layer's cache lives where its slot does, on the host with --no-kv-offload.
    """
    held = [0] * (len(devices) + 1)  # the host last, which CPU (-1) indexes
    blocks = placement.slots[:-1] if settings.kv_offload else (CPU,) * len(model.layers)
    sizes = {
        device: layer_bytes(model, settings, backend_at(devices, device)) for device in sorted({*blocks})
    }
    for index, device in enumerate(blocks):
        held[device] += sizes[device][index]
    return tuple(held[:-1]), held[-1]


@per_object(64)
def layer_bytes(model: Model, settings: Settings, backend: Backend) -> tuple[int, ...]:
    """Each block's caches and states in buffers of `backend`."""
    return tuple(
        sum(tensor.bytes_in(backend) for tensor in tensors) for tensors in layer_tensors(model, settings)
    )


@per_object(64)
def layer_tensors(model: Model, settings: Settings) -> tuple[tuple[CacheTensor, ...], ...]:
    """The cache and state tensors of each block, those of a multi-token-prediction context included."""
    h = hparams(model)
    c = cells_of(settings)
    layers: list[list[CacheTensor]] = [[] for _ in model.layers]
    _add(layers, _attention_tensors(h, h.attention, c, settings))
    _add(layers, _indexer_tensors(h.indexer, c, settings))
    copies = 1 + (settings.rollback_tokens if architecture(model.architecture).rolls_back else 0)
    _add(layers, (_state_tensors(state, c.sequences * copies) for state in h.state))
    _add(layers, compressed_tensors(h, c, settings, copies))
    if settings.mtp:
        draft = replace(
            settings,
            cache_type_k=settings.draft_cache_type_k,
            cache_type_v=settings.draft_cache_type_v,
        )
        _add(layers, _attention_tensors(h, h.mtp_attention, c, draft))
        _add(layers, _indexer_tensors(h.mtp_indexer, c, draft))
    return tuple(tuple(tensors) for tensors in layers)


def _add(layers: list[list[CacheTensor]], more: Iterable[Iterable[CacheTensor]]) -> None:
    for layer, tensors in zip(layers, more, strict=True):
        layer.extend(tensor for tensor in tensors if tensor.row)


def _attention_tensors(
    h: Hparams, attention: tuple[Attention | None, ...], c: Cells, settings: Settings
) -> Iterable[Iterable[CacheTensor]]:
    """One K and one V a layer; source: src/llama-kv-cache.cpp, llama_kv_cache::llama_kv_cache."""
    key, value = cache_type(settings.cache_type_k), cache_type(settings.cache_type_v)
    # DeepSeek-V4 keeps every slot apart, unified or not.
    c = replace(c, streams=c.sequences) if h.compress else c
    window = c.sequence if settings.swa_full else c.window_cells(h.window)
    for a in attention:
        if a is None:
            yield ()
            continue
        rows = (window if a.windowed else c.sequence) * c.streams
        # Without flash attention V is kept transposed, and every layer gets the widest layer's rows.
        v_row = h.widest_value if settings.flash_attention == "off" else a.value
        yield CacheTensor(a.key, rows, key), CacheTensor(v_row, rows, value)


def _indexer_tensors(
    indexer: tuple[Attention | None, ...], c: Cells, settings: Settings
) -> Iterable[Iterable[CacheTensor]]:
    """source: src/llama-kv-cache-dsa.cpp, llama-kv-cache-msa.cpp, llama-memory-hybrid-idx.cpp."""
    key, value = cache_type(settings.cache_type_k), cache_type(settings.cache_type_v)
    rows = c.sequence * c.streams
    for a in indexer:
        yield (CacheTensor(a.key, rows, key), CacheTensor(a.value, rows, value)) if a else ()


def _state_tensors(state: State | None, rows: int) -> Iterable[CacheTensor]:
    """source: src/llama-memory-recurrent.cpp, llama_memory_recurrent::llama_memory_recurrent."""
    if state is None:
        return ()
    f32 = CACHE_TYPES["f32"]
    return tuple(CacheTensor(n, rows, f32) for n in (state.conv, state.recurrent, state.history))
