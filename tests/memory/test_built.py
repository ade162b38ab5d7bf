"""A graph that is kept and put to other homes gives what one that is built anew gives."""

import random
from copy import copy

import pytest

from moefit.launch.settings import Settings
from moefit.machine.types import CPU, Device
from moefit.memory.compute import compute_buffers
from moefit.placement.types import Placement
from tests import oracle
from tests.drawn import SEED, several

MODELS = (
    ("qwen3-30b-a3b", "UD"),
    ("llama-3.1-8b", "Q4_K_M"),
    ("granite-4.0-h-small", "Q4_K_M"),
    ("gemma4-26b-a4b", "Q4_K_M"),
    ("deepseek-v4", "Q4_K_M"),
    ("small-phi3", "Q4_K_M"),
)


def launches(model, draw, count):
    """Random launches, several with each batch: one to three devices, whole layers or single tensors on the CPU, pipelining or not."""
    names = [t.name for t in model.tensors if t.name != "token_embd.weight"]
    for _ in range(count):
        devices = tuple(Device(f"CUDA{i}", 1 << 40, 1 << 40) for i in range(draw.choice((1, 2, 3))))
        cuts = sorted(draw.randrange(model.slots + 1) for _ in devices)
        slots = tuple(sum(cut <= i for cut in cuts) - 1 for i in range(model.slots))
        everywhere = range(CPU, len(devices))
        moved = draw.sample(names, draw.choice((0, 1, len(names) // 4)))
        settings = Settings(
            context=8192,
            ubatch=draw.choice((512, 512, 64)),
            kv_offload=draw.choice((True, True, False)),
            flash_attention=draw.choice(("auto", "off")),
        )
        yield devices, settings, Placement(slots, {name: draw.choice(everywhere) for name in moved})


@pytest.mark.parametrize(("name", "quant"), MODELS)
def test_a_graph_serves_every_launch_with_layers_alike(name, quant):
    model = oracle.model(name, quant)
    few = 3 if name == "deepseek-v4" else 6  # its graph takes ten times as long as the others'
    cases = list(launches(model, random.Random(f"{SEED} {name}"), several(few, 60)))
    anew = [compute_buffers(copy(model), *case) for case in cases]
    assert [compute_buffers(model, *case) for case in cases] == anew, f"seed {SEED}"
