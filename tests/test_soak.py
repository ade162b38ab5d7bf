"""The soak itself: its draws repeat, its resolver reads lines by itself, and it tells a wrong plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks import held, resolver, soak
from benchmarks.draws import draw, launch
from benchmarks.held import Outcome, hold
from benchmarks.resolver import Card
from moefit.planning.core import plan
from moefit.search.request import Options, Request
from tests import oracle

CARDS = [Card("CUDA0", "CUDA0", 10), Card("CUDA1", "CUDA1", 30)]
TENSORS = [("in", "input"), *((f"blk.{n}.ffn_up_exps.weight", str(n)) for n in range(7)), ("out", "output")]


def homes(*words: str) -> str:
    """The last letter of every tensor's buffer: U for the CPU, 0 and 1 for the cards."""
    return "".join(buffers[0][-1] for buffers in resolver.places(words, 7, TENSORS, CARDS).values())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["-ngl", "0"], "UUUUUUUUU"),
        (["-ngl", "8"], "U00111111"),
        (["-ngl", "4"], "UUUUU0111"),
        (["-ngl", "99", "-ts", "1,1"], "U00001111"),
        (["-ngl", "99", "-ts", "0,0"], "U00111111"),
        (["-ngl", "99", "-ts", "1"], "U00000000"),
        (["-dev", "CUDA1"], "U11111111"),
        (["-dev", "CUDA1,CUDA0", "-ts", "1,1"], "U11110000"),
        (["-dev", "none"], "UUUUUUUUU"),
        (["-sm", "none", "-mg", "1"], "U11111111"),
        (["-cmoe"], "UUUUUUUU1"),
        (["-ncmoe", "2"], "UUU111111"),
        (["-ot", "blk[.](5|6)[.]=CPU,out=CUDA0"], "U00111UU0"),
        (["-ot", "exps=CUDA1", "-ot", "blk[.]0=CPU"], "U11111111"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_the_resolver_reads_a_line_as_llama_cpp_does(words, expected):
    assert expected == homes(*words)


def test_a_draw_is_the_same_for_ever():
    assert draw(1, 7) == draw(1, 7)
    assert draw(1, 7) != draw(2, 7)


@pytest.mark.parametrize(
    "number",
    [
        0,
        1,
        6,
        7,
        9,
        11,
        13,
        21,
        22,
        25,
        29,
        391,
        1249,
        1608,
        1662,
        1900,
        2039,
        2595,
        4147,
        5123,
        5689,
        6282,
        8007,
        8463,
        9170,
        9193,
        9759,
    ],
)
def test_a_draw_has_no_fault(number):
    assert [] == hold(draw(1, number)).faults


@pytest.mark.parametrize("number", [2568, 9795, 2434])
def test_what_copies_would_need_is_filled_where_nothing_is_copied(number):
    """With --no-op-offload the buffers are smaller than those that the search placed beside: 13, 19 and 64% stayed unused."""
    assert hold(draw(1, number)).unused < 0.03


def test_an_expert_cache_of_two_cards_leaves_hardly_anything_of_either():
    """It is split as the layers are, and the smaller card has too many of those for its room: 9% stayed unused."""
    assert hold(draw(1, 1402)).unused < 0.01


def test_a_link_too_slow_for_copies_keeps_no_device_from_an_expert_cache():
    """All layers on the CPU were the fastest without one: the cache has all experts, and copies are made at the most once."""
    world = draw(1, 6282)
    made = plan(
        Request(world.model, world.machine, launch(world.line), Options(world.workload, thorough=False))
    )
    assert made.prediction.seconds < 3
    assert all(group.resident == 1.0 for group in made.moe_cache.groups)


def test_a_plan_that_puts_a_tensor_elsewhere_is_told():
    world = draw(1, 6)
    options = Options(world.workload, thorough=False)
    made = plan(Request(world.model, world.machine, launch(world.line), options))
    slots = made.placement.slots
    wrong = replace(made, placement=replace(made.placement, slots=(-1, *slots[1:])))

    assert [] == list(held._faults(made))
    assert any("blk.0." in fault for fault in held._faults(wrong))


def test_an_exception_is_told(monkeypatch):
    def fails(_request):
        raise ValueError("0.5")

    monkeypatch.setattr(held, "plan", fails)

    assert "ValueError: 0.5" in hold(draw(1, 0)).faults[0]


def test_a_draw_without_end_is_told():
    assert ["takes more than 0.001 s"] == hold(draw(1, 7), longest=0.001).faults


def test_a_run_goes_on_where_it_was_cut_off(tmp_path):
    """A file of results has each draw once, whatever ended the run before."""
    path = tmp_path / "soak.jsonl"
    first = [Outcome(number, "model", "refused") for number in (0, 1, 2)]
    list(soak.written(path, 1, first))
    path.write_text(path.read_text()[:-20])
    last = [Outcome(2, "model", "plan", ["a fault"], unused=0.5)]
    list(soak.written(path, 1, last))
    list(soak.written(path, 2, first))

    assert [*first[:2], *last] == soak.kept(path, 1)


def test_no_draw_is_begun_after_the_time():
    assert [] == list(soak.soak(1, range(3), jobs=1, seconds=-1.0))


def test_the_report_names_every_fault(capsys):
    outcomes = [Outcome(number, "m", "plan", unused=0.01) for number in range(20)]

    assert 0 == soak.report(outcomes)
    assert 1 == soak.report([*outcomes, Outcome(77, "m", "plan", ["RAM lacks 5"], 2.0, 0.5, "odd")])
    said = capsys.readouterr().out
    assert "77: RAM lacks 5" in said
    assert "50.0% in draw 77 (m): odd" in said


@pytest.mark.parametrize(
    ("number", "why"),
    [
        pytest.param(8610, "no faster if used: ", id="a card of 200 GB/s beside RAM of 300"),
        pytest.param(
            9675, "no matrix fits: the smallest has 0.41 of 0.26 GiB", id="a gap smaller than a matrix"
        ),
    ],
)
def test_memory_that_stays_unused_has_its_reason(number, why):
    assert hold(draw(2, number)).why.startswith(why)


def test_what_is_no_faster_if_used_is_told_apart(capsys):
    outcomes = [Outcome(number, "m", "plan", unused=0.01) for number in range(20)]
    soak.report([*outcomes, Outcome(77, "m", "plan", unused=0.9, why="no faster if used: x")])
    said = capsys.readouterr().out
    assert "20 without those that are no faster if used: median 1.00%, 90% 1.00%" in said
    assert "more than 5%: 1 no faster if used\n  90.0% in draw 77 (m)" in said


def test_a_split_that_one_device_alone_can_take_is_no_exception():
    """`-ts 1,0.5` on a model of two blocks ended in a ValueError."""
    world = replace(draw(1, 6), line=("llama-server", "-m", "soak.gguf", "-ts", "1,0.5"))
    for name in ("tiny-gptoss-2l", "tiny-olmoe-4l"):
        quant = min(oracle.models()[name]["types"])

        assert [] == hold(replace(world, name=name, quant=quant)).faults
