"""What going from place to place costs belongs to the places involved."""

from __future__ import annotations

import pytest

from moefit.cost import predict
from moefit.cost.run import run_of
from moefit.cost.types import Prediction
from moefit.cost.work import work_of
from moefit.cost.workload import Workload
from moefit.launch.settings import Settings
from moefit.machine.types import CPU, Cpu, Device, Machine, Ram
from moefit.placement.types import Placement
from moefit.sizes import GIB
from tests import oracle

MODEL = oracle.model("qwen3-30b-a3b", "Q4_K_M")
WORK = work_of(MODEL)
LINK, FAR = 25 * 10**9, 125 * 10**6
STATES = 10**9


def device(name: str, link: int = LINK, buffer: str = "") -> Device:
    return Device(name, 24 * GIB, 24 * GIB, buffer, bandwidth=360 * 10**9, link_bandwidth=link)


def predicted(devices: tuple[Device, ...], placement: Placement) -> Prediction:
    machine = Machine(devices, Ram(64 * GIB, 64 * GIB, 50 * 10**9), Cpu(8, 16))
    return predict(WORK, machine, devices, Settings(8192, ubatch=512), placement, Workload(512, 1))


def hops(phase: str, devices: tuple[Device, ...], placement: Placement) -> float:
    """Seconds of one phase's ways from place to place."""
    terms = predicted(devices, placement).terms
    return sum(term.seconds for term in terms if term.name == "hops" and term.phase == phase)


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        (("CUDA0", "CUDA1"), STATES / LINK),
        (("CUDA0", "CPU"), STATES / LINK),
        (("Vulkan0", "Vulkan1"), 2 * STATES / LINK),
        (("CUDA0", "ROCm0"), 2 * STATES / LINK),
        (("RPC0", "RPC1"), 2 * STATES / FAR),
        (("RPC0", "RPC2"), 0.0),
    ],
)
def test_a_handover_crosses_the_links_of_those_who_take_part(ends: tuple[str, str], expected: float) -> None:
    links = {"RPC0": (FAR, "RPC0[a:1]"), "RPC1": (FAR, "RPC0[b:1]"), "RPC2": (FAR, "RPC1[a:1]")}
    devices = [device(name, *links.get(name, ())) for name in ends if name != "CPU"]
    machine = Machine(tuple(devices), Ram(GIB, GIB), Cpu(8, 8))
    run = run_of(WORK, machine, devices, Settings(4096), Placement((0,) * MODEL.slots))
    places = [CPU if name == "CPU" else ends.index(name) for name in ends]
    assert expected == pytest.approx(run.handover(STATES, *places))


def test_a_far_device_does_not_tax_the_layers_of_a_near_one() -> None:
    slots = (0,) * 40 + (1,) * (MODEL.slots - 40)
    moved = {t.name: CPU for layer in MODEL.layers[:20] for t in layer.experts}
    near = hops("decode", (device("CUDA0"), device("CUDA1")), Placement(slots, moved))
    far = hops("decode", (device("CUDA0"), device("RPC0", FAR, "RPC0[h:1]")), Placement(slots, moved))
    assert 20 * 90e-6 + 45e-6 == pytest.approx(near)
    assert 20 * 90e-6 + 150e-6 == pytest.approx(far)


def test_experts_on_the_cpu_of_a_far_layer_cross_its_link_twice() -> None:
    devices = (device("CUDA0"), device("RPC0", FAR, "RPC0[h:1]"))
    slots = (0,) * 8 + (1,) * (MODEL.slots - 8)
    moved = {t.name: CPU for layer in MODEL.layers[8:-1] for t in layer.experts}
    states = 4 * WORK.embedding * 512
    assert 2 * 39 * states / FAR < hops("prefill", devices, Placement(slots, moved))


def test_layers_of_the_device_that_helps_hand_nothing_over() -> None:
    moved = {t.name: CPU for t in MODEL.tensors if "_exps" in t.name}
    assert 0.0 == hops("prefill", (device("CUDA0"),), Placement((0,) * MODEL.slots, moved))
