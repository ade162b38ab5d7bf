"""`-sm tensor`: devices work at the same time, and add up twice a layer."""

from __future__ import annotations

import pytest

from moefit.cost import constants as c
from moefit.cost import predict
from moefit.cost.types import Prediction
from moefit.cost.work import work_of
from moefit.cost.workload import Workload
from moefit.launch.settings import Settings
from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.placement.types import Placement
from moefit.sizes import GIB
from tests import oracle

MODEL = oracle.model("qwen3-14b", "Q4_K_M")
WORK = work_of(MODEL)
LAYERS = 40


def predicted(gpus: list[str], mode: str, split: tuple[float, ...] | None = None) -> Prediction:
    devices = parse_gpus(gpus)
    machine = Machine(devices, Ram(64 * GIB, 64 * GIB), Cpu(8, 16))
    count = len(devices)
    placement = Placement(tuple(index * count // MODEL.slots for index in range(MODEL.slots)))
    settings = Settings(8192, split_mode=mode, tensor_split=split)
    return predict(WORK, machine, devices, settings, placement, Workload(512, 128))


def seconds(made: Prediction, phase: str, *names: str) -> float:
    return sum(term.seconds for term in made.terms if term.phase == phase and term.name in names)


def test_two_like_cards_read_half_each_at_the_same_time() -> None:
    layer, tensor = (predicted(["rtx-3090", "rtx-3090"], mode) for mode in ("layer", "tensor"))
    assert 0.5 * seconds(layer, "decode", "weights") == pytest.approx(seconds(tensor, "decode", "weights"))


def test_the_slowest_share_is_waited_for() -> None:
    even = predicted(["rtx-3090", "rtx-3060"], "tensor")
    fair = predicted(["rtx-3090", "rtx-3060"], "tensor", (936.0, 360.0))
    alone = predicted(["rtx-3060"], "layer")
    assert 0.5 * seconds(alone, "decode", "weights") == pytest.approx(seconds(even, "decode", "weights"))
    assert fair.decode_tokens_per_second > 1.5 * even.decode_tokens_per_second


def test_every_layer_is_summed_up_twice() -> None:
    made = predicted(["rtx-3090", "rtx-3090"], "tensor")
    states = 4 * WORK.embedding / 26.78e9
    expected = 128 * 2 * LAYERS * (c.SUM["CUDA"] + states)
    assert expected == pytest.approx(seconds(made, "decode", "sums"), rel=0.01)


def test_kernels_are_launched_on_every_device() -> None:
    one = predicted(["rtx-3090"], "layer")
    two = predicted(["rtx-3090", "rtx-3090"], "tensor")
    assert seconds(one, "decode", "launches") == pytest.approx(seconds(two, "decode", "launches"))


@pytest.mark.parametrize(
    ("gpus", "measured"), [(["rtx-3060", "rtx-4070-super"], 30.05 / 21.22), (["2x3090-ti"], 58 / 44)]
)
def test_the_gain_is_about_what_was_published(gpus: list[str], measured: float) -> None:
    """Two rows of a model of 27B, which none of the recorded ones is: the gain, not the rate."""
    layer, tensor = (predicted(gpus, mode) for mode in ("layer", "tensor"))
    gain = tensor.decode_tokens_per_second / layer.decode_tokens_per_second
    assert measured == pytest.approx(gain, rel=0.15)


def test_over_a_network_the_sums_cost_more_than_the_cards_gain() -> None:
    gpus = ["rtx-3090", "name=RPC0,free=24GiB,bandwidth=936GB/s,link=0.125GB/s,buffer=RPC0[h:1]"]
    assert predicted(gpus, "tensor").seconds > predicted(gpus, "layer").seconds
