"""The standard layout and the two-pass fit where rooms of several kinds meet."""

from __future__ import annotations

from moefit.machine.types import CPU
from moefit.placement.standard import standard
from moefit.placement.two_pass import two_pass
from moefit.placement.types import LayerSize, Layout, Ledger, Room


def test_integrated_rooms_take_what_lies_below_the_discrete_ones() -> None:
    """Not the last layer again, which would fit them while the one below it does not."""
    ledger = Ledger((LayerSize(50), LayerSize(10), LayerSize(1000)))

    assert (CPU, 0, CPU) == standard(ledger, [Room(10), Room(20, integrated=True)]).slots


def test_bases_go_to_integrated_rooms_after_the_discrete_ones() -> None:
    layers = tuple(LayerSize(10, ((f"e{index}", 90),)) for index in range(2))
    rooms = [Room(105), Room(15, integrated=True)]

    assert Layout((1, 0, CPU), frozenset({"e0"})) == two_pass(Ledger((*layers, LayerSize(20))), rooms)
