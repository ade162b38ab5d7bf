"""Compute buffers of a real load, in one graph: those of a dummy load, and what a real one has beyond."""

from operator import add

import pytest

from moefit.launch.settings import Settings
from moefit.machine.types import CPU, Device
from moefit.memory.compute import compute_buffers, real_buffers
from moefit.placement.types import Placement
from tests import oracle

DEVICES = tuple(Device(f"CUDA{i}", 1 << 40, 1 << 40) for i in range(2))


@pytest.mark.parametrize("name", ["qwen3-30b-a3b", "mixtral-8x7b", "gemma-3-12b"])
@pytest.mark.parametrize("on_cpu", [0, 3])
@pytest.mark.parametrize("experts", [0, CPU])
def test_a_real_load_has_the_buffers_of_a_dummy_load_and_those_beyond(name, on_cpu, experts):
    model = oracle.model(name, "Q4_K_M")
    half = (model.slots - on_cpu) // 2
    slots = (CPU,) * on_cpu + (0,) * half + (1,) * (model.slots - on_cpu - half)
    moved = {t.name: experts for layer in model.layers for t in layer.experts}
    launch = model, DEVICES, Settings(context=8192), Placement(slots, moved)
    dummy = compute_buffers(*launch)
    assert (tuple(map(add, dummy.devices, dummy.beyond_dummy)), dummy.host, dummy.notes) == real_buffers(
        *launch
    )
