"""Caches and recurrent states: the tensors of each layer, and what they take where.

source: src/llama-model.cpp, llama_model::create_memory, and the constructors of the memory modules it makes
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from moefit.errors import UsageError
from moefit.gguf.quants import QUANTS, QuantType
from moefit.machine.types import CPU
from moefit.memory.buffers import allocated, backend_at
from moefit.memory.cells import Context, context
from moefit.memory.hparams import Attention, Hparams, State, hparams
from moefit.memory.memo import per_model

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from moefit.launch.settings import Settings
    from moefit.machine.backends import Backend
    from moefit.machine.types import Device
    from moefit.model import Model
    from moefit.placement.types import Placement

CACHE_TYPES: Final = {
    quant.name: quant
    for quant in QUANTS.values()
    if quant.name in ("f32", "f16", "bf16", "q8_0", "q4_0", "q4_1", "iq4_nl", "q5_0", "q5_1")
}
"""What -ctk and -ctv take (kv_cache_types in common/arg.cpp)."""


@dataclass(frozen=True, slots=True)
class CacheTensor:
    """One tensor of a cache: `rows` rows of `row` elements."""

    row: int
    rows: int
    quant: QuantType

    def bytes_in(self, backend: Backend) -> int:
        """Bytes in a buffer of that backend."""
        return allocated(self.quant.row_bytes(self.row) * self.rows, self.row, self.quant, backend)


def cache_type(name: str) -> QuantType:
    """The type that -ctk or -ctv names.

    Raises:
        UsageError: llama.cpp has no cache of that type.
    """
    if name not in CACHE_TYPES:
        raise UsageError(f"no KV cache type {name!r}", f"one of {' '.join(CACHE_TYPES)}")
    return CACHE_TYPES[name]


def kv(
    model: Model, devices: Sequence[Device], settings: Settings, placement: Placement
) -> tuple[tuple[int, ...], int]:
    """Bytes of caches and states: for each device, and for the host.

    A layer's cache lives where its slot does, on the host with --no-kv-offload.
    """
    on = [0] * len(devices)
    host = 0
    for index, tensors in enumerate(layer_tensors(model, settings)):
        device = placement.slots[index] if settings.kv_offload else CPU
        size = sum(tensor.bytes_in(backend_at(devices, device)) for tensor in tensors)
        if device == CPU:
            host += size
        else:
            on[device] += size
    return tuple(on), host


@per_model(64)
def layer_tensors(model: Model, settings: Settings) -> tuple[tuple[CacheTensor, ...], ...]:
    """The cache and state tensors of each block, those of a multi-token-prediction context included."""
    h = hparams(model)
    c = context(settings)
    layers: list[list[CacheTensor]] = [[] for _ in model.layers]
    _add(layers, _attention_tensors(h, h.attention, c, settings))
    _add(layers, _indexer_tensors(h.indexer, c, settings))
    _add(layers, (_state_tensors(state, c) for state in h.state))
    if settings.mtp:
        _add(layers, _attention_tensors(h, h.mtp_attention, c, settings))
        _add(layers, _indexer_tensors(h.mtp_indexer, c, settings))
    return tuple(tuple(tensors) for tensors in layers)


def _add(layers: list[list[CacheTensor]], more: Iterable[Iterable[CacheTensor]]) -> None:
    for layer, tensors in zip(layers, more, strict=True):
        layer.extend(tensor for tensor in tensors if tensor.row)


def _attention_tensors(
    h: Hparams, attention: tuple[Attention | None, ...], c: Context, settings: Settings
) -> Iterable[Iterable[CacheTensor]]:
    """One K and one V a layer; source: src/llama-kv-cache.cpp, llama_kv_cache::llama_kv_cache."""
    key, value = cache_type(settings.cache_type_k), cache_type(settings.cache_type_v)
    window = c.sequence if settings.swa_full else c.window_cells(h.window)
    widest = max((a.value for a in attention if a), default=0)
    for a in attention:
        if a is None:
            yield ()
            continue
        rows = (window if a.windowed else c.sequence) * c.streams
        # Without flash attention V is kept transposed, and every layer gets the widest layer's rows.
        v_row = widest if settings.flash_attention == "off" and a.value else a.value
        yield CacheTensor(a.key, rows, key), CacheTensor(v_row, rows, value)


def _indexer_tensors(
    indexer: tuple[Attention | None, ...], c: Context, settings: Settings
) -> Iterable[Iterable[CacheTensor]]:
    """source: src/llama-kv-cache-dsa.cpp, llama-kv-cache-msa.cpp, llama-memory-hybrid-idx.cpp."""
    key, value = cache_type(settings.cache_type_k), cache_type(settings.cache_type_v)
    rows = c.sequence * c.streams
    for a in indexer:
        yield (CacheTensor(a.key, rows, key), CacheTensor(a.value, rows, value)) if a else ()


def _state_tensors(state: State | None, c: Context) -> Iterable[CacheTensor]:
    """source: src/llama-memory-recurrent.cpp, llama_memory_recurrent::llama_memory_recurrent."""
    if state is None:
        return ()
    rows = c.sequences
    f32 = CACHE_TYPES["f32"]
    return tuple(CacheTensor(n, rows, f32) for n in (state.conv, state.recurrent, state.history))
