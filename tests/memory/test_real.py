from __future__ import annotations

from moefit.memory.real import Difference, RealDevice, RealUse, compare, shortfalls
from moefit.memory.types import Footprint, HostUse, Use
from moefit.sizes import MIB

CARD = RealDevice("CUDA0", total=1000 * MIB, free=900 * MIB, use=Use(500 * MIB, 200 * MIB, 100 * MIB))


def test_every_term_is_set_against_the_real_one():
    predicted = Footprint((Use(501 * MIB, 200 * MIB, 90 * MIB),), HostUse(model=7 * MIB, cache=999))
    rows = compare(["CUDA0"], predicted, RealUse((CARD,), Use(8 * MIB, 0, 0)))

    assert [("CUDA0", "model", MIB), ("CUDA0", "context", 0), ("CUDA0", "compute", -10 * MIB)] == [
        (row.device, row.term, row.error) for row in rows[:3]
    ]
    assert Difference("Host", "model", 7 * MIB, 8 * MIB) == rows[3]
    assert 6 == len(rows)


def test_a_device_that_llama_cpp_leaves_out_uses_nothing():
    rows = compare(["CUDA1"], Footprint((Use(5, 5, 5),), HostUse()), RealUse((CARD,), Use()))

    assert [0, 0, 0] == [row.real for row in rows[:3]]


def test_enough_memory_lacks_nothing():
    assert {} == shortfalls(RealUse((CARD,), Use()), {"CUDA0": 100 * MIB})


def test_the_reserve_counts_to_what_is_needed():
    assert {"CUDA0": MIB} == shortfalls(RealUse((CARD,), Use()), {"CUDA0": 101 * MIB})


def test_a_draft_model_and_a_projector_count_to_what_is_needed():
    real = RealUse(
        (CARD,), Use(), extra={"CUDA0": Use(60 * MIB, 20 * MIB, 10 * MIB)}, mmproj={"CUDA0": 15 * MIB}
    )

    assert {"CUDA0": 5 * MIB} == shortfalls(real, {})
