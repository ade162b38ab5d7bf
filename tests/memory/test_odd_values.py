"""Values of hyper-parameters that are in range and make no sense: one clear error, or figures, and never a slip or a long wait."""

import random
import time
from dataclasses import replace

import pytest

from moefit.errors import InputError
from moefit.launch.settings import Settings
from moefit.machine.types import CPU, Device
from moefit.memory.footprint import footprint
from moefit.model import build
from moefit.model.keys import KEYS, Form, Kind
from moefit.model.loaders import reads
from moefit.placement.types import Placement
from tests import oracle
from tests.drawn import SEED, several

CARD = Device("CUDA0", 80 << 30, 80 << 30)
LAUNCH = Settings(8192)
SAMPLE = several(2, 40)
"""Architectures that are tried."""
LIMIT = 2.0
"""Seconds of CPU for the whole of one value, on a slow machine."""
SMALLEST = {
    m["architecture"]: m["name"] for m in sorted(oracle.models().values(), key=lambda m: -len(m["tensors"]))
}


def odd(key, blocks):
    """Values that the key takes: single ones, and lists of as many as there are blocks where it may be a list."""
    if KEYS[key].kind is Kind.FLAG:
        single = (True, False)
    else:
        integers = (KEYS[key].least, 3, KEYS[key].most)
        single = integers if KEYS[key].kind is Kind.INTEGER else (0.0, 3e38)
    listed = KEYS[key].form not in {Form.ONE, Form.FOUR}
    return (*single, *((value,) * blocks for value in (*single, 1) if listed))


@pytest.mark.parametrize("turn", range(SAMPLE))
def test_no_value_of_a_key_that_is_read_makes_a_slip_or_takes_long(turn):
    architecture = random.Random(SEED + turn).choice(sorted(SMALLEST))
    name = SMALLEST[architecture]
    source = oracle.header(name, next(iter(oracle.models()[name]["types"])))
    for key in sorted(KEYS.keys() & reads(architecture).keys()):
        for value in odd(key, source.metadata[f"{architecture}.block_count"]):
            changed = replace(source, metadata={**source.metadata, f"{architecture}.{key}": value})
            begun = time.process_time()
            try:
                model = build("m.gguf", changed)
                half = len(model.layers) // 2
                slots = (*(CPU,) * half, *(0,) * (model.slots - half))
                assert footprint(model, [CARD], LAUNCH, Placement(slots)).host.total >= 0
            except InputError:
                pass
            assert time.process_time() - begun < LIMIT, (architecture, key, value)
