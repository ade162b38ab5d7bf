"""The hyper-parameters that memory depends on, per layer, as llama.cpp derives them from the header.

source: src/llama-model.cpp, llama_model_base::load_hparams; src/llama-hparams.cpp
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from moefit.memory.memo import per_object
from moefit.model.architectures import UNKNOWN, Indexer, Recurrent, architecture
from moefit.model.recurrent import recurrent_layers
from moefit.model.windows import windows
from moefit.values import dataclass

if TYPE_CHECKING:
    from moefit.model import Hyperparameters, Layer, Model
    from moefit.model.architectures import Architecture


@dataclass(frozen=True, slots=True)
class Attention:
    """What one layer caches for a token, in elements."""

    key: int
    value: int
    windowed: bool = False
    """A sliding-window layer: its cache holds a window, not the context."""


@dataclass(frozen=True, slots=True)
class State:
    """What one layer keeps for a sequence, in f32 elements."""

    conv: int
    """R: the rolling inputs of the convolution or of the token shift (llama_hparams::n_embd_r)."""
    recurrent: int
    """S: the recurrent state (llama_hparams::n_embd_s)."""
    history: int = 0
    """P: the history of the n-gram embedding's convolution (llama_hparams::ple_conv_state)."""


@dataclass(frozen=True, slots=True)
class Hparams:
    """A model's memory, layer by layer; None where a layer keeps nothing of that kind."""

    attention: tuple[Attention | None, ...]
    """Blocks of the main context."""
    mtp_attention: tuple[Attention | None, ...]
    """Blocks of the multi-token-prediction context."""
    indexer: tuple[Attention | None, ...]
    mtp_indexer: tuple[Attention | None, ...]
    state: tuple[State | None, ...]
    window: int
    """n_swa, in tokens; 0 without a window."""
    mla: bool
    """The cache holds the compressed row only, so there is no V."""
    widest_value: int = 0
    """The largest V row of any block (n_embd_v_gqa_max), which all get without flash attention; 0 with MLA."""
    blocks: int = 0
    """Blocks without the nextn ones (n_layer)."""
    windowed: tuple[bool, ...] = ()
    """Which blocks attend to a sliding window, those without a cache of their own included."""
    compress: tuple[int, ...] = ()
    """DeepSeek-V4: each layer's compression ratio; empty for the others."""
    head_key: int = 0
    indexer_key: int = 0


@per_object(16)
def hparams(model: Model) -> Hparams:
    """What a model's layers keep, as its header and its architecture's row say."""
    row = architecture(model.architecture)
    keys = model.hparams
    layers = len(model.layers)
    main = sum(not layer.mtp for layer in model.layers)
    recurrent = recurrent_layers(row, keys, model.layers, main)
    window, windowed = windows(row, keys, layers, main, recurrent)
    attention = _attention(keys, windowed, mla=_is_mla(keys) or row.compressed)
    if row.by_tensors:
        attention = [_hinted(a, layer) for a, layer in zip(attention, model.layers, strict=True)]
    cached = _cached_layers(row, keys, layers, recurrent)
    trunk = [il < main or row.nextn_in_main or main == 0 for il in range(layers)]
    indexed = _indexer(row, keys, layers, recurrent)
    return Hparams(
        attention=tuple(a if cached[il] and trunk[il] else None for il, a in enumerate(attention)),
        mtp_attention=tuple(
            a if il >= main and not row.never_loads_mtp else None for il, a in enumerate(attention)
        ),
        indexer=tuple(a if il < main else None for il, a in enumerate(indexed)),
        mtp_indexer=tuple(a if il >= main and row.recurrent else None for il, a in enumerate(indexed)),
        state=tuple(_states(row, keys, layers, main, recurrent)),
        window=window,
        mla=_is_mla(keys),
        windowed=tuple(windowed),
        widest_value=max((a.value for a in attention), default=0),
        blocks=main,
        compress=keys.each("attention.compress_ratios") if row.compressed else (),
        head_key=keys.head_k(),
        indexer_key=keys.integer("attention.indexer.key_length"),
    )


def _is_mla(keys: Hyperparameters) -> bool:
    """source: src/llama-hparams.cpp, llama_hparams::is_mla."""
    return bool(keys.integer("attention.key_length_mla") and keys.integer("attention.value_length_mla"))


def _attention(keys: Hyperparameters, windowed: list[bool], *, mla: bool) -> list[Attention]:
    """source: src/llama-hparams.cpp, n_embd_k_gqa and n_embd_v_gqa."""
    key = {swa: keys.head_k(window=swa) for swa in (False, True)}
    value = {swa: keys.head_v(window=swa) for swa in (False, True)}
    return [
        Attention(keys.kv_heads(il) * key[swa], 0 if mla else keys.kv_heads(il) * value[swa], windowed=swa)
        for il, swa in enumerate(windowed)
    ]


