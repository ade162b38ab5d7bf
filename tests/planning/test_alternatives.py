"""Where nothing fits: what would run if one thing more were allowed, and what would be enough."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from unittest.mock import patch

import pytest

from moefit.formats.lacking import shortfalls
from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.planning.changes import Change, changes
from moefit.planning.core import plan
from moefit.planning.estimate import estimate
from moefit.search import search
from moefit.search.request import Request
from tests.oracle import model as recorded
from tests.planning.worlds import OPTIONS, QUICK, launch

GIB = 1 << 30
LINE = ("llama-server", "-m", "m.gguf")
CASES = {
    "RAM is short": ("mixtral-8x7b", "rtx-3060", 16, ()),
    "of a context of one's own": ("qwen3-30b-a3b", "rtx-3060", 8, ("-c", "32768")),
    "of more context than was trained": ("qwen3-30b-a3b", "rtx-3060", 8, ("-c", "400000")),
    "of layers that must be on the card": ("gemma-3-12b", "4GiB", 64, ("-ngl", "99", "-c", "8192")),
    "of a micro-batch of one's own": (
        "gemma-3-12b",
        "5GiB",
        64,
        ("-ngl", "99", "-ub", "4096", "-b", "4096", "-c", "8192"),
    ),
    "of a load mode of one's own": ("gpt-oss-120b", "rtx-3060", 32, ("-lm", "none")),
}


def machine(card: str, ram: int) -> Machine:
    return Machine(parse_gpus([card]), Ram(ram * GIB, ram * GIB, 50 * 10**9), Cpu(8, 16))


@pytest.fixture(scope="module", params=CASES.values(), ids=CASES.keys())
def asked(request) -> Request:
    name, card, ram, words = request.param
    model = recorded(name, "MXFP4" if name.startswith("gpt") else "Q4_K_M")
    return Request(model, machine(card, ram), launch((*LINE, *words)), OPTIONS)


@pytest.fixture(scope="module")
def made(asked):
    return plan(asked)


def test_nothing_fits_and_something_would(made):
    assert (False, True) == (made.fits, bool(made.alternatives))


def test_each_of_them_fits_and_planning_its_line_again_changes_nothing(asked, made):
    for alternative in made.alternatives:
        argv = alternative.plan.argv
        again = replace(asked, launch=launch(argv), options=QUICK)
        assert (True, argv) == (plan(again).fits, plan(again).argv), alternative.words
        assert estimate(again).fits, alternative.words


def test_the_fastest_stands_first_and_is_what_a_quick_plan_names(asked, made):
    seconds = [alternative.plan.prediction.seconds for alternative in made.alternatives]
    [first] = plan(replace(asked, options=QUICK)).alternatives
    assert [] == [one for i, one in enumerate(seconds) if one > 1.03 * min(seconds[i:])]
    assert made.alternatives[0].words == first.words


def test_no_context_is_above_the_trained_one(asked, made):
    trained = asked.model.trained_context
    own = asked.launch.constraints.context
    named = [a for a in made.alternatives if a.words.startswith("-c ")]
    assert [] == [a.words for a in named if a.plan.settings.context > trained]
    assert (own is not None) >= bool(named)


def test_so_much_more_memory_is_enough(asked, made):
    device = asked.machine.gpus[0]
    more, short = made.enough.devices.get(device.name, 0), made.enough.more
    ram = asked.machine.ram
    larger = replace(
        asked.machine,
        gpus=(replace(device, free=device.free + more, total=device.total + more),),
        ram=replace(ram, total=ram.total + short, available=ram.available + short),
    )
    assert plan(replace(asked, machine=larger, options=QUICK)).fits


def test_a_plan_that_does_not_fit_has_every_layer_where_its_user_wants_it():
    words = ("-ngl", "20", "-c", "16384")
    told = plan(
        Request(recorded("gemma-3-12b", "Q4_K_M"), machine("3GiB", 64), launch((*LINE, *words)), QUICK)
    )

    assert (False, 20) == (told.fits, told.placement.offloaded)
    assert {"CUDA0": -told.devices[0].left} == shortfalls(told)


@pytest.mark.parametrize(
    ("name", "card", "ram", "words"),
    [
        ("qwen3-30b-a3b", "rtx-3060", 16, ("-c", "4096")),
        ("llama-3.1-8b", "3.4GiB", 64, ("-ngl", "99", "-c", "8192")),
    ],
    ids=["RAM is short", "a card is"],
)
def test_a_file_no_larger_than_that_fits(name, card, ram, words):
    whole, smaller = (
        plan(Request(recorded(name, quant), machine(card, ram), launch((*LINE, *words)), QUICK))
        for quant in ("Q8_0", "Q4_K_M")
    )

    assert (False, True) == (whole.fits, smaller.fits)
    assert smaller.model.bytes < whole.largest_file < whole.model.bytes


def test_a_dense_model_whose_layers_must_be_on_a_card_fits_with_its_ffns_in_ram():
    words = ("-ngl", "99", "-c", "131072")
    asked = Request(
        recorded("llama-3.1-8b", "Q4_K_M"), machine("18.5GiB", 64), launch((*LINE, *words)), QUICK
    )

    assert (True, 33) == (plan(asked).fits, plan(asked).placement.offloaded)


def test_of_many_layers_on_many_cards_a_quick_no_plans_the_change_with_which_something_fits():
    model = recorded("qwen3-235b-a22b", "Q4_K_M")
    cards = Machine(parse_gpus(["2xrtx-3060"]), Ram(64 * GIB, 64 * GIB, 50 * 10**9), Cpu(8, 16))
    told = plan(Request(model, cards, launch(LINE), QUICK))
    typed = launch((*LINE, "--load-mode", "mmap"))

    assert ["--load-mode mmap"] == [made.words for made in told.alternatives]
    assert plan(Request(model, cards, typed, QUICK)).prediction == told.alternatives[0].plan.prediction


@pytest.mark.parametrize(
    ("words", "cards", "ram"),
    [
        ("-dev none", ("rtx-3060",), 3),
        ("-dev CUDA0", ("2GiB", "8GiB"), 3),
        ("-sm none -c 32768", ("6GiB", "6GiB"), 2),
        ("-fitt 6000 -ngl 99 -c 16384", ("9GiB",), 16),
        ("-nkvo -c 65536", ("rtx-3090",), 7),
        ("-fa off -ngl 99 -c 16384 -ub 4096 -b 4096", ("rtx-3060",), 16),
    ],
)
def test_what_keeps_memory_from_being_used_is_named_to_be_left_out(words, cards, ram):
    ours = Machine(parse_gpus(cards), Ram(ram * GIB, ram * GIB, 50 * 10**9), Cpu(8, 16))
    asked = Request(recorded("llama-3.1-8b", "Q4_K_M"), ours, launch((*LINE, *words.split())), QUICK)

    option = words.partition(" -ngl")[0].partition(" -c")[0].replace("-fitt 6000", "-fitt")
    assert [f"leaving out {option}"] == [made.words for made in plan(asked).alternatives]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("-ngl 33", {"-ngl 33"}),
        ("-ngl all", {"-ngl all"}),
        ("-ngl 33 -fa off", {"-fa off", "-ngl 33", "-ngl 33 and -fa off"}),
        ("-ngl 33 -ts 1", {"-ngl 33", "-ts", "-ngl 33 and -ts"}),
        ("-fa off", {"-fa off"}),
        ("-c 4096", set()),
    ],
)
def test_each_placement_of_the_user_s_own_and_all_at_once_may_be_left_out(words, expected):
    asked = Request(
        recorded("llama-3.1-8b", "Q4_K_M"),
        machine("rtx-3060", 32),
        launch((*LINE, *words.split())),
        QUICK,
    )
    settings = SimpleNamespace(
        cache_type_k="f16", cache_type_v="f16", flash_attention="auto", slots=1, ubatch=512, context=4096
    )
    told = changes(asked, SimpleNamespace(ram_shortfall=0, settings=settings))
    left_out = {one.words for one in told if isinstance(one, Change) and one.words.startswith("leaving")}
    assert {f"leaving out {one}" for one in expected} == left_out


def test_weights_that_could_vanish_and_not_be_enough_name_no_file():
    words = ("-ngl", "99", "-c", "131072")
    told = plan(
        Request(recorded("llama-3.1-8b", "Q4_K_M"), machine("8GiB", 64), launch((*LINE, *words)), QUICK)
    )

    assert (False, 0) == (told.fits, told.largest_file)


def test_a_sum_of_bytes_decides_and_one_launch_is_placed_to_say_what_is_missing():
    request = Request(recorded("deepseek-v3.1", "Q4_K_M"), machine("rtx-3060", 64), launch(LINE), QUICK)
    with (
        patch.object(search, "settle", wraps=search.settle) as settle,
        patch("moefit.planning.alternatives.alternatives", lambda *_: ()),
        patch("moefit.planning.enough.enough_memory", lambda *_, **__: None),
    ):
        assert not plan(request).fits
    assert 1 == settle.call_count


def test_of_changes_about_as_fast_the_one_that_costs_least_stands_first():
    words = ("-ub", "8192", "-ngl", "99", "-c", "16384")
    asked = Request(recorded("qwen3-30b-a3b", "Q4_K_M"), machine("4GiB", 32), launch((*LINE, *words)), QUICK)
    assert ["-ub"] == [made.words.split()[0] for made in plan(asked).alternatives]


def test_what_a_variable_says_is_not_to_be_left_out_of_the_line():
    model = recorded("gemma-3-12b", "Q4_K_M")
    line = launch((*LINE, "-c", "8192", "-ngl", "all"))
    named = [
        replace(given, origin="LLAMA_ARG_N_GPU_LAYERS")
        if given.option.name == "-ngl" or "-ngl" in given.option.spellings
        else given
        for given in line.given
    ]
    request = Request(model, machine("4GiB", 64), line, OPTIONS)
    by_variable = replace(request, launch=replace(line, given=tuple(named)))
    told = [{a.words for a in plan(one).alternatives} for one in (request, by_variable)]
    assert [True, False] == ["leaving out -ngl all" in words for words in told]


def test_a_program_without_an_option_is_not_told_to_take_it():
    model = recorded("qwen3-30b-a3b", "Q4_K_M")
    line = launch(("llama-bench", "-m", "m.gguf", "-p", "30000", "-n", "16"))
    made = plan(Request(model, machine("rtx-3060", 8), line, OPTIONS))
    assert [] == [a.words for a in made.alternatives if a.words.split()[0] in {"-c", "-np"}]
