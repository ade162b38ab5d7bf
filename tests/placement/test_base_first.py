"""Base-first on layers of unequal size, as a real Q4_K_M has them: cases whose answer a slip in the filling would change."""

from __future__ import annotations

import pytest

from moefit.machine.types import CPU
from moefit.placement.base_first import base_first
from moefit.placement.types import LayerSize, Layout, Ledger, Room

OUTPUT = LayerSize(2)


def layer(index: int, base: int, *experts: int) -> LayerSize:
    return LayerSize(base, tuple((f"e{index}.{part}", size) for part, size in enumerate(experts)))


def test_after_the_first_layer_that_does_not_fit_whole_single_tensors_are_tried_in_order() -> None:
    """The small last layer would fit whole, but the tensors of the layer before it come first."""
    ledger = Ledger((layer(0, 1, 50), layer(1, 1, 30, 70), layer(2, 1, 20, 15), OUTPUT))
    room = Room(5 + 50 + 40)

    assert Layout((0, 0, 0, 0), frozenset({"e1.1", "e2.0", "e2.1"})) == base_first(ledger, [room])


def test_a_large_layer_leaves_its_room_to_the_tensors_of_a_smaller_one() -> None:
    ledger = Ledger((layer(0, 1, 50), layer(1, 1, 100), layer(2, 1, 30), OUTPUT))

    assert Layout((0, 0, 0, 0), frozenset({"e1.0"})) == base_first(ledger, [Room(5 + 50 + 40)])


def test_the_common_share_of_experts_is_fine_enough_to_choose_where_a_layer_goes() -> None:
    ledger = Ledger((layer(0, 3, 7), layer(1, 2, 13), layer(2, 3, 13), OUTPUT))

    assert Layout((0, 0, 1, 1), frozenset({"e1.0"})) == base_first(ledger, [Room(21), Room(25)])


@pytest.mark.parametrize(("capacities", "slots"), [((4097, 8193), (0, 1, 1)), ((4098, 8195), (1, 1, 1))])
def test_the_largest_common_share_is_all_of_the_experts(
    capacities: tuple[int, int], slots: tuple[int, ...]
) -> None:
    """With a little less of each layer the second device would take both; with a little more, one, although both fit."""
    ledger = Ledger((layer(0, 1, 4096), layer(1, 1, 4096), LayerSize(0)))

    assert Layout(slots) == base_first(ledger, [Room(capacity) for capacity in capacities])


def test_a_tensor_that_just_fits_is_placed() -> None:
    ledger = Ledger((layer(0, 1, 40, 60), OUTPUT))

    assert Layout((0, 0), frozenset({"e0.1"})) == base_first(ledger, [Room(3 + 40)])


def test_a_layer_that_just_fits_is_placed_whole() -> None:
    ledger = Ledger((layer(0, 1, 40, 60), layer(1, 1, 10), OUTPUT))

    assert Layout((0, 0, 0), frozenset({"e1.0"})) == base_first(ledger, [Room(4 + 100)])


def test_an_output_that_fits_nowhere_stays_on_the_cpu_and_the_layers_below_it_do_not() -> None:
    ledger = Ledger((layer(0, 1, 5), layer(1, 1, 5), LayerSize(1000)))

    assert Layout((0, 0, CPU), frozenset({"e1.0"})) == base_first(ledger, [Room(2 + 9)])


def test_a_room_that_nothing_is_left_for_takes_nothing() -> None:
    ledger = Ledger((layer(0, 4), layer(1, 4), OUTPUT))

    assert (1, 1, 1) == base_first(ledger, [Room(100), Room(10)]).slots


def test_without_a_room_everything_is_on_the_cpu() -> None:
    ledger = Ledger((layer(0, 4, 1), OUTPUT))

    assert (CPU, CPU) == base_first(ledger, []).slots


def test_a_bias_stays_with_its_matrix_though_it_would_fit_alone() -> None:
    experts = (
        ("b.ffn_up_exps.weight", 40),
        ("b.ffn_down_exps.weight", 40),
        ("b.ffn_up_exps.bias", 1),
        ("b.ffn_down_exps.bias", 1),
    )
    ledger = Ledger((LayerSize(1, experts), OUTPUT))

    assert Layout((0, 0), frozenset({"b.ffn_down_exps.weight", "b.ffn_down_exps.bias"})) == base_first(
        ledger, [Room(3 + 41 + 20)]
    )


LAYERS = Ledger((*(LayerSize(2, ((f"e{index}", 10),)) for index in range(6)), LayerSize(1)))
FAR = Room(26, "RPC")


@pytest.mark.parametrize("rooms", [[Room(19, "CUDA"), FAR], [FAR, Room(20, "CUDA")]])
def test_another_machines_device_gets_whole_layers(rooms: list[Room]) -> None:
    layout = base_first(LAYERS, rooms)
    remote = rooms.index(FAR)
    assert 2 == layout.slots[:6].count(remote)
    assert not any(layout.slots[int(name[1:])] == remote for name in layout.on_cpu)


def test_bases_come_first_where_the_others_cannot_hold_the_rest() -> None:
    layout = base_first(LAYERS, [Room(5, "CUDA"), FAR])
    assert CPU not in layout.slots
    assert layout.slots[:6].count(1) > 2


def test_devices_of_other_machines_alone_share_the_experts() -> None:
    near = base_first(LAYERS, [Room(19, "CUDA"), Room(26, "CUDA")])
    assert near == base_first(LAYERS, [Room(19, "RPC"), FAR])
