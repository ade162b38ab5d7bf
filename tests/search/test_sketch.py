"""A sketch says what the placement takes that it stands for."""

from dataclasses import replace

import pytest

from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.memory.types import Footprint, HostUse, Use
from moefit.placement.arrange import Demand
from moefit.placement.budget import Budget
from moefit.placement.types import Placement
from moefit.search.candidate import best
from moefit.search.choices import open_choices
from moefit.search.device_split import (
    DeviceSplit,
    added,
    folded,
    in_full,
    in_proportion,
    on_others,
    removed,
    replaced,
    swapped,
)
from moefit.search.problem import Problem
from moefit.search.request import Request
from moefit.search.search import search
from moefit.search.settled import Settled
from moefit.search.sketch import Buffers, Sketch
from tests.oracle import model as recorded
from tests.planning.worlds import GIB, QUICK, launch

LAYOUT = DeviceSplit((0, 1), (2, 5), 9, 512)


@pytest.mark.parametrize(
    ("name", "quant"),
    [
        ("qwen3-235b-a22b", "Q4_K_M"),
        ("gpt-oss-120b", "MXFP4"),
        ("qwen3-next-80b-a3b", "Q4_K_M"),
        ("qwen3-14b", "Q4_K_M"),
    ],
)
def test_it_is_within_two_per_cent_of_the_launch_whose_buffers_it_knows(name, quant):
    machine = Machine(parse_gpus(("rtx-3090", "rtx-3060")), Ram(192 * GIB, 192 * GIB, 50 * 10**9), Cpu(8, 16))
    request = Request(recorded(name, quant), machine, launch(("llama-server", "-m", "m.gguf")), QUICK)
    problem = Problem(request, machine.gpus, Demand(), 32768)
    choices = open_choices(problem)
    made = best(search(problem, choices, thorough=False))
    sketch = Sketch(problem, choices, "ffn" if made.strategy == "ffn" else "base-first", 10)
    sketch.learn(made.settings.ubatch, made.settled)
    slots = made.settled.placement.slots
    starts = tuple(slots.index(place) for place in range(len(made.order)))
    about = sketch.seconds(DeviceSplit(made.order, starts, len(slots), made.settings.ubatch))
    assert about == pytest.approx(made.prediction.seconds, rel=0.02)


@pytest.mark.parametrize(("name", "quant"), [("qwen3-next-80b-a3b", "Q4_K_M"), ("gemma-3-12b", "Q4_K_M")])
def test_what_was_worked_out_for_other_layouts_changes_no_figure(name, quant):
    cards = parse_gpus(("rtx-3090", "rtx-3060", "p40"))
    machine = Machine(cards, Ram(192 * GIB, 192 * GIB, 50 * 10**9), Cpu(8, 16))
    request = Request(recorded(name, quant), machine, launch(("llama-server", "-m", "m.gguf")), QUICK)
    problem = Problem(request, machine.gpus, Demand(), 8192)
    choices, slots = open_choices(problem), request.model.slots
    settled = settled_with((0,) * slots, GIB)

    def sketch():
        made = Sketch(problem, choices, "base-first", 100)
        made.learn(512, settled)
        return made

    start = DeviceSplit((0, 1, 2), (0, slots // 2, slots - 9), slots, 512)
    layouts = [
        start,
        *swapped(start),
        *removed(start),
        replace(start, ubatch=2048),
        replace(start, starts=(3, 20, slots - 1)),
    ]
    shared = sketch()
    found = [shared.seconds(layout) for layout in layouts]
    assert [sketch().seconds(layout) for layout in layouts] == found
    assert len(set(found)) > 5


def test_runs_follow_one_another_behind_the_cpu():
    assert (-1, -1, 0, 0, 0, 1, 1, 1, 1) == LAYOUT.runs


def test_no_run_becomes_empty():
    assert [None, (2, 3), (2, 8), None] == [
        moved and moved.starts for by in (-3, -2, 3, 4) for moved in [LAYOUT.moved(1, by)]
    ]


def test_swapped_devices_keep_the_cuts_or_their_own_slots():
    assert [((1, 0), (2, 5)), ((1, 0), (2, 6))] == [(one.order, one.starts) for one in swapped(LAYOUT)]


def test_a_neighbour_takes_the_slots_of_a_dropped_device():
    assert [((1,), (2,)), ((0,), (2,))] == [(one.order, one.starts) for one in removed(LAYOUT)]


def test_an_added_device_takes_one_slot_of_a_neighbour_or_half():
    found = {(one.order, one.starts) for one in added(LAYOUT, 3)}
    assert {((2, 0, 1), (2, 3, 5)), ((0, 2, 1), (2, 5, 7)), ((0, 1, 2), (2, 5, 8))} <= found
    assert all(min(one.counts) > 0 for one in added(LAYOUT, 3))


def test_a_device_that_is_not_used_takes_the_place_of_each():
    assert [(2, 1), (0, 2)] == [one.order for one in replaced(LAYOUT, 3)]


def test_of_devices_that_are_alike_the_first_comes_first():
    split = DeviceSplit((3, 2, 1), (0, 2, 5), 9, 512)
    assert (1, 2, 3) == folded(split, (0, 1, 2, 1)).order


def test_a_slow_link_has_room_for_full_layers_alone_and_others_share_the_rest():
    assert [10, 30, 60] == in_full((10, 10, 20), (0,), 100)


def test_runs_in_proportion_have_a_slot_at_least():
    even = on_others(LAYOUT, (2, 0, 1), 512)
    assert (2, 3, 8) == in_proportion(even, (1, 10**9, 1), range(10)).starts


def test_runs_are_in_proportion_by_bytes():
    """The last slot is an output as large as all layers: the second device has room for it alone."""
    sums = (0, 1, 2, 3, 4, 8)
    assert (0, 4) == in_proportion(DeviceSplit((0, 1), (0, 2), 5, 512), (10, 10), sums).starts


def test_other_devices_begin_with_as_many_slots_each():
    assert DeviceSplit((2, 0, 1), (2, 4, 6), 9, 2048) == on_others(LAYOUT, (2, 0, 1), 2048)


def settled_with(slots, *sizes):
    devices = parse_gpus(("rtx-3060",) * len(sizes))
    uses = tuple(Use(compute=size) for size in sizes)
    budgets = tuple(Budget(GIB, 0, ()) for _ in sizes)
    return Settled(devices, budgets, Placement(slots), Footprint(uses, HostUse()), 0)


def test_buffers_of_a_device_with_the_output_alone_are_known_apart():
    buffers = Buffers()
    buffers.learn(512, settled_with((0, 0, 1, 1, 1), 100, 40))
    buffers.learn(512, settled_with((0, 0, 0, 0, 1), 100, 2))
    layouts = (DeviceSplit((0, 1), (0, start), 5, 512) for start in (2, 4))
    assert [(100, 40), (100, 2)] == [buffers.guess(layout) for layout in layouts]
