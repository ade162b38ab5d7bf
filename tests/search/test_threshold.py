"""The threshold for copies: a launch that is given another one is counted with the buffers that it then has."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.draws import draw, launch
from moefit.planning.as_given import as_given
from moefit.planning.frame import frame
from moefit.search.request import Options, Request
from moefit.search.settled import placed_with
from moefit.search.threshold import with_threshold

WORLD = draw(2, 7591)
"""Two small cards with layers on the CPU, where a threshold of 104 takes 0.46 GiB more of the first than the default, 32."""
SHARED = ("-c", "32768", "-ub", "256", "-ncmoe", "12")
FULL = (
    *("-dev", "CUDA0,CUDA1", "-ngl", "16", "-ts", "6,10", "--fit", "off"),
    *("-ot", "blk[.](6[5-9]|7[0-9])[.]ffn_(gate|down|up)_exps=CPU,^output[.]weight=CPU"),
)


def request(*words):
    line = launch(("llama-server", "-m", "m.gguf", *SHARED, *words))
    return Request(WORLD.model, WORLD.machine, line, Options(WORLD.workload, thorough=False))


@pytest.fixture(scope="module")
def full():
    """A launch that leaves too little for the larger buffers."""
    return replace(as_given(request(*FULL), 32768), strategy="two-pass")


@pytest.fixture(scope="module")
def made(full):
    return with_threshold(frame(request()), full)


@pytest.mark.parametrize("threshold", [32, 104])
def test_a_launch_with_another_threshold_fits_with_it_and_without(made, threshold):
    settings = replace(made.settings, op_offload_min_batch=threshold)

    assert placed_with(request(), made.settled, settings).shortfall == 0


def test_its_memory_is_that_of_its_threshold(made):
    assert placed_with(request(), made.settled, made.settings).footprint == made.settled.footprint


def test_where_nothing_can_move_the_default_stays(full):
    assert with_threshold(frame(request(*FULL)), replace(full, strategy="as given")) is None
