"""Pipelining over several cards takes copies of every input: where those have no room, nothing is pipelined and everything stays on the cards."""

from __future__ import annotations

import pytest

from benchmarks.draws import draw, launch
from moefit.machine.types import CPU
from moefit.memory.pipelining import pipelines
from moefit.placement.types import Placement
from moefit.planning.core import plan
from moefit.planning.types import Plan
from moefit.search.request import Options, Request
from moefit.search.unpipelined import unpipelined


def planned(number: int, *words: str) -> Plan:
    """The plan of a draw of the soak, of its line or another."""
    world = draw(1, number)
    options = Options(world.workload, thorough=False)
    return plan(Request(world.model, world.machine, launch(words or world.line), options))


@pytest.mark.parametrize("number", [3010, 3681], ids=["qwen1.5-moe-a2.7b", "mistral-small-4"])
def test_no_expert_waits_on_the_cpu_for_the_copies_of_pipelining(number):
    made = planned(number)
    assert made.fits
    assert CPU not in {*made.placement.slots, *made.placement.overrides.values()}


@pytest.mark.parametrize("number", [3010, 3681], ids=["qwen1.5-moe-a2.7b", "mistral-small-4"])
def test_the_override_that_ends_it_moves_nothing(number):
    made = planned(number)
    assert {"output_norm.weight": made.placement.slots[-1]} == dict(made.placement.overrides)
    assert [
        ("-ot", "nothing moves: any override ends pipelining, for whose copies devices have no room")
    ] == [(a.option, a.why) for a in made.added if a.option == "-ot"]
    assert [
        "-ot of output_norm.weight moves nothing: any override ends pipelining, for whose copies devices have no room"
    ] == [warning.message for warning in made.warnings if warning.code == "unpipelined"]


def test_the_printed_line_is_its_own_plan():
    made = planned(3010)
    assert made.argv == planned(3010, *made.argv).argv


def test_a_plan_that_pipelines_and_fits_has_no_override():
    made = planned(3010, "llama-server", "-m", "soak.gguf", "-c", "4096", "-ub", "64", "-ts", "1,1")
    assert pipelines([d.device for d in made.devices], made.settings, made.placement)
    assert not made.placement.overrides
    assert "unpipelined" not in {warning.code for warning in made.warnings}


def test_one_device_is_never_pipelined():
    made = planned(3010)
    alone = Placement((0,) * len(made.placement.slots))
    assert unpipelined(made.model, [made.devices[0].device], made.settings, alone) is None
