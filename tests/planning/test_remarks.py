"""What a plan chose is said, what matters most first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.planning.core import plan
from moefit.planning.remarks import _cores
from tests.planning.test_what_if import asked


def told(line="llama-server -m m.gguf", ram=32, **changed):
    request = asked(line, ram=ram)
    made = plan(replace(request, machine=replace(request.machine, **changed)))
    return {warning.code: warning for warning in made.warnings}


def test_a_declared_ram_that_a_plan_takes_all_of_is_warned_of():
    warning = told(ram=16)["all-ram"]
    assert not warning.note
    assert "--ram is what is free for the server" in warning.message


@pytest.mark.parametrize("machine", [{"ram": 32}, {"ram": 16, "host": "seen"}])
def test_ram_that_is_left_or_was_seen_is_not_warned_of(machine):
    assert "all-ram" not in told(**machine)


def test_what_even_routing_makes_of_a_cache_is_said_first():
    assert ["moe-cache-routing", "moe-cache"] == [code for code in told() if code.startswith("moe-cache")]


def test_experts_of_more_layers_than_ncmoe_names_are_told_of():
    words = "-ncmoe 30 keeps the experts of 30 layers on the CPU; the plan leaves those of 18 more there"
    assert words == told("llama-server -m m.gguf -ncmoe 30")["more-layers"].message


def test_ncmoe_that_is_all_there_is_needs_no_word():
    assert "more-layers" not in told("llama-server -m m.gguf -ncmoe 48")


@pytest.mark.parametrize(
    ("gpu", "cores", "words"),
    [("m4-max", 12, "the Apple M4 Max's own 12 cores are"), ("rtx-3060", 8, "a desktop's 8 cores are")],
)
def test_cores_that_nobody_stated_are_said_to_be_the_chip_s_or_a_desktop_s(gpu, cores, words):
    machine = Machine(parse_gpus([gpu]), Ram(32 << 30, 32 << 30), Cpu(cores, cores, assumed=True))
    [note] = _cores(machine)
    assert f"{words} assumed; --cores says how many there are" == note.message
