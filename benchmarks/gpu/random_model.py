"""Write a model of real shape and size with random weights, one that llama.cpp really runs.

    python benchmarks/gpu/random_model.py OUT.gguf qwen3-30b-a3b Q4_K_M

The header is the recorded model's of tests/oracle with a vocabulary of its length. Weights have the deviation of a freshly
initialised transformer, so text is meaningless, and speed and memory are those of the real model.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from make_header import models, write_header  # noqa: E402  (scripts/ is not a package)

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
"""Where a block has its f16 scales, and the deviation of its random values at scale 1; the values have no mean."""


def tile(kind: str, block: int, wanted: float = DEVIATION) -> bytes:
    """TILE bytes, or a little less, of random blocks of a type whose values have the wanted deviation."""
    rng = np.random.default_rng(1)
    if kind == "f32":
        return rng.normal(0, wanted, TILE // 4).astype(np.float32).tobytes()
    blocks = rng.integers(0, 256, (TILE // block, block), np.uint8)
    if kind == "mxfp4":
        blocks[:, 0] = rng.integers(118, 121, len(blocks))
    for at, deviation in SCALES.get(kind, []):
        scales = (wanted / deviation * rng.uniform(0.9, 1.1, len(blocks))).astype(np.float16)
        blocks[:, at : at + 2] = scales.view(np.uint8).reshape(-1, 2)
    if kind not in SCALES and kind != "mxfp4":
        raise SystemExit(f"no random blocks of type {kind}")
    return blocks.tobytes()


def fill(path: Path) -> None:
    """Write random weights where the header says that they are."""
    header = read_header(str(path))
    end = header.tensors[-1].offset + -(-header.tensors[-1].bytes // ALIGNMENT) * ALIGNMENT
    start = path.stat().st_size - end
    sizes = {t.quant.name: t.quant.block_bytes for t in header.tensors}
    tiles = {name: tile(name, size) for name, size in sizes.items()}
    embeddings = {
        t.name: tile(t.quant.name, t.quant.block_bytes, EMBEDDING)
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
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    out, name, quant = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    start = time.monotonic()
    write_header(out, models()[name], quant, vocab=True, whole=True)
    fill(out)
    print(out, f"{out.stat().st_size / 2**30:.2f} GiB, {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
