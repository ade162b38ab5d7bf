"""Write a random-weight model that the real llama.cpp loads and generates from, a mixture of experts but for llama.

    python scripts/make_test_model.py OUT.gguf [--architecture qwen3moe|olmoe|gpt-oss|llama|dots1|granitehybrid] [--size tiny|small|medium]
                                      [--layers N] [--vocabulary N] [--tied] [--split N]

    tiny    6 MB, 4 layers
    small   75 MB, 8 layers
    medium  470 MB, 12 layers

What it says is meaningless; where its tensors lie and what they cost is not. The same options give the same bytes.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gguf
import numpy as np
from blocks import ARCHITECTURES, Quant, Size, Tensor, block, metadata
from vocabulary import vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator

DEVIATION = 0.02
"""Of the weights, as in a freshly initialised transformer: activations neither die out nor overflow."""
TILE = 1 << 20
"""Bytes of random blocks made for each type; tensors repeat them from different starts."""


SIZES = {
    "tiny": Size(4, 256, 4, 2, 64, 8, 2, 256, 2_000),
    "small": Size(8, 512, 8, 2, 64, 16, 4, 512, 8_000),
    "medium": Size(12, 1024, 16, 4, 64, 32, 4, 512, 32_000),
}


def tensors(architecture: str, s: Size, *, tied: bool) -> Iterator[Tensor]:
    """Every tensor, in the order of the file."""
    yield "token_embd.weight", (s.embedding, s.vocabulary), Quant.Q8_0
    yield "output_norm.weight", (s.embedding,), Quant.F32
    if not tied:
        yield "output.weight", (s.embedding, s.vocabulary), Quant.Q6_K
    for layer in range(s.layers):
        for name, shape, quant in block(architecture, s, layer):
            yield f"blk.{layer}.{name}", shape, quant


def random_blocks(quant: Quant, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """TILE bytes of blocks whose values have the DEVIATION.

    Random quants are as good as any; only the scales must be numbers. Of random 4-bit quants times 6-bit scales the deviation is
    258 and the mean 236, of 6-bit quants times 8-bit scales 1366, of 8-bit quants 74, of mxfp4's values 6.
    """
    size = gguf.GGML_QUANT_SIZES[quant][1]
    if quant is Quant.F32:
        return rng.normal(0, DEVIATION, TILE // 4).astype(np.float32).view(np.uint8)
    blocks = rng.integers(0, 256, (TILE // size, size), np.uint8)
    scales = {
        Quant.Q8_0: {0: 1 / 74},
        Quant.Q4_K: {0: 1 / 258, 2: 236 / 31.5 / 258},
        Quant.Q6_K: {208: 1 / 1366},
    }
    if quant is Quant.MXFP4:
        blocks[:, 0] = 119  # an exponent: 2^(119 - 128) times a deviation of 6 is about 0.012
    for at, scale in scales.get(quant, {}).items():
        blocks[:, at : at + 2] = np.array([DEVIATION * scale], np.float16).view(np.uint8)
    return blocks.reshape(-1)


def data(
    name: str, size: int, tile: np.ndarray[Any, Any], block_bytes: int, number: int
) -> np.ndarray[Any, Any]:
    """`size` bytes for the tensor of that number in the file."""
    if name.endswith("norm.weight"):
        return np.ones(size // 4, np.float32).view(np.uint8)
    start = number * 7919 % (len(tile) // block_bytes) * block_bytes
    return np.resize(np.concatenate((tile[start:], tile[:start])), size)


def write_model(path: Path, architecture: str, s: Size, *, tied: bool = False, shards: int = 1) -> list[Path]:
    """Write the model; returns the files written."""
    if architecture in {"olmoe", "dots1"}:  # their loaders ask for as many heads of keys as of queries
        s = replace(s, kv_heads=s.heads)
    listed = list(tensors(architecture, s, tied=tied))
    per_shard = -(-len(listed) // shards) if shards > 1 else 0
    writer = gguf.GGUFWriter(path, architecture, split_max_tensors=per_shard)
    writer.add_string("general.type", "model")
    writer.add_name(f"random {architecture}")
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    for key, value in (metadata(architecture, s) | vocabulary(s.vocabulary)).items():
        add = {
            int: writer.add_uint32,
            float: writer.add_float32,
            str: writer.add_string,
            list: writer.add_array,
        }
        add[type(value)](key, value)
    rng = np.random.default_rng(1)
    tiles = {
        quant: random_blocks(quant, rng)
        for quant in (Quant.F32, Quant.Q8_0, Quant.Q4_K, Quant.Q6_K, Quant.MXFP4)
    }
    contents = []
    for name, shape, quant in listed:
        values, size = gguf.GGML_QUANT_SIZES[quant]
        total = int(np.prod(shape)) // values * size
        writer.add_tensor_info(name, shape[::-1], np.dtype(np.float32), total, raw_dtype=quant)
        contents.append((name, total, tiles[quant], size))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    assert writer.fout is not None
    files = [Path(out.name) for out in writer.fout]
    for number, content in enumerate(contents):
        writer.write_tensor_data(data(*content, number))
    writer.close()
    return files


def main() -> None:
    """Write what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--architecture", choices=ARCHITECTURES, default="qwen3moe")
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--layers", type=int, metavar="N")
    parser.add_argument("--vocabulary", type=int, metavar="N", help="tokens, at least 300")
    parser.add_argument(
        "--tied", action="store_true", help="no output matrix: the embedding is used again (qwen3moe)"
    )
    parser.add_argument("--split", type=int, default=1, metavar="N")
    a = parser.parse_args()
    if a.tied and a.architecture != "qwen3moe":
        parser.error("--tied is for qwen3moe: the others need an output matrix")
    if (a.vocabulary or 300) < 300 or (a.layers or 1) < 1:
        parser.error("at least 300 tokens and 1 layer")
    size = SIZES[a.size]
    size = replace(size, layers=a.layers or size.layers, vocabulary=a.vocabulary or size.vocabulary)
    for file in write_model(a.out, a.architecture, size, tied=a.tied, shards=a.split):
        print(file, f"{file.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
