"""A line that says everything stays as it is, unless a change is worth its words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.draws import draw, launch
from benchmarks.held import hold
from moefit.planning.core import plan
from moefit.planning.stands import as_it_stands
from moefit.search.request import Options, Request
from tests.drawn import THOROUGH

WORLD = draw(1, 8007)
"""Where all experts on the CPU are predicted 0.4% faster than the plan's own line."""


def asked(words):
    return Request(WORLD.model, WORLD.machine, launch(words), Options(WORLD.workload, thorough=False))


@pytest.fixture(scope="module")
def line():
    return plan(asked(WORLD.line)).argv


@pytest.fixture(scope="module")
def stands(line):
    """The plan for a line that is a plan's own."""
    return plan(asked(line))


def test_a_gain_of_less_than_three_per_cent_adds_nothing(line, stands):
    assert line == stands.argv


@pytest.mark.parametrize("missing", ["--fit", "-ub", "-c", "-ngl"])
def test_a_line_that_leaves_something_open_is_completed(line, missing):
    at = line.index(missing)

    assert missing in plan(asked((*line[:at], *line[at + 2 :]))).argv


def test_a_line_that_is_far_from_the_best_is_changed(line):
    at = line.index("-ot")

    assert "-ot" in plan(asked((*line[:at], *line[at + 2 :]))).argv


@pytest.mark.parametrize("seconds", [0.5, 0.99])
def test_the_gain_decides(line, stands, seconds):
    quicker = replace(
        stands.candidates[0],
        prediction=replace(stands.prediction, seconds=seconds * stands.prediction.seconds),
    )
    default = replace(quicker.settings, load_mode="mmap", batch=1)
    found = as_it_stands(asked(line), quicker, default)

    assert (found is None) == (seconds < 0.97)


@pytest.mark.parametrize(
    ("seed", "number"),
    [
        pytest.param(2, 2695, id="a cache beside a micro-batch smaller than any default"),
        pytest.param(2, 3284, id="a cache in another load mode, without copies"),
        pytest.param(2, 9246, id="the trained context, -c 0"),
        pytest.param(
            5,
            4635,
            id="a cache beside the order of the machine",
            marks=pytest.mark.skipif(not THOROUGH, reason="1 s"),
        ),
    ],
)
def test_a_plan_s_own_line_is_planned_as_it_is(seed, number):
    assert hold(draw(seed, number)).faults == []
