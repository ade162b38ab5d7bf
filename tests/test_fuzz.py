"""The fuzzer itself: it tells faults from answers, and what it found stays mended."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks import fuzz
from tests.drawn import THOROUGH, several
from tests.gguf import raw

FOUND = Path(__file__).parent / "data" / "found"
TARGETS = {target.name: target for target in fuzz.targets()}


@pytest.mark.parametrize("name", TARGETS)
def test_every_seed_is_read(name):
    for seed in TARGETS[name].seeds[:: several(6, 1)]:
        assert "" == fuzz.attempt(TARGETS[name], seed)[0]


@pytest.mark.parametrize("name", TARGETS)
def test_a_hundred_mutations_are_answers_or_errors_of_moefits_own(name):
    chance = random.Random(1)
    target = TARGETS[name]
    for _ in range(100):
        data = fuzz.mutate(chance, chance.choice(target.seeds), target.seeds)
        assert "" == fuzz.attempt(target, data)[0], data


def test_most_header_seeds_become_plans():
    made = [fuzz.header(seed) for seed in TARGETS["header"].seeds if b"qwen3." in seed or b"gemma3." in seed]

    assert all(isinstance(plan, str) and plan.startswith("{") for plan in made)


def test_a_traceback_is_a_fault():
    def fails(_data: bytes) -> None:
        raise ZeroDivisionError("division by zero")

    assert "ZeroDivisionError: division by zero" in fuzz.attempt(fuzz.Target("x", fails, [b""]), b"")[0]


def test_an_input_that_takes_long_is_a_fault(monkeypatch):
    monkeypatch.setattr(fuzz, "SLOW", 0.0)

    assert "takes" in fuzz.attempt(fuzz.Target("x", sum, [b""]), b"abc" * 1000)[0]


def test_an_input_without_end_is_a_fault_and_no_end_of_the_run(monkeypatch):
    monkeypatch.setattr(fuzz, "LONGEST", 0.01)

    def never_ends(_data: bytes) -> None:
        while True:
            pass

    assert "takes more than 0 s" == fuzz.attempt(fuzz.Target("x", never_ends, [b""]), b"")[0]


ODD = ("blk.x", "blk.", "blk.0", "blk", "..", ".", "enc.blk.0.", "dec.blk.1.ffn_up_exps")
ARCHITECTURES = ("gemma3", "qwen3moe")
WITH = [
    (architecture, name)
    for at, name in enumerate(ODD)
    for number, architecture in enumerate(ARCHITECTURES)
    if THOROUGH or number == at % 2
]
"""For a change each name with one of them, in turns."""


@pytest.mark.parametrize(("architecture", "name"), WITH)
def test_a_tensor_of_an_odd_name_is_no_traceback(architecture, name):
    made = raw.Raw()
    made.tensor(name, (256,), offset=0)
    whole = fuzz.small_header(architecture, 8)
    entry = made.tensors[0]
    first = whole.index(b"token_embd.weight") - 8
    offset = int.from_bytes(entry[-8:], "little")
    data = bytearray(whole[:first] + entry + whole[first:])
    data[8] += 1
    assert 0 == offset  # the tensors after it are misplaced, unless each moves on by its size
    _shift(data, first + len(entry), 1024)

    assert "" == fuzz.attempt(TARGETS["header"], bytes(data))[0]


def _shift(data: bytearray, at: int, by: int) -> None:
    """Move the offset of every tensor from `at` on."""
    while at < len(data):
        at += 8 + int.from_bytes(data[at : at + 8], "little")
        at += 4 + 8 * int.from_bytes(data[at : at + 4], "little") + 4
        data[at : at + 8] = (int.from_bytes(data[at : at + 8], "little") + by).to_bytes(8, "little")
        at += 8


@pytest.mark.parametrize("path", sorted(FOUND.iterdir()), ids=lambda path: path.name)
def test_what_was_found_stays_mended(path):
    """Inputs that were faults once; the name of each begins with its target's."""
    assert "" == fuzz.attempt(TARGETS[path.name.partition("-")[0]], path.read_bytes())[0]
