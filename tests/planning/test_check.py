from __future__ import annotations

import pytest

from moefit.errors import InputError
from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.memory.real import Difference, RealDevice, RealUse
from moefit.memory.types import Use
from moefit.planning.check import Check, check, corrections
from moefit.planning.core import plan
from moefit.search.request import Request
from moefit.sizes import GIB, MIB
from tests.oracle import model as recorded
from tests.planning.worlds import OPTIONS, launch


def found(*rows: Difference) -> dict[str, int]:
    return corrections(Check(rows, {}))


def test_rounding_corrects_nothing():
    assert {} == found(
        Difference("RPC0", "model", 100 * MIB + 900_000, 100 * MIB), Difference("RPC0", "compute", 0, 0)
    )


def test_a_device_that_uses_more_is_corrected_by_all_that_it_may_use():
    assert {"RPC0": 21 * MIB} == found(Difference("RPC0", "compute", 80 * MIB, 100 * MIB))


def test_a_device_that_uses_less_gets_room():
    assert {"RPC0": -19 * MIB} == found(Difference("RPC0", "compute", 100 * MIB, 80 * MIB))


def test_terms_of_one_device_add_up_and_devices_stay_apart():
    assert {"RPC1": 22 * MIB} == found(
        Difference("RPC0", "model", 10 * MIB, 30 * MIB),
        Difference("RPC0", "compute", 42 * MIB, 20 * MIB),
        Difference("RPC1", "model", 10 * MIB, 20 * MIB),
        Difference("RPC1", "compute", 10 * MIB, 20 * MIB),
    )


def test_the_host_is_not_a_device():
    assert {} == found(Difference("Host", "model", 0, 500 * MIB))


@pytest.mark.parametrize("others", [(), ("Vulkan0",)])
def test_a_build_without_the_plans_device_is_no_witness(others):
    machine = Machine(parse_gpus(["rtx-3060"]), Ram(64 * GIB, 64 * GIB), Cpu(8, 16))
    made = plan(
        Request(
            recorded("qwen3-30b-a3b", "Q4_K_M"), machine, launch(("llama-server", "-m", "q.gguf")), OPTIONS
        )
    )
    real = RealUse(tuple(RealDevice(name, 0, 0, Use()) for name in others), Use())
    with pytest.raises(InputError, match="no CUDA0"):
        check(made, real)
