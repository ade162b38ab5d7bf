"""A sketch says what the placement takes that it stands for."""

import pytest

from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.placement.arrange import Demand
from moefit.search.candidate import best
from moefit.search.choices import open_choices
from moefit.search.layout import Layout, added, dropped, in_proportion, swapped
from moefit.search.problem import Problem
from moefit.search.request import Request
from moefit.search.search import search
from moefit.search.sketch import Sketch
from tests.oracle import model as recorded
from tests.planning.worlds import GIB, QUICK, launch

LAYOUT = Layout((0, 1), (2, 5), 9, 512)


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
    about = sketch.seconds(Layout(made.order, starts, len(slots), made.settings.ubatch))
    assert about == pytest.approx(made.prediction.seconds, rel=0.02)


def test_runs_follow_one_another_behind_the_cpu():
    assert (-1, -1, 0, 0, 0, 1, 1, 1, 1) == LAYOUT.runs


def test_no_run_becomes_empty():
    assert [None, (2, 3), (2, 8), None] == [
        moved and moved.starts for by in (-3, -2, 3, 4) for moved in [LAYOUT.moved(1, by)]
    ]


def test_swapped_devices_keep_the_cuts_or_their_own_slots():
    assert [((1, 0), (2, 5)), ((1, 0), (2, 6))] == [(one.order, one.starts) for one in swapped(LAYOUT)]


def test_a_neighbour_takes_the_slots_of_a_dropped_device():
    assert [((1,), (2,)), ((0,), (2,))] == [(one.order, one.starts) for one in dropped(LAYOUT)]


def test_an_added_device_takes_one_slot_of_a_neighbour_or_half():
    found = {(one.order, one.starts) for one in added(LAYOUT, 3)}
    assert {((2, 0, 1), (2, 3, 5)), ((0, 2, 1), (2, 5, 7)), ((0, 1, 2), (2, 5, 8))} <= found
    assert all(min(one.counts) > 0 for one in added(LAYOUT, 3))


def test_runs_in_proportion_have_a_slot_at_least():
    assert (2, 3, 8) == in_proportion(LAYOUT, (2, 0, 1), (1, 10**9, 1), 512).starts
