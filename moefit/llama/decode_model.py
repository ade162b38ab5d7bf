"""A model that nobody has to download: one MoE layer of random experts in Q4_K, larger than any cache, whose answers say nothing.

Written as GGUF version 3. source: gguf/docs of ggml: magic, version, counts, keys, tensor infos, alignment; src/models/qwen3moe.cpp for its tensors.
"""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from moefit.values import dataclass

EXPERTS_USED: Final = 4
_EXPERTS: Final = 20
_EMBEDDING: Final = 4096
_FEED_FORWARD: Final = 3072
_HEADS: Final = 2
_HEAD: Final = 128
_WORDS: Final = 256
_CONTEXT: Final = 512
_ALIGNMENT: Final = 32
_F32, _Q4_K = 0, 12
"""GGML_TYPE_F32 and GGML_TYPE_Q4_K."""
_BLOCK, _BLOCK_BYTES = 256, 144
"""Elements and bytes of a block of Q4_K. source: ggml/src/ggml-common.h, block_q4_K"""
_SCALES: Final = struct.pack("<ee", 2e-4, 1e-3)
"""d and dmin: the scales of scales with which random quants are small numbers."""
_TILE: Final = 4096
"""Blocks that are drawn; a tensor repeats them."""
_U32, _FLOAT, _STRING, _ARRAY = 4, 6, 8, 9
"""Types of values in a header."""


@dataclass(frozen=True, slots=True)
class _Tensor:
    """One tensor of the file."""

    name: str
    shape: tuple[int, ...]
    type: int = _Q4_K

    @property
    def bytes(self) -> int:
        """Of its data."""
        elements = math.prod(self.shape)
        return elements // _BLOCK * _BLOCK_BYTES if self.type == _Q4_K else 4 * elements


def read_bytes() -> int:
    """What one token reads: its experts, and everything that is not an expert."""
    return sum(t.bytes * EXPERTS_USED // _EXPERTS if "_exps" in t.name else t.bytes for t in _tensors())


def total_bytes() -> int:
    """Of the file's tensors."""
    return sum(tensor.bytes for tensor in _tensors())


def write_model(path: Path) -> None:
    """Write it; the same bytes each time.

    Raises:
        OSError: it cannot be written.
    """
    drawn = random.Random(0)  # noqa: S311 - no secret
    tile = b"".join(_SCALES + drawn.randbytes(_BLOCK_BYTES - len(_SCALES)) for _ in range(_TILE))
    with path.open("wb") as file:
        file.write(_header())
        for tensor in _tensors():
            _pad(file)
            _write(file, tensor, tile, drawn)
        _pad(file)


def _tensors() -> Iterator[_Tensor]:
    rows = _HEADS * _HEAD
    yield _Tensor("token_embd.weight", (_EMBEDDING, _WORDS))
    yield _Tensor("output_norm.weight", (_EMBEDDING,), _F32)
    yield _Tensor("blk.0.attn_norm.weight", (_EMBEDDING,), _F32)
    for name in ("attn_q", "attn_k", "attn_v"):
        yield _Tensor(f"blk.0.{name}.weight", (_EMBEDDING, rows))
    yield _Tensor("blk.0.attn_output.weight", (rows, _EMBEDDING))
    for name in ("attn_q_norm", "attn_k_norm"):
        yield _Tensor(f"blk.0.{name}.weight", (_HEAD,), _F32)
    yield _Tensor("blk.0.ffn_norm.weight", (_EMBEDDING,), _F32)
    yield _Tensor("blk.0.ffn_gate_inp.weight", (_EMBEDDING, _EXPERTS), _F32)
    for name in ("ffn_gate_exps", "ffn_up_exps"):
        yield _Tensor(f"blk.0.{name}.weight", (_EMBEDDING, _FEED_FORWARD, _EXPERTS))
    yield _Tensor("blk.0.ffn_down_exps.weight", (_FEED_FORWARD, _EMBEDDING, _EXPERTS))


def _keys() -> Iterator[tuple[str, int, bytes]]:
    yield "general.architecture", _STRING, _text("qwen3moe")
    yield "tokenizer.ggml.model", _STRING, _text("no_vocab")
    for key, number in (
        ("vocab_size", _WORDS),
        ("context_length", _CONTEXT),
        ("embedding_length", _EMBEDDING),
        ("block_count", 1),
        ("feed_forward_length", _FEED_FORWARD),
        ("expert_feed_forward_length", _FEED_FORWARD),
        ("attention.head_count", _HEADS),
        ("attention.head_count_kv", _HEADS),
        ("attention.key_length", _HEAD),
        ("attention.value_length", _HEAD),
        ("expert_count", _EXPERTS),
        ("expert_used_count", EXPERTS_USED),
    ):
        yield f"qwen3moe.{key}", _U32, struct.pack("<I", number)
    yield "qwen3moe.attention.layer_norm_rms_epsilon", _FLOAT, struct.pack("<f", 1e-6)
    yield "qwen3moe.rope.freq_base", _FLOAT, struct.pack("<f", 1e6)


def _header() -> bytes:
    keys, tensors = list(_keys()), list(_tensors())
    parts = [b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys))]
    parts += [_text(key) + struct.pack("<I", kind) + value for key, kind, value in keys]
    offset = 0
    for tensor in tensors:
        shape = struct.pack(f"<I{len(tensor.shape)}Q", len(tensor.shape), *tensor.shape)
        parts.append(_text(tensor.name) + shape + struct.pack("<IQ", tensor.type, offset))
        offset += -(-tensor.bytes // _ALIGNMENT) * _ALIGNMENT
    return b"".join(parts)


def _text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def _pad(file: IO[bytes]) -> None:
    file.write(bytes(-file.tell() % _ALIGNMENT))


def _write(file: IO[bytes], tensor: _Tensor, tile: bytes, drawn: random.Random) -> None:
    """Its data: ones for a norm, small numbers for the router, else the tile again and again."""
    if tensor.type == _F32:
        elements = math.prod(tensor.shape)
        norm = len(tensor.shape) == 1
        values = [1.0] * elements if norm else [drawn.gauss(0.0, 0.02) for _ in range(elements)]
        file.write(struct.pack(f"<{elements}f", *values))
        return
    times, rest = divmod(tensor.bytes, len(tile))
    for _ in range(times):
        file.write(tile)
    file.write(tile[:rest])
