"""What `-sm tensor` divides among devices."""

from moefit.launch.settings import Settings
from moefit.machine.types import Device
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
