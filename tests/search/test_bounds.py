"""No placement is faster than its bound, so what a search leaves out by it could not have won."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings

from moefit.errors import UsageError
from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.planning.frame import frame
from moefit.search.candidate import score
from moefit.search.choices import open_choices
from moefit.search.openings import openings
from moefit.search.problem import Problem
from moefit.search.request import Request
from moefit.search.settle import in_load_mode, settle
from tests.drawn import several
from tests.oracle import model as recorded
from tests.planning.worlds import GIB, OPTIONS, few_models, launch, lines, machines, make_model, models

EXACT = 1 - 1e-9
SLOW = settings(suppress_health_check=[HealthCheck.too_slow])


def placed(problem: Problem):
    """Every opening of a problem with each of its launches that fits: (opening, launch, seconds)."""
    for opening in openings(problem, open_choices(problem)):
        settled = settle(opening.task)
        for one in opening.launches:
            own = in_load_mode(replace(opening.task, settings=one), settled)
            candidate = score(problem, opening.strategy, one, own)
            if candidate.fits:
                yield opening, one, candidate.prediction.seconds


def framed(model, machine, words):
    try:
        return frame(Request(model, machine, launch(words), OPTIONS))
    except UsageError:
        assume(False)
        raise


def beyond(problem: Problem):
    """What is faster than its bound, or than the least that its launch takes."""
    for opening, one, seconds in placed(problem):
        rooms = [budget.usable for budget in opening.task.budgets]
        bounds = opening.bound, problem.least(one, opening.task.devices, rooms)
        if seconds < EXACT * max(bounds):
            yield opening.strategy, opening.task.devices, one.ubatch, one.load_mode, seconds, bounds


@SLOW
@given(several(few_models, models)(), machines(least=2, most=several(3, 6)), lines())
def test_no_opening_is_faster_than_its_bound(model, machine, words):
    assert list(beyond(framed(model, machine, words))) == []


def test_layers_whose_ways_cost_more_than_they_save_are_bounded_by_the_output_alone():
    model = make_model(2, 2, 4, 0, "f16", tied=False)
    cards = parse_gpus(
        [
            "name=Vulkan0,free=300MiB,bandwidth=200GB/s,link=6GB/s",
            "name=Vulkan1,free=365MiB,bandwidth=1000GB/s,link=12GB/s",
        ]
    )
    cards = tuple(replace(card, overhead=100 << 20) for card in cards)
    machine = Machine(cards, Ram(GIB, GIB, 50 * 10**9), Cpu(8, 16))
    words = ("llama-server", "-m", "random.gguf", "-cmoe", "-ctk", "q8_0", "-cram", "0")
    assert list(beyond(framed(model, machine, words))) == []


@pytest.mark.parametrize(
    ("name", "gpus"),
    [
        ("qwen3-14b", ("rtx-3090", "rtx-3060")),
        ("gpt-oss-20b", ("rtx-4090", "rtx-2060", "rtx-3060")),
        ("qwen3-30b-a3b", ("rtx-3060", "rtx-4060-ti-16gb")),
    ],
)
def test_on_real_models_nothing_is_faster_either(name, gpus):
    quant = "MXFP4" if "oss" in name else "Q4_K_M"
    machine = Machine(parse_gpus(gpus), Ram(64 * GIB, 64 * GIB, 50 * 10**9), Cpu(8, 16))
    problem = frame(
        Request(recorded(name, quant), machine, launch(("llama-server", "-m", "m.gguf")), OPTIONS)
    )
    assert list(beyond(problem)) == []
