"""What a server would load: llama.cpp's own fit, unless the line turns it off."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.planning.core import plan
from moefit.planning.estimate import AS_FITTED, estimate
from moefit.search.request import Request
from tests.oracle import model as recorded
from tests.planning.worlds import OPTIONS, launch

GIB = 1 << 30
CARD = Machine(parse_gpus(["rtx-3060"]), Ram(32 * GIB, 32 * GIB), Cpu(8, 16))
LINE = ("llama-server", "-m", "qwen3.gguf")


def estimated(*words, machine=CARD, model="qwen3-30b-a3b"):
    return estimate(Request(recorded(model, "Q4_K_M"), machine, launch((*LINE, *words)), OPTIONS))


def notes(made):
    return [w.message for w in made.warnings if w.code == "fit"]


def test_a_bare_line_is_estimated_as_the_fit_places_it():
    """More than the card holds: the smallest context, and experts of 23 layers on the CPU."""
    made = estimated()
    told = "llama.cpp's own fit sets -c 4096, -ngl 49, -ot for 23 layers"
    assert (True, AS_FITTED, [told]) == (made.fits, made.strategy, notes(made))


def test_an_open_context_is_shrunk_before_the_fit_gives_up_for_the_users_layers():
    """With one device that is enough, and the fit ends there."""
    made = estimated("-ngl", "99", "-ncmoe", "24")
    assert (True, 13312) == (made.fits, made.settings.context)


def test_a_context_of_the_users_is_never_shrunk():
    made = estimated("-ngl", "99", "-ncmoe", "24", "-c", "40960")
    assert (False, ["llama.cpp's own fit gives up: -ngl 99"]) == (made.fits, notes(made))


def test_where_the_fit_gives_up_the_context_that_it_shrank_stays():
    two = Machine(parse_gpus(["rtx-3060", "rtx-3060"]), Ram(64 * GIB, 64 * GIB), Cpu(8, 16))
    made = estimated("-ngl", "99", machine=two, model="glm-4.5-air")
    assert (4096, ["llama.cpp's own fit gives up, after -c 4096: -ngl 99"]) == (
        made.settings.context,
        notes(made),
    )


def test_c_0_asks_for_the_whole_context_which_the_fit_leaves():
    assert 40960 == estimated("-c", "0").settings.context


@pytest.mark.parametrize(("words", "context"), [(("-fitc", "8192"), 8192), (("-fitc", "50000"), 40960)])
def test_the_smallest_context_is_the_lines_own(words, context):
    assert context == estimated(*words).settings.context


def test_a_larger_margin_leaves_more_experts_on_the_cpu():
    made = estimated("-c", "8192"), estimated("-c", "8192", "-fitt", "4096")
    few, many = (sum(layer.experts == "CPU" for layer in one.layers) for one in made)
    assert few < many


def test_with_fit_off_a_line_is_estimated_as_it_stands():
    made = estimated("--fit", "off", "-c", "8192")
    assert (False, {"CUDA0"}, []) == (made.fits, {layer.experts for layer in made.layers}, notes(made))


def test_llama_bench_fits_only_where_it_is_asked_to():
    words = ("llama-bench", "-m", "qwen3.gguf")
    model = recorded("qwen3-30b-a3b", "Q4_K_M")
    bare, asked = (
        estimate(Request(model, CARD, launch(line), OPTIONS)) for line in (words, (*words, "-fitt", "512"))
    )
    assert (False, AS_FITTED) == (bare.fits, asked.strategy)


def test_what_the_fit_leaves_as_it_is_needs_no_word():
    made = estimated("-c", "8192", model="llama-3.1-8b")
    assert (True, []) == (made.fits, notes(made))


def test_a_card_without_free_memory_holds_nothing():
    empty = Machine(parse_gpus(["rtx-3060,free=0"]), Ram(64 * GIB, 60 * GIB), Cpu(8, 16))
    assert not estimated("-ngl", "99", "-ncmoe", "30", machine=empty).fits


def test_without_a_device_a_context_that_fits_into_ram_is_taken():
    bare = Machine((), Ram(16 * GIB, 16 * GIB), Cpu(8, 16))
    assert 4096 < estimated(machine=bare, model="llama-3.1-8b").settings.context < 131072


def test_a_layer_that_the_fit_moved_says_so():
    assert "its experts follow llama.cpp's own fit" in {layer.why for layer in estimated("-c", "8192").layers}


def paging(made):
    return [w.message for w in made.warnings if w.code == "paging"]


@pytest.mark.parametrize("words", [(), ("-lm", "mmap"), ("-lm", "auto"), ("--fit", "off", "-ngl", "0")])
def test_a_mapped_file_larger_than_ram_pages_and_is_priced(words):
    """llama.cpp maps by default: the server starts, and reads from disk what RAM has no room for."""
    small, large = (
        estimated("-c", "4096", "-cram", "0", *words, machine=replace(CARD, ram=Ram(size, size, 50 * 10**9)))
        for size in (4 * GIB, 64 * GIB)
    )
    assert (True, True, []) == (small.fits, large.fits, paging(large))
    assert ["disk"] == sorted({t.place for t in small.prediction.terms if t.name == "paging"})
    assert small.prediction.seconds > 2 * large.prediction.seconds
    share = sum(t.seconds for t in small.prediction.terms if t.name == "paging") / small.prediction.seconds
    assert [f"read from disk again and again, {share:.0%} of the time"] == [
        text.partition("they are ")[2] for text in paging(small)
    ]


@pytest.mark.parametrize("words", [("-lm", "none"), ("-lm", "mlock")])
def test_what_is_not_mapped_must_be_held(words):
    tight = replace(CARD, ram=Ram(4 * GIB, 4 * GIB, 50 * 10**9))
    made = estimated("-c", "4096", "-cram", "0", *words, machine=tight)
    assert (False, []) == (made.fits, paging(made))


def test_a_cache_in_ram_is_no_page_of_the_file():
    tight = replace(CARD, ram=Ram(4 * GIB, 4 * GIB, 50 * 10**9))
    made = estimated("-c", "40960", "-cram", "0", "-nkvo", machine=tight)
    assert (False, []) == (made.fits, paging(made))


def test_saved_prompts_that_would_take_the_weights_pages_are_named():
    made = estimated("-c", "4096", machine=replace(CARD, ram=Ram(16 * GIB, 16 * GIB, 50 * 10**9)))
    [text] = paging(made)
    assert (True, True) == (made.fits, text.startswith("once saved prompts and checkpoints have grown"))


def test_a_plan_holds_what_an_estimate_lets_page():
    tight = replace(CARD, ram=Ram(4 * GIB, 4 * GIB, 50 * 10**9))
    asked = Request(
        recorded("qwen3-30b-a3b", "Q4_K_M"), tight, launch((*LINE, "-c", "4096", "-cram", "0")), OPTIONS
    )
    assert (False, True) == (plan(asked).fits, estimate(asked).fits)