def _hinted(attention: Attention, layer: Layer) -> Attention:
    """An unknown architecture's cache: no narrower than the outputs of its attn_k and attn_v."""
    widths = {t.name: t.shape[1] for t in layer.tensors if len(t.shape) == 2}
    key, value = (widths.get(f"blk.{layer.index}.attn_{part}.weight", 0) for part in "kv")
    return replace(attention, key=max(attention.key, key), value=max(attention.value, value))


def _cached_layers(
    row: Architecture, keys: Hyperparameters, layers: int, recurrent: list[bool]
) -> list[bool]:
    """Which layers have an attention cache: has_kv and the layer filters of create_memory."""
    if row.cacheless or row.attention_free or row.borrows_kv:
        return [False] * layers
    cached = [row.attends_everywhere or not r for r in recurrent]
    if row.recurrent is Recurrent.NO_KV_HEADS_NO_FFN:
        ffn = keys.each("feed_forward_length")
        cached = [c and ffn[il] == 0 for il, c in enumerate(cached)]
    first = row.kv_layers
    if row.shares_kv:
        first = layers - keys.integer("attention.shared_kv_layers")
    return [c and (first is None or il < first) for il, c in enumerate(cached)]


def _states(
    row: Architecture, keys: Hyperparameters, layers: int, main: int, recurrent: list[bool]
) -> list[State | None]:
    """source: src/llama-hparams.cpp, n_embd_r and n_embd_s; src/llama-memory-recurrent.cpp."""
    if row.recurrent is None:
        return [None] * layers
    state = State(_conv_elements(keys), _state_elements(row, keys))
    embedded = keys.listed("ple.layers") or ()
    history = _history_elements(keys)
    return [
        (State(state.conv, state.recurrent, history) if il in embedded else state)
        if recurrent[il] and il < main
        else None
        for il in range(layers)
    ]


def _conv_elements(keys: Hyperparameters) -> int:
    embedding = keys.integer("embedding_length")
    if keys.integer("wkv.head_size"):
        return keys.integer("token_shift_count", 2) * embedding
    if short := keys.integer("shortconv.l_cache"):
        return embedding * (short - 1)
    kernel = keys.integer("ssm.conv_kernel")
    if head := keys.integer("kda.head_dim"):
        heads = keys.heads()
        return 3 * (kernel - 1 if kernel else 3) * heads * head
    inner, state, groups = (keys.integer(f"ssm.{k}") for k in ("inner_size", "state_size", "group_count"))
    return (kernel - 1 if kernel else 0) * (inner + 2 * groups * state)


def _state_elements(row: Architecture, keys: Hyperparameters) -> int:
    heads = keys.heads()
    if size := keys.integer("wkv.head_size"):
        return keys.integer("embedding_length") * size
    if head := keys.integer("kda.head_dim"):
        return head * head * heads
    matrix = keys.head_k() ** 2 * heads
    if row.linear_attention:
        return matrix
    state = keys.integer("ssm.state_size") * keys.integer("ssm.inner_size")
    return state or (matrix if row.by_tensors else 0)


def _history_elements(keys: Hyperparameters) -> int:
    heads = (keys.integer("ple.ngram_size") - 1) * keys.integer("ple.heads_per_ngram")
    kernel = keys.integer("ple.conv_kernel")
    if heads <= 0 or not kernel:
        return 0
    streams = keys.integer("hyper_connection.count")
    return (kernel - 1) * keys.integer("ple.ngram_size") * streams * keys.integer("embedding_length")


def _indexer(
    row: Architecture,
    keys: Hyperparameters,
    layers: int,
    recurrent: list[bool],
) -> list[Attention | None]:
    """The indexer's keys: one head, K only beside MLA (llama-kv-cache-dsa.cpp, -msa.cpp, llama-memory-hybrid-idx.cpp)."""
    size = keys.integer("attention.indexer.key_length")
    if row.indexer is None or not size or not keys.integer("attention.indexer.top_k", row is UNKNOWN):
        return [None] * layers
    types = keys.each("attention.indexer.types")
    told = keys.has("attention.indexer.types")
    leading = keys.integer("leading_dense_block_count")
    has = {
        Indexer.EVERY_LAYER: [True] * layers,
        Indexer.FULL: [bool(types[il]) if told else row.indexer_default(keys, il) for il in range(layers)],
        Indexer.SPARSE: [il >= leading for il in range(layers)],
        Indexer.ATTENTION: [True] * layers,
    }[row.indexer]
    pools = keys.integer("attention.indexer.kpool") or keys.most("attention.compress_ratios")
    size *= row.pooled if row.pooled and pools else 1
    value = 0 if _is_mla(keys) or row.pooled else keys.head_v()
    return [Attention(size, value) if has[il] and not recurrent[il] else None for il in range(layers)]
