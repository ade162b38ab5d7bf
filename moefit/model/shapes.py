"""What the shapes of a file's tensors say of its hyper-parameters: llama.cpp makes each tensor as the latter say, and stops where the file has another.

source: src/llama-model-loader.cpp, llama_model_loader::check_tensor_dims; load_arch_tensors of src/models/*.cpp
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Final

from moefit.errors import InputError
from moefit.gguf.header import DAMAGED
from moefit.values import dataclass

if TYPE_CHECKING:
    from moefit.model.hyperparameters import Hyperparameters
    from moefit.model.types import Layer

KEY: Final = ("attention.key_length", "attention.key_length_swa")
VALUE: Final = ("attention.value_length", "attention.value_length_swa")
STATEFUL: Final = ("ssm_", "time_mix", "shortconv.")
"""Tensors of layers with a state, whose attn_* are shaped by that."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """One dimension of a layer's tensor, and the keys that it follows from."""

    tensor: str
    axis: int
    keys: tuple[str, ...]
    """The first is always there, or the dimension says nothing."""
    sizes: Callable[[Hyperparameters, int], set[int]]
    """What a layer's may be."""


def fit(path: str, architecture: str, hparams: Hyperparameters, layers: tuple[Layer, ...]) -> None:
    """Find a hyper-parameter that the tensors of a block contradict.

    Raises:
        InputError: one does; it names the tensor, the keys and their values, and the file.
    """
    bare = next((layer.index for layer in layers if _is_bare(layer, hparams)), None)
    if bare is not None and any(t.name.endswith(".attn_norm.weight") for t in layers[0].tensors):
        raise InputError(
            f"{path}: {architecture}.block_count is {len(layers)}, but no tensor is of block {bare}", DAMAGED
        )
    told = tuple(d for d in DIMENSIONS if hparams.has(d.keys[0]))
    for layer in layers:
        shapes = {t.name.partition(f"blk.{layer.index}.")[2]: t.shape for t in layer.tensors}
        stateful = any(name.startswith(STATEFUL) for name in shapes)
        for d in told:
            shape = shapes.get(d.tensor)
            if shape is None or (stateful and d.tensor.startswith("attn_")):
                continue
            size = shape[d.axis] if d.axis < len(shape) else 1
            if size not in d.sizes(hparams, layer.index):
                said = " and ".join(
                    f"{architecture}.{key} {hparams.integer(key, layer=layer.index)}"
                    for key in d.keys
                    if hparams.has(key)
                )
                raise InputError(
                    f"{path}: blk.{layer.index}.{d.tensor} has {size} {_PARTS[d.axis]}, not as {said} say",
                    DAMAGED,
                )


def _is_bare(layer: Layer, hparams: Hyperparameters) -> bool:
    """Whether a block of the main model has no tensors, though it has heads: those of pruned models (Deci) have none of either."""
    return not (layer.tensors or layer.mtp) and hparams.heads(layer.index) > 0


_PARTS: Final = ("values a row", "rows", "matrices")


def _either(h: Hyperparameters, part: str) -> set[int]:
    """A head's length in layers without and with a window."""
    one = h.head_k if part == "key" else h.head_v
    return {one(), one(window=True), h.integer(f"attention.{part}_length_mla")} - {0}


def _queries(h: Hyperparameters, layer: int) -> set[int]:
    """Queries, or queries and a gate for each."""
    return {n * h.heads(layer) * size for n in (1, 2) for size in _either(h, "key")}


def _keys(h: Hyperparameters, layer: int) -> set[int]:
    return {h.kv_heads(layer) * size for size in _either(h, "key")}


def _values(h: Hyperparameters, layer: int) -> set[int]:
    return {h.kv_heads(layer) * size for size in _either(h, "value")}


def _joined(h: Hyperparameters, layer: int) -> set[int]:
    """Queries, keys and values in one matrix: of as many heads each in some architectures, whatever the cache has."""
    query = _queries(h, layer)
    return {q + k + v for q in query for k in _keys(h, layer) for v in _values(h, layer)} | {
        3 * q for q in query
    }


def _attended(h: Hyperparameters, layer: int) -> set[int]:
    return {h.heads(layer) * size for size in _either(h, "value")}


