"""Headers of Qwen3.5's dense models that people measure with and the recordings lack: three of four layers have a gated delta net.

source: src/models/qwen35.cpp, llama_model_qwen35::load_arch_tensors; shapes as published
"""

from __future__ import annotations

from typing import Final, NamedTuple

from moefit.gguf.header import Header, Shard, SkippedArray, TensorInfo, Value
from tests.cost.dense import TYPES, more_bits
from tests.oracle import QUANT_TYPES


class HybridShape(NamedTuple):
    """A decoder of Qwen3.5's kind."""

    layers: int
    embedding: int
    feed_forward: int
    heads: int
    kv_heads: int
    inner: int
    """Elements of the values of a delta net, all its heads together."""
    tied: bool = False


HYBRIDS: Final = {
    "qwen3.5-4b": HybridShape(32, 2560, 9216, 16, 4, 4096, tied=True),
    "qwen3.5-27b": HybridShape(64, 5120, 17408, 24, 4, 6144),
}
_VOCABULARY: Final = 248320
_HEAD: Final = 256
_STATE: Final = 128
_GROUPS: Final = 16
_INTERVAL: Final = 4
_FUSED: Final = {"Q4_K_M": "q5_K", "Q5_K_M": "q6_K"}
"""What queries, keys and values in one matrix get. source: src/llama-quant.cpp, llama_tensor_get_type"""


def hybrid_header(name: str, quant: str) -> Header:
    """The header a file of that model would have."""
    shape = HYBRIDS[name]
    usual, _, output = TYPES[quant]
    found = [("token_embd.weight", shape.embedding, _VOCABULARY, output if shape.tied else usual)]
    if not shape.tied:
        found.append(("output.weight", shape.embedding, _VOCABULARY, output))
    for layer in range(shape.layers):
        found += _layer(shape, quant, layer)
    tensors, offset = [], 0
    for tensor, rows, columns, kind in found:
        info = TensorInfo(tensor, (rows, columns) if columns else (rows,), QUANT_TYPES[kind], offset)
        tensors.append(info)
        offset += -(-info.bytes // 32) * 32
    shard = Shard(f"{name}-{quant}.gguf", None, offset)
    return Header(3, "little", _metadata(name, shape), tuple(tensors), (shard,))


def _layer(shape: HybridShape, quant: str, layer: int) -> list[tuple[str, int, int, str]]:
    usual, more, _ = TYPES[quant]
    more = more if more_bits(layer, shape.layers) else usual
    width, wide = shape.embedding, shape.feed_forward
    attends = (layer + 1) % _INTERVAL == 0
    mixer = _attention(shape, usual, more) if attends else _delta_net(shape, usual, _FUSED.get(quant, usual))
    block = [
        ("attn_norm.weight", width, 0, "f32"),
        ("post_attention_norm.weight", width, 0, "f32"),
        *mixer,
        ("ffn_gate.weight", width, wide, usual),
        ("ffn_up.weight", width, wide, usual),
        ("ffn_down.weight", wide, width, more),
    ]
    return [(f"blk.{layer}.{tensor}", *rest) for tensor, *rest in block]  # type: ignore[misc]


def _attention(shape: HybridShape, usual: str, more: str) -> list[tuple[str, int, int, str]]:
    query, kv = shape.heads * _HEAD, shape.kv_heads * _HEAD
    return [
        ("attn_q.weight", shape.embedding, 2 * query, usual),  # with a gate for each element
        ("attn_k.weight", shape.embedding, kv, usual),
        ("attn_v.weight", shape.embedding, kv, more),
        ("attn_output.weight", query, shape.embedding, usual),
        ("attn_q_norm.weight", _HEAD, 0, "f32"),
        ("attn_k_norm.weight", _HEAD, 0, "f32"),
    ]


def _delta_net(shape: HybridShape, usual: str, fused: str) -> list[tuple[str, int, int, str]]:
    both, heads = 2 * _GROUPS * _STATE + shape.inner, shape.inner // _STATE
    return [
        ("attn_qkv.weight", shape.embedding, both, fused),
        ("attn_gate.weight", shape.embedding, shape.inner, usual),
        ("ssm_conv1d.weight", 4, both, "f32"),
        ("ssm_dt.bias", heads, 0, "f32"),
        ("ssm_a", heads, 0, "f32"),
        ("ssm_beta.weight", shape.embedding, heads, usual),
        ("ssm_alpha.weight", shape.embedding, heads, usual),
        ("ssm_norm.weight", _STATE, 0, "f32"),
        ("ssm_out.weight", shape.inner, shape.embedding, usual),
    ]


def _metadata(name: str, shape: HybridShape) -> dict[str, Value]:
    return {
        "general.architecture": "qwen35",
        "general.name": name,
        "qwen35.block_count": shape.layers,
        "qwen35.context_length": 262144,
        "qwen35.embedding_length": shape.embedding,
        "qwen35.feed_forward_length": shape.feed_forward,
        "qwen35.attention.head_count": shape.heads,
        "qwen35.attention.head_count_kv": shape.kv_heads,
        "qwen35.attention.key_length": _HEAD,
        "qwen35.attention.value_length": _HEAD,
        "qwen35.attention.layer_norm_rms_epsilon": 1e-06,
        "qwen35.rope.freq_base": 10000000.0,
        "qwen35.rope.dimension_count": 64,
        "qwen35.rope.dimension_sections": (11, 11, 10, 0),
        "qwen35.full_attention_interval": _INTERVAL,
        "qwen35.ssm.conv_kernel": 4,
        "qwen35.ssm.inner_size": shape.inner,
        "qwen35.ssm.state_size": _STATE,
        "qwen35.ssm.time_step_rank": shape.inner // _STATE,
        "qwen35.ssm.group_count": _GROUPS,
        "qwen35.vocab_size": _VOCABULARY,
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": SkippedArray(_VOCABULARY),
    }
