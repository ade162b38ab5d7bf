"""The search leaves out only what cannot win."""

from dataclasses import replace
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, assume, given, settings

from moefit.errors import UsageError
from moefit.formats.speed import seconds_of_others
from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.planning.core import _as_alone, plan
from moefit.search import baselines, best_of_all, search
from moefit.search.openings import openings
from moefit.search.request import Request
from tests.drawn import several
from tests.oracle import model as recorded
from tests.planning.worlds import GIB, OPTIONS, launch, lines, machines, models


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(models(), machines(most=several(2, 6)), lines())
def test_a_quick_search_chooses_what_a_thorough_one_does(model, machine, words):
    try:
        quick = plan(Request(model, machine, launch(words), replace(OPTIONS, thorough=False)))
    except UsageError:
        assume(False)

    def place_all(self, choices, step=0, **_):
        for opening in openings(self._problem, choices):
            self.place(opening, step)

    with patch.object(search._Search, "run", place_all):
        thorough = plan(Request(model, machine, launch(words), replace(OPTIONS, thorough=True)))
    assert (thorough.fits, thorough.argv) == (quick.fits, quick.argv)


def two_cards(*words, gpus):
    machine = Machine(parse_gpus(gpus), Ram(64 * GIB, 64 * GIB, 50 * 10**9), Cpu(8, 16))
    parsed = launch(("llama-server", "-m", "m.gguf", *words))
    return plan(Request(recorded("qwen3-30b-a3b", "Q4_K_M"), machine, parsed, OPTIONS))


def test_of_two_cards_alike_the_first_is_used():
    made = two_cards("-c", "8192", "-ub", "2048", gpus=("rtx-3090", "rtx-3090"))
    assert ["CUDA0"] == [d.device.name for d in made.devices]


def test_a_page_without_reasons_is_the_same_without_the_next_micro_batches():
    machine = Machine(parse_gpus(["rtx-3090"]), Ram(64 * GIB, 64 * GIB, 50 * 10**9), Cpu(8, 16))
    asked = Request(
        recorded("qwen3-30b-a3b", "Q4_K_M"), machine, launch(("llama-server", "-m", "m.gguf")), OPTIONS
    )
    every, few = (plan(replace(asked, options=replace(OPTIONS, neighbours=n))) for n in (True, False))
    assert every == replace(few, candidates=every.candidates, known=every.known)
    assert seconds_of_others(few).items() <= seconds_of_others(every).items()
    assert len({c.settings.ubatch for c in few.candidates}) < len(
        {c.settings.ubatch for c in every.candidates}
    )


def test_a_strategy_that_moves_whole_layers_has_one_line_whatever_is_listed():
    """Half the micro-batch is 0.5% faster than what its bound leaves to be tried."""
    machine = Machine(parse_gpus(("rtx-3090", "rtx-4060")), Ram(64 * GIB, 64 * GIB, 50 * 10**9), Cpu(8, 16))
    parsed = launch(("llama-server", "-m", "m.gguf"))
    asked = Request(recorded("glm-4.5-air", "Q4_K_M"), machine, parsed, OPTIONS)
    ways = [replace(OPTIONS, strategy="two-pass", thorough=t, neighbours=t) for t in (False, True)]
    assert 1 == len({plan(replace(asked, options=way)).argv for way in ways})


def test_the_context_does_not_give_way_to_layers_that_a_strategy_leaves_on_the_cpu():
    """Base-first keeps every layer's base on 4 GiB with 24,832 tokens; two-pass does not, and was told that nothing fits."""
    machine = Machine(parse_gpus(["4GiB"]), Ram(32 * GIB, 32 * GIB, 50 * 10**9), Cpu(8, 16))
    parsed = launch(("llama-server", "-m", "m.gguf"))
    asked = Request(recorded("qwen3-30b-a3b", "Q4_K_M"), machine, parsed, OPTIONS)
    own = replace(OPTIONS, strategy="two-pass", thorough=False)
    made = [plan(replace(asked, options=one)) for one in (replace(OPTIONS, thorough=False), own)]
    assert [(True, 24832), (True, 32768)] == [(one.fits, one.settings.context) for one in made]


