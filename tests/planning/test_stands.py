"""A line that says everything stays as it is, unless a change is worth its words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.draws import draw, launch
from moefit.planning.core import plan
from moefit.planning.stands import as_it_stands
from moefit.search.request import Options, Request

WORLD = draw(1, 8007)
"""Where all experts on the CPU are predicted 0.4% faster than the plan's own line."""
LINE = plan(
    Request(WORLD.model, WORLD.machine, launch(WORLD.line), Options(WORLD.workload, thorough=False))
).argv


def planned(words):
    return plan(Request(WORLD.model, WORLD.machine, launch(words), Options(WORLD.workload, thorough=False)))


def test_a_gain_of_less_than_three_per_cent_adds_nothing():
    assert LINE == planned(LINE).argv


@pytest.mark.parametrize("missing", ["--fit", "-ub", "-c", "-ngl"])
def test_a_line_that_leaves_something_open_is_completed(missing):
    at = LINE.index(missing)

    assert missing in planned((*LINE[:at], *LINE[at + 2 :])).argv


def test_a_line_that_is_far_from_the_best_is_changed():
    at = LINE.index("-ot")

    assert "-ot" in planned((*LINE[:at], *LINE[at + 2 :])).argv


@pytest.mark.parametrize("seconds", [0.5, 0.99])
def test_the_gain_decides(seconds):
    request = Request(WORLD.model, WORLD.machine, launch(LINE), Options(WORLD.workload, thorough=False))
    stands = planned(LINE)
    quicker = replace(
        stands.candidates[0],
        prediction=replace(stands.prediction, seconds=seconds * stands.prediction.seconds),
    )
    default = replace(quicker.settings, load_mode="mmap", batch=1)
    found = as_it_stands(request, quicker, default)

    assert (found is None) == (seconds < 0.97)