def _inner(h: Hyperparameters, layer: int) -> set[int]:
    """A dense block's width: both halves of a gated one; half in Qwen, whose file counts gate and up; n_embd in Arctic."""
    inner = h.integer("feed_forward_length", layer=layer)
    return {inner, 2 * inner, inner // 2, h.embd()}


def _expert(h: Hyperparameters, layer: int) -> set[int]:
    """An expert's width; where the file does not say, a dense block's, or that shared out."""
    inner = h.integer("expert_feed_forward_length", layer=layer)
    dense = h.integer("feed_forward_length", layer=layer)
    return {inner} if inner else {dense, dense // max(1, h.experts_used(layer))}


def _latent(h: Hyperparameters, _layer: int) -> set[int]:
    """The compressed row and the rotated part of the key, in layers without and with a window."""
    rank, rope = h.integer("attention.kv_lora_rank"), h.integer("rope.dimension_count", h.head_k())
    return {n + rope for n in (rank, h.integer("attention.kv_lora_rank_swa", rank))}


def _compressed_key(h: Hyperparameters, _layer: int) -> set[int]:
    """What the cache of latent attention holds for a token: a whole compressed row, in layers without and with a window."""
    return {h.head_k(), h.head_k(window=True)}


def _of(*keys: str) -> Callable[[Hyperparameters, int], set[int]]:
    """The product of keys."""

    def size(h: Hyperparameters, layer: int) -> set[int]:
        return {prod(h.integer(key, layer=layer) for key in keys)}

    return size


_HEADS: Final = ("attention.head_count",)
_KV_HEADS: Final = ("attention.head_count", "attention.head_count_kv")
_LATENT: Final = ("attention.kv_lora_rank", "attention.kv_lora_rank_swa", "rope.dimension_count")
_INDEXER: Final = ("attention.indexer.head_count", "attention.indexer.key_length")
_WIDTH: Final = ("embedding_length",)
_STREAMS: Final = ("hyper_connection.count", "embedding_length")

DIMENSIONS: Final = (
    Dimension("attn_norm.weight", 0, _WIDTH, _of(*_WIDTH)),
    Dimension("attn_q.weight", 1, (*_HEADS, *KEY, *_WIDTH), _queries),
    Dimension("attn_k.weight", 1, (*_KV_HEADS, *KEY, *_WIDTH), _keys),
    Dimension("attn_v.weight", 1, (*_KV_HEADS, *VALUE, *_WIDTH), _values),
    Dimension("attn_qkv.weight", 1, (*_KV_HEADS, *KEY, *VALUE, *_WIDTH), _joined),
    Dimension("attn_output.weight", 0, (*_HEADS, *VALUE, *_WIDTH), _attended),
    Dimension("attn_kv_a_mqa.weight", 1, _LATENT, _latent),
    Dimension("attn_kv_a_mqa.weight", 1, ("attention.key_length_mla", *KEY), _compressed_key),
    Dimension("attn_v_b.weight", 1, ("attention.value_length_mla",), _of("attention.value_length_mla")),
    Dimension("attn_q_b.weight", 1, (*_HEADS, *KEY, "attention.key_length_mla"), _queries),
    Dimension("ffn_up.weight", 1, ("feed_forward_length",), _inner),
    Dimension("ffn_down.weight", 0, ("feed_forward_length",), _inner),
    Dimension("ffn_gate_inp.weight", 1, ("expert_count",), _of("expert_count")),
    Dimension("ffn_up_exps.weight", 2, ("expert_count",), _of("expert_count")),
    Dimension("ffn_down_exps.weight", 2, ("expert_count",), _of("expert_count")),
    Dimension("ffn_down_exps.weight", 0, ("expert_feed_forward_length", "feed_forward_length"), _expert),
    Dimension("ssm_out.weight", 0, ("ssm.inner_size",), _of("ssm.inner_size")),
    Dimension("ssm_conv1d.weight", 0, ("ssm.conv_kernel",), _of("ssm.conv_kernel")),
    Dimension("shortconv.conv.weight", 0, ("shortconv.l_cache",), _of("shortconv.l_cache")),
    Dimension("hc_attn_fn.weight", 0, _STREAMS, _of(*_STREAMS)),
    Dimension("hc_attn_inject.weight", 1, _STREAMS[:1], _of(_STREAMS[0])),
    Dimension("indexer.attn_q_b.weight", 1, _INDEXER, _of(*_INDEXER)),
    Dimension("indexer.q_proj.weight", 1, _INDEXER, _of(*_INDEXER)),
    Dimension("indexer.attn_k.weight", 1, _INDEXER[1:], _of(_INDEXER[1])),
)
