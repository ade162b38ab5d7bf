"""The standard layout and the two-pass fit where rooms of several kinds meet, and where a wanted number overcommits."""

from __future__ import annotations

import pytest

from moefit.machine.types import CPU
from moefit.placement.standard import standard
from moefit.placement.two_pass import two_pass
from moefit.placement.types import LayerSize, Layout, Ledger, Room


@pytest.mark.parametrize(("size", "slots"), [(1000, (0,)), (1001, (CPU,))])
def test_a_wanted_number_overcommits_a_thousand_times(size: int, slots: tuple[int, ...]) -> None:
    assert slots == standard(Ledger((LayerSize(size),)), [Room(1)], 1).slots


def test_integrated_rooms_take_what_lies_below_the_discrete_ones() -> None:
    """Not the last layer again, which would fit them while the one below it does not."""
    ledger = Ledger((LayerSize(50), LayerSize(10), LayerSize(1000)))

    assert (CPU, 0, CPU) == standard(ledger, [Room(10), Room(20, integrated=True)]).slots


def test_bases_go_to_integrated_rooms_after_the_discrete_ones() -> None:
    layers = tuple(LayerSize(10, ((f"e{index}", 90),)) for index in range(2))
    rooms = [Room(105), Room(15, integrated=True)]

    assert Layout((1, 0, CPU), frozenset({"e0"})) == two_pass(Ledger((*layers, LayerSize(20))), rooms)


def test_a_wanted_layer_that_cannot_be_whole_has_its_base_placed() -> None:
    ledger = Ledger((LayerSize(1, (("e0", 10_000),)), LayerSize(10_000)))

    assert Layout((0, CPU), frozenset({"e0"})) == two_pass(ledger, [Room(5)], 1)
