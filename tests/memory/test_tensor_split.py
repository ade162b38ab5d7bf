"""What `-sm tensor` divides among devices."""

import pytest

from moefit.launch.settings import Settings
from moefit.machine.types import Device
from moefit.memory.footprint import footprint
from moefit.memory.split_modes import split_footprint
from moefit.memory.tensor_split import tensor_split
from moefit.placement.types import Placement
from tests import oracle


def test_a_prediction_block_that_is_not_loaded_has_no_part():
    model = oracle.model("glm-4.5-air", "Q4_K_M")
    devices = (Device("CUDA0", 1 << 40, 1 << 40), Device("CUDA1", 1 << 40, 1 << 40))
    found = tensor_split(model, devices, Settings(context=4096), Placement((0,) * model.slots), None)
    assert model.layers[-1].mtp
    assert found is not None
    assert found.devices[0].context == found.devices[1].context


@pytest.mark.parametrize(
    "architecture",
    ["bloom", "cohere2moe", "deci", "gemma4", "hy_v3", "llama4", "nomic-bert-moe", "step35"],
)
def test_layers_without_heads_and_tensors_of_no_layer_are_no_slip(architecture):
    """Norms of embeddings and rope factors lie beside the first layer, scales have no rows; some layers have no cache of their own, or no heads for keys."""
    described = next(m for m in oracle.models().values() if m["architecture"] == architecture)
    model = oracle.model(described["name"], next(iter(described["types"])))
    devices = (Device("CUDA0", 1 << 40, 1 << 40), Device("CUDA1", 1 << 40, 1 << 40))
    settings = Settings(context=4096, split_mode="tensor")

    everything = Placement((0,) * model.slots)
    found = split_footprint(model, devices, settings, everything, None)
    whole = footprint(model, devices, Settings(context=4096), everything)

    assert sum(use.model for use in found.devices) >= sum(use.model for use in whole.devices)
