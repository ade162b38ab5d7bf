from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from moefit.machine.link import pcie_bandwidth


def test_pcie_5_x16_comes_within_two_percent_of_an_h100s_measured_54_5_gb_per_second() -> None:
    assert abs(pcie_bandwidth(5, 16) / 54.5e9 - 1) < 0.02


def test_pcie_4_x16_lies_in_the_measured_range_of_25_to_27_gb_per_second() -> None:
    assert 25e9 < pcie_bandwidth(4, 16) < 27e9


@given(st.integers(1, 6), st.sampled_from([1, 2, 4, 8, 16]))
def test_twice_the_lanes_carry_twice_as_much(generation: int, lanes: int) -> None:
    assert abs(pcie_bandwidth(generation, 2 * lanes) - 2 * pcie_bandwidth(generation, lanes)) <= 1


@given(st.integers(1, 8))
def test_a_later_generation_is_never_slower(generation: int) -> None:
    assert pcie_bandwidth(generation, 16) <= pcie_bandwidth(generation + 1, 16)
