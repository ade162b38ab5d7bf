from __future__ import annotations

from moefit.memory.real import Difference, RealDevice, RealUse, compare_guests, differences, real_shortfalls
from moefit.memory.types import HostUse, Use
from moefit.sizes import MIB

CARD = RealDevice("CUDA0", total=1000 * MIB, free=900 * MIB, use=Use(500 * MIB, 200 * MIB, 100 * MIB))


def test_every_term_is_set_against_the_real_one():
    predicted = {"CUDA0": Use(501 * MIB, 200 * MIB, 90 * MIB)}
    rows = differences(predicted, HostUse(model=7 * MIB, cache=999), RealUse((CARD,), Use(8 * MIB, 0, 0)))

    assert [("CUDA0", "model", MIB), ("CUDA0", "context", 0), ("CUDA0", "compute", -10 * MIB)] == [
        (row.device, row.term, row.error) for row in rows[:3]
    ]
    assert Difference("Host", "model", 7 * MIB, 8 * MIB) == rows[3]
    assert len(rows) == 6


def test_a_device_that_llama_cpp_leaves_out_uses_nothing():
    rows = differences({"CUDA1": Use(5, 5, 5)}, HostUse(), RealUse((CARD,), Use()))

    assert [0, 0, 0] == [row.real for row in rows[:3]]


def test_guests_of_the_line_are_one_term():
    real = RealUse((CARD,), Use(), draft={"CUDA0": Use(60, 20, 10)}, mmproj={"CUDA0": 9})

    assert (Difference("CUDA0", "guests", 100, 99),) == compare_guests({"CUDA0": 100, "CUDA1": 0}, real)


def test_enough_memory_lacks_nothing():
    assert {} == real_shortfalls(RealUse((CARD,), Use()), {"CUDA0": 800 * MIB})


def test_what_is_missing_is_told_by_device():
    assert {"CUDA0": MIB} == real_shortfalls(RealUse((CARD,), Use()), {"CUDA0": 799 * MIB})


def test_guests_of_the_line_count_to_what_is_needed():
    real = RealUse(
        (CARD,), Use(), draft={"CUDA0": Use(60 * MIB, 20 * MIB, 10 * MIB)}, mmproj={"CUDA0": 15 * MIB}
    )

    assert {"CUDA0": 5 * MIB} == real_shortfalls(real, {"CUDA0": 900 * MIB})


def test_a_device_that_is_not_used_lacks_nothing():
    idle = RealDevice("CUDA0", total=1000 * MIB, free=900 * MIB, use=Use())

    assert {} == real_shortfalls(RealUse((idle,), Use()), {"CUDA0": -MIB, "CUDA1": -MIB})


def test_a_device_outside_the_plan_is_not_judged():
    assert {} == real_shortfalls(RealUse((CARD,), Use()), {})
