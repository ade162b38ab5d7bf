"""`-sm tensor`: every matrix and every cache in shares, whatever is free."""

from __future__ import annotations

import pytest

from moefit.cost.workload import Workload
from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.planning.core import plan
from moefit.planning.estimate import estimate
from moefit.search.request import Options, Request
from tests.oracle import model as recorded
from tests.planning.worlds import launch

UNEQUAL = Machine(parse_gpus(["free=4.2GiB", "free=23.5GiB"]), Ram(64 << 30, 64 << 30), Cpu(8, 16))


def planned(*words):
    line = launch(("llama-server", "-m", "m.gguf", "-c", "8192", "-np", "1", "-sm", "tensor", *words))
    return plan(
        Request(recorded("qwen3-14b", "Q4_K_M"), UNEQUAL, line, Options(Workload(2048, 512), thorough=False))
    )


def test_without_proportions_every_device_gets_the_same():
    first, second = planned().devices
    assert (first.use, 640 << 20) == (second.use, first.use.context)


def test_half_a_model_on_a_card_that_cannot_hold_it_does_not_fit():
    made = planned()
    assert (False, True) == (made.fits, made.devices[0].left < 0)


def test_what_would_fit_does_not_name_the_fit_that_throws_in_this_mode():
    told = [alternative.words for alternative in planned().alternatives]
    assert "leaving out -sm tensor" in told
    assert not any("--fit" in words for words in told)


@pytest.mark.parametrize(("split", "share"), [("1,3", 0.25), ("0,1", 0.0), ("1,1", 0.5)])
def test_proportions_are_the_users(split, share):
    first, second = planned("-ts", split).devices
    whole = first.use.model + second.use.model
    assert share == pytest.approx(first.use.model / whole, abs=1e-3)  # norms are whole on every device


def test_a_processors_own_gpu_has_no_part_unless_the_line_says_so():
    specs = ["name=Vulkan0,free=12GiB", "name=Vulkan1,free=40GiB,integrated=yes", "name=Vulkan2,free=12GiB"]
    machine = Machine(parse_gpus(specs), Ram(64 << 30, 64 << 30), Cpu(8, 16))
    model = recorded("qwen3-14b", "Q4_K_M")
    line = ("llama-server", "-m", "m.gguf", "-c", "8192", "-np", "1", "-sm", "tensor", "--fit", "off")
    made = plan(Request(model, machine, launch(line), Options(Workload(2048, 512), thorough=False)))
    bare = estimate(Request(model, machine, launch(line), Options(Workload(2048, 512), thorough=False)))
    again = estimate(Request(model, machine, launch(made.argv), Options(Workload(2048, 512), thorough=False)))
    assert ["Vulkan0", "Vulkan2"] == [device.device.name for device in made.devices]
    assert ["Vulkan0", "Vulkan1", "Vulkan2"] == [device.device.name for device in bare.devices]
    assert made.prediction.seconds == again.prediction.seconds
