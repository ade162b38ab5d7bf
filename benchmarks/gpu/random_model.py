"""Write a model of real shape and size with random weights, one that llama.cpp really runs.

    python benchmarks/gpu/random_model.py OUT.gguf qwen3-30b-a3b Q4_K_M [--skewed]

Random routers choose nearly all experts equally often, the worst case for a cache of experts. `--skewed` gives the token embeddings, in F16,
a common part that every router sees: each then favours experts of its own, as much as makes an LRU hit what is published (skew.py).

The header is the recorded model's of tests/oracle with a vocabulary of its length. Weights have the deviation of a freshly
initialised transformer, so text is meaningless, and speed and memory are those of the real model.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from make_header import models, write_header  # noqa: E402  (scripts/ is not a package)
from skew import deviation  # noqa: E402

from moefit.gguf.split import read_header  # noqa: E402

DEVIATION = 0.02
EMBEDDING = 10.0
"""Deviation of the token embeddings: large, so that what a token is outweighs what layers add and tokens choose different
experts, as those of a trained model do. With 0.02 all of them soon choose the same, and copying experts looks three times as fast."""
TILE = 1 << 23
"""Bytes of random blocks made for each type; tensors repeat them from different starts."""
ALIGNMENT = 32
SCALES: dict[str, list[tuple[int, float]]] = {
    "q4_K": [(0, 350), (2, 350 / 7.5)],
    "q5_K": [(0, 700), (2, 700 / 15.5)],
    "q2_K": [(80, 18), (82, 12)],
    "q3_K": [(108, 55)],
    "q6_K": [(208, 1366)],
    "q8_0": [(0, 74)],
    "q4_0": [(0, 5.5)],
    "q5_0": [(0, 11)],
    "iq4_nl": [(0, 60)],
    "iq4_xs": [(0, 1200)],
}
"""Where a block has its f16 scales, and the spread of its random values at scale 1; the values have no mean."""


def tile(kind: str, block: int, wanted: float = DEVIATION) -> bytes:
    """TILE bytes, or a little less, of random blocks of a type whose values have the wanted deviation."""
    rng = np.random.default_rng(1)
    if kind in {"f32", "f16"}:
        dtype = np.dtype(np.float32 if kind == "f32" else np.float16)
        return rng.normal(0, wanted, TILE // dtype.itemsize).astype(dtype).tobytes()
    blocks = rng.integers(0, 256, (TILE // block, block), np.uint8)
    if kind == "mxfp4":
        blocks[:, 0] = rng.integers(118, 121, len(blocks))
    for at, spread in SCALES.get(kind, []):
        scales = (wanted / spread * rng.uniform(0.9, 1.1, len(blocks))).astype(np.float16)
        blocks[:, at : at + 2] = scales.view(np.uint8).reshape(-1, 2)
    if kind not in SCALES and kind != "mxfp4":
        raise SystemExit(f"no random blocks of type {kind}")
    return blocks.tobytes()


def biased_tile(common: float) -> bytes:
    """F16 embeddings with a common part of so many deviations in every element: what makes a router favour experts."""
    rng = np.random.default_rng(2)
    return rng.normal(common * EMBEDDING, EMBEDDING, TILE // 2).astype(np.float16).tobytes()


def skewed(described: dict[str, Any], quant: str) -> tuple[dict[str, Any], float]:
    """The model with F16 embeddings, and their common part."""
    metadata, architecture = described["metadata"], described["architecture"]
    experts, used = (metadata[f"{architecture}.{key}"] for key in ("expert_count", "expert_used_count"))
    names = [name for name, *_ in described["tensors"]]
    kinds = described["types"][quant].split()
    kinds[names.index("token_embd.weight")] = "f16"
    types = {**described["types"], quant: " ".join(kinds)}
    return {**described, "types": types}, deviation(experts, used)


def fill(path: Path, common: float = 0.0) -> None:
    """Write random weights where the header says that they are; `common` is the embeddings' mean against their deviation."""
    header = read_header(str(path))
    end = header.tensors[-1].offset + -(-header.tensors[-1].bytes // ALIGNMENT) * ALIGNMENT
    start = path.stat().st_size - end
    sizes = {t.quant.name: t.quant.block_bytes for t in header.tensors}
    tiles = {name: tile(name, size) for name, size in sizes.items()}
    embeddings = {
        t.name: biased_tile(common) if common else tile(t.quant.name, t.quant.block_bytes, EMBEDDING)
        for t in header.tensors
        if t.name == "token_embd.weight"
    }
    with path.open("r+b") as file:

        def write(number: int) -> None:
            tensor = header.tensors[number]
            at, left = start + tensor.offset, tensor.bytes
            if "_norm" in tensor.name or tensor.name.endswith("ssm_a"):
                os.pwrite(
                    file.fileno(),
                    np.full(left // 4, 1 if "_norm" in tensor.name else -1, np.float32).tobytes(),
                    at,
                )
                return
            data = embeddings.get(tensor.name) or tiles[tensor.quant.name]
            first = number * 7919 % (len(data) // tensor.quant.block_bytes) * tensor.quant.block_bytes
            while left > 0:
                part = memoryview(data)[first : first + left]
                os.pwrite(file.fileno(), part, at)
                at, left, first = at + len(part), left - len(part), 0

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(write, range(len(header.tensors))))


def main() -> None:
    """Write the model of the command line."""
    words = [word for word in sys.argv[1:] if word != "--skewed"]
    if len(words) != 3:
        raise SystemExit(__doc__)
    out, name, quant = Path(words[0]), words[1], words[2]
    start = time.monotonic()
    described, common = skewed(models()[name], quant) if "--skewed" in sys.argv else (models()[name], 0.0)
    write_header(out, described, quant, vocab=True, whole=True)
    fill(out, common)
    print(out, f"{out.stat().st_size / 2**30:.2f} GiB, {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
