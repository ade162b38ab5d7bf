"""Write a small mixture-of-experts model with random weights, which the real llama.cpp loads and runs.

    python scripts/make_test_model.py out.gguf

An OLMoE of 4 layers, 64 experts each, Q4_K_M: 1.1 GB. What it says means nothing; where its tensors go does.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import gguf
import numpy as np
from make_header import models, write_header

MODEL, QUANT = "tiny-olmoe-4l", "Q4_K_M"
DEVIATION = 0.02
"""Of the weights, as in a model before training: activations stay finite through a few layers."""
# Where a block keeps its f16 scales, and what divides the wanted deviation to give each of them
# (source: ggml/src/ggml-common.h, block_q4_K and block_q6_K).
SCALES = {
    gguf.GGMLQuantizationType.Q4_K: {0: 350, 2: 50},
    gguf.GGMLQuantizationType.Q6_K: {208: 1100},
}
TILE = 1 << 14
"""Blocks that are random; a tensor repeats them from a place of its own."""


def random_blocks(kind: gguf.GGMLQuantizationType, rng: np.random.Generator) -> np.ndarray:
    """TILE valid blocks of a quantised type, one a row."""
    blocks = rng.integers(0, 256, (TILE, gguf.GGML_QUANT_SIZES[kind][1]), dtype=np.uint8)
    for at, part in SCALES[kind].items():
        scales = (DEVIATION / part * rng.uniform(0.9, 1.1, TILE)).astype(np.float16)
        blocks[:, at : at + 2] = scales.view(np.uint8).reshape(TILE, 2)
    return blocks


def fill(path: Path) -> None:
    """Give every tensor of a file values: ones to norms, random ones to the rest."""
    rng = np.random.default_rng(1)
    tiles = {kind: random_blocks(kind, rng).ravel() for kind in SCALES}
    for tensor in gguf.GGUFReader(path, "r+").tensors:
        if tensor.name.endswith("norm.weight"):
            tensor.data[:] = 1
        elif tensor.tensor_type == gguf.GGMLQuantizationType.F32:
            tensor.data[:] = rng.normal(0, DEVIATION, tensor.data.shape)
        else:
            tile = tiles[tensor.tensor_type]
            turned = np.roll(tile, int(rng.integers(TILE)) * (len(tile) // TILE))
            tensor.data[:] = np.resize(turned, tensor.data.shape)


def main() -> None:
    """Write the file that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    write_header(out, models()[MODEL], QUANT, vocab=True, whole=True)
    fill(out)


if __name__ == "__main__":
    main()
