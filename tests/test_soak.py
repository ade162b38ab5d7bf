"""The soak itself: its draws repeat, its resolver reads lines by itself, and it tells a wrong plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks import resolver, soak
from benchmarks.resolver import Card

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
    assert soak.draw(1, 7) == soak.draw(1, 7)
    assert soak.draw(1, 7) != soak.draw(2, 7)


@pytest.mark.parametrize("number", [0, 1, 6, 7, 9, 11, 13, 21, 22, 25, 29])
def test_a_draw_has_no_fault(number):
    tally = soak.Tally()
    soak.try_one(soak.draw(1, number), tally)

    assert [] == tally.faults


def test_a_plan_that_puts_a_tensor_elsewhere_is_told():
    world = soak.draw(1, 6)
    options = soak.Options(world.workload, thorough=False)
    made = soak.plan(soak.Request(world.model, world.machine, soak.launch(world.line), options))
    slots = made.placement.slots
    wrong = replace(made, placement=replace(made.placement, slots=(-1, *slots[1:])))

    assert [] == list(soak._faults(made))
    assert any("blk.0." in fault for fault in soak._faults(wrong))


def test_an_exception_is_told(monkeypatch):
    def fails(_request):
        raise ValueError("0.5")

    monkeypatch.setattr(soak, "plan", fails)
    tally = soak.Tally()
    soak.try_one(soak.draw(1, 0), tally)

    assert "ValueError: 0.5" in tally.faults[0]


def test_a_split_that_one_device_alone_can_take_is_no_exception():
    """`-ts 1,0.5` on a model of two blocks ended in a ValueError."""
    world = replace(soak.draw(1, 6), line=("llama-server", "-m", "soak.gguf", "-ts", "1,0.5"))
    tally = soak.Tally()
    for name in ("tiny-gptoss-2l", "tiny-olmoe-4l"):
        quant = min(soak.oracle.models()[name]["types"])
        soak.try_one(replace(world, name=name, quant=quant), tally)

    assert [] == tally.faults