def test_a_fit_of_several_devices_that_seems_slower_than_the_plan_is_not_measured():
    machine = Machine(parse_gpus(["rtx-4090", "gtx-1060"]), Ram(64 * GIB, 64 * GIB, 50 * 10**9), Cpu(8, 16))
    line = launch(("llama-server", "-m", "m.gguf", "-c", "65536"))
    quick = replace(OPTIONS, thorough=False)
    with patch.object(baselines, "server_fit", wraps=baselines.server_fit) as fitted:
        plan(Request(recorded("qwen3-30b-a3b", "Q4_K_M"), machine, line, quick))
    assert [5] == [len(call.args) for call in fitted.call_args_list]  # with buffers, so that none is measured


def asked(model, gpus, *words):
    machine = Machine(parse_gpus(gpus), Ram(64 * GIB, 64 * GIB, 50 * 10**9), Cpu(8, 16))
    parsed = launch(("llama-server", "-m", "m.gguf", *words))
    return Request(recorded(model, "Q4_K_M"), machine, parsed, replace(OPTIONS, thorough=False))


def by(strategy, request, **how):
    return plan(replace(request, options=replace(request.options, strategy=strategy, **how)))


@pytest.mark.parametrize("layers", ["0", "20"])
def test_no_context_is_given_up_for_layers_that_the_line_leaves_on_the_cpu(layers):
    """It was, wherever a sum of bytes says that two cards have room for all with less context; the line was then refused."""
    made = plan(asked("llama-3.1-8b", ["6GiB", "name=Vulkan0,free=4GiB"], "-ngl", layers))
    on_devices = sum(layer.device != "CPU" for layer in made.layers)
    assert (True, 32768, max(0, int(layers) - 1)) == (made.fits, made.settings.context, on_devices)


def test_a_strategy_is_planned_with_the_context_with_which_it_is_listed():
    """With 32,768 tokens `ffn` leaves matrices on the CPU, and takes half as long again."""
    one = asked("qwen3-14b", ["8GiB", "6GiB"])
    listed = by("auto", one, thorough=True).candidates
    said = min(c.prediction.seconds for c in listed if c.fits and c.strategy == "ffn")
    assert said == by("ffn", one).prediction.seconds


def test_what_is_near_the_best_is_looked_for_with_base_first_asked_for_too():
    """A page of an expert cache on two cards lists it."""
    one = asked("glm-4.5-air", ["rtx-3090", "rtx-3060"])
    with patch.object(best_of_all, "refined", return_value=()):
        unrefined = by("base-first", one)
    assert by("base-first", one).prediction.seconds < 0.99 * unrefined.prediction.seconds


def test_nothing_is_listed_of_a_strategy_that_its_own_plan_does_not_reach():
    def candidate(strategy, seconds, *, fits=True):
        return SimpleNamespace(strategy=strategy, fits=fits, prediction=SimpleNamespace(seconds=seconds))

    every = [
        candidate("ffn", 1),
        candidate("ffn", 1, fits=False),
        candidate("ffn", 3),
        candidate("standard", 1),
    ]
    assert every[1:] == list(_as_alone(every, (candidate("ffn", 2),)))


def test_a_micro_batch_beside_the_best_is_tried_on_one_card_too():
    one = asked("laguna", ["16GiB"], "-c", "8192")
    assert 1 == len({by("two-pass", one, thorough=t, neighbours=t).argv for t in (False, True)})


def test_an_output_that_must_be_on_a_device_and_has_room_on_none_is_missing_there():
    """It was left on the CPU, and the line was refused as one that no option expresses."""
    made = plan(asked("embeddinggemma", ["0.64GiB", "0.63GiB"], "-ngl", "1"))
    assert (False, [True]) == (made.fits, [device.output for device in made.devices])
