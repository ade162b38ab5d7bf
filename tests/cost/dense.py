"""Headers of dense models that people measure with and the recordings lack: shapes as published, types as llama-quantize chooses them.

source: src/llama-quant.cpp, llama_tensor_get_type
"""

from __future__ import annotations

from typing import Final, NamedTuple

from moefit.gguf.header import Header, Shard, SkippedArray, TensorInfo, Value
from tests.oracle import QUANT_TYPES


class Shape(NamedTuple):
    """A decoder of Llama's kind."""

    layers: int
    embedding: int
    feed_forward: int
    heads: int
    kv_heads: int
    vocabulary: int
    tied: bool = False
    """The output is the embedding's matrix, read again."""


SHAPES: Final = {
    "llama-2-7b": Shape(32, 4096, 11008, 32, 32, 32000),
    "llama-2-13b": Shape(40, 5120, 13824, 40, 40, 32000),
    "llama-3.2-3b": Shape(28, 3072, 8192, 24, 8, 128256, tied=True),
    "llama-3.3-70b": Shape(80, 8192, 28672, 64, 8, 128256),
    "mistral-7b": Shape(32, 4096, 14336, 32, 8, 32768),
    "mistral-small-24b": Shape(40, 5120, 32768, 32, 8, 131072),
    "ministral-3-14b": Shape(40, 5120, 16384, 32, 8, 131072),
    "devstral-2-123b": Shape(88, 12288, 28672, 96, 8, 131072),
    "phi-4": Shape(40, 5120, 17920, 40, 10, 100352),
    "tinyllama-1.1b": Shape(22, 2048, 5632, 16, 2, 32000),
    "qwen2.5-14b": Shape(48, 5120, 13824, 40, 8, 152064),
    "qwen2.5-7b": Shape(28, 3584, 18944, 28, 4, 152064),
    "qwen2.5-32b": Shape(64, 5120, 27648, 40, 8, 152064),
    "qwen3-1.7b": Shape(28, 2048, 6144, 16, 8, 151936, tied=True),
    "qwen3-4b": Shape(36, 2560, 9728, 32, 8, 151936, tied=True),
    "qwen3-8b": Shape(36, 4096, 12288, 32, 8, 151936),
    "qwen3-32b": Shape(64, 5120, 25600, 64, 8, 151936),
}
_HEAD: Final = 128
TYPES: Final = {
    "Q4_0": ("q4_0", "q4_0", "q6_K"),
    "Q4_K_S": ("q4_K", "q5_K", "q6_K"),
    "Q5_0": ("q5_0", "q5_0", "q6_K"),
    "Q8_0": ("q8_0", "q8_0", "q8_0"),
    "Q3_K_S": ("q3_K", "q3_K", "q6_K"),
    "Q4_K_M": ("q4_K", "q6_K", "q6_K"),
    "Q5_K_M": ("q5_K", "q6_K", "q6_K"),
    "Q6_K": ("q6_K", "q6_K", "q6_K"),
    "BF16": ("bf16", "bf16", "bf16"),
}
"""Of most matrices, of the values' and the last one's in some layers, and of the output."""


def dense_header(name: str, quant: str) -> Header:
    """The header a file of that model would have."""
    shape = SHAPES[name]
    usual, _, output = TYPES[quant]
    found = [("token_embd.weight", shape.embedding, shape.vocabulary, output if shape.tied else usual)]
    if not shape.tied:
        found.append(("output.weight", shape.embedding, shape.vocabulary, output))
    for layer in range(shape.layers):
        found += _layer(shape, quant, layer)
    tensors, offset = [], 0
    for tensor, rows, columns, kind in found:
        info = TensorInfo(tensor, (rows, columns), QUANT_TYPES[kind], offset)
        tensors.append(info)
        offset += -(-info.bytes // 32) * 32
    shard = Shard(f"{name}-{quant}.gguf", None, offset)
    return Header(3, "little", _metadata(name, shape), tuple(tensors), (shard,))


def _layer(shape: Shape, quant: str, layer: int) -> list[tuple[str, int, int, str]]:
    usual, more, _ = TYPES[quant]
    if not more_bits(layer, shape.layers):
        more = usual
    query, kv = shape.heads * _HEAD, shape.kv_heads * _HEAD
    return [
        (f"blk.{layer}.attn_q.weight", shape.embedding, query, usual),
        (f"blk.{layer}.attn_k.weight", shape.embedding, kv, usual),
        (f"blk.{layer}.attn_v.weight", shape.embedding, kv, more),
        (f"blk.{layer}.attn_output.weight", query, shape.embedding, usual),
        (f"blk.{layer}.ffn_gate.weight", shape.embedding, shape.feed_forward, usual),
        (f"blk.{layer}.ffn_up.weight", shape.embedding, shape.feed_forward, usual),
        (f"blk.{layer}.ffn_down.weight", shape.feed_forward, shape.embedding, more),
    ]


def more_bits(layer: int, layers: int) -> bool:
    """Whether llama-quantize gives a layer's values and last matrix more bits in a K_M. source: src/llama-quant.cpp, use_more_bits"""
    return layer < layers // 8 or layer >= 7 * layers // 8 or (layer - layers // 8) % 3 == 2


def _metadata(name: str, shape: Shape) -> dict[str, Value]:
    return {
        "general.architecture": "llama",
        "general.name": name,
        "llama.block_count": shape.layers,
        "llama.context_length": 131072,
        "llama.embedding_length": shape.embedding,
        "llama.feed_forward_length": shape.feed_forward,
        "llama.attention.head_count": shape.heads,
        "llama.attention.head_count_kv": shape.kv_heads,
        "llama.attention.key_length": _HEAD,
        "llama.attention.value_length": _HEAD,
        "llama.attention.layer_norm_rms_epsilon": 1e-05,
        "llama.rope.freq_base": 500000.0,
        "llama.rope.dimension_count": _HEAD,
        "llama.vocab_size": shape.vocabulary,
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": SkippedArray(shape.vocabulary),
    }
