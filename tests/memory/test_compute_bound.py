"""What is counted for computing is never too low, whatever the architecture: for a dummy load, of which the recorded rows are.

Rows of architectures that are far from plain are compared as if nobody knew these; of all others, whose every
row test_compute.py and test_cuda.py hold to narrower bounds, a sample: a thousand, and others each time, with `make thorough`.
"""

import functools
import random
from dataclasses import replace

import pytest

from moefit import memory
from moefit.memory.dummy_load import dummy_compute
from moefit.model import architectures, build
from tests import oracle
from tests.drawn import SEED, several
from tests.oracle.launches import launch

MIB = 1 << 20
SAMPLE = several(30, 1000)
RECORDED = {
    "rows": oracle.rows(),
    "extra rows": oracle.extra_rows(),
    "rows of a real card": oracle.cuda_rows(),
}


def is_described(row):
    return architectures.is_described(oracle.models()[row.model]["architecture"])


@functools.cache
def renamed(name, quant):
    """The model as a header of an architecture that nobody knows would describe it."""
    source = oracle.header(name, quant)
    old = f"{source.metadata['general.architecture']}."
    told = {key.replace(old, "brand-new.", 1): value for key, value in source.metadata.items()}
    return build(name, replace(source, metadata={**told, "general.architecture": "brand-new"}))


def too_low(rows, model=oracle.model, count=dummy_compute):
    """The rows of which a buffer is low by more than 4 MiB and 1%."""
    found = []
    for row in rows:
        told = launch(row)
        used = count(model(row.model, row.quant), told.devices, told.settings, told.placement)
        said = (*(use.compute for use in used.devices), used.host.compute)
        real = (*(row.device(i).compute for i in range(row.gpus)), row.host.compute)
        if any(r - s > max(4 * MIB, r / 100) for s, r in zip(said, real, strict=True)):
            found.append((row.name, said, real))
    return found


UNLIKE_OTHERS = {
    "gemma3n",
    "llama-embed",
    "nomic-bert-moe",
    "openelm",
    "rwkv6",
    "rwkv7",
}
GUESSED = [
    row
    for rows in RECORDED.values()
    for row in rows
    if oracle.models()[row.model]["architecture"] in UNLIKE_OTHERS
]


@pytest.mark.parametrize("name", sorted({row.model for row in GUESSED}))
def test_an_architecture_without_a_graph_of_its_own_is_never_counted_too_low(name):
    assert [] == too_low((row for row in GUESSED if row.model == name), renamed, memory.footprint)


@pytest.mark.parametrize("kind", RECORDED)
def test_no_described_architecture_is_counted_too_low(kind):
    described = [row for row in RECORDED[kind] if is_described(row)]
    sample = random.Random(SEED).sample(described, SAMPLE)

    assert [] == too_low(sample), f"seed {SEED}"


def test_architectures_without_a_graph_of_their_own_are_compared_in_every_mode():
    assert {"rpc", "cuda-like", "cuda"} == {row.mode for row in GUESSED}
