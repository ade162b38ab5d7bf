from __future__ import annotations

from moefit.memory.real import Difference
from moefit.planning.check import Check, corrections
from moefit.sizes import MIB


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
