"""What a plan chose is said, what matters most first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moefit.machine.declared import parse_gpus
from moefit.machine.modules import parse_modules
from moefit.machine.types import Cpu, Machine, Ram
from moefit.planning.core import plan
from moefit.planning.remarks import _cores, _this_host, _unified
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
    [("m4-max", 12, "those of the chip Apple M4 Max"), ("rtx-3060", 8, "a desktop's")],
)
def test_cores_that_nobody_stated_are_said_to_be_the_chip_s_or_a_desktop_s(gpu, cores, words):
    machine = Machine(parse_gpus([gpu]), Ram(32 << 30, 32 << 30), Cpu(cores, cores, assumed=True))
    [note] = _cores(machine)
    assert f"{cores} CPU cores are assumed, {words}; --cores says how many there are" == note.message


@pytest.mark.parametrize(
    ("host", "processor", "words"),
    [
        ("it", "a Ryzen", "is this host's, and so are its 2 cores: for"),
        ("it", "", "is this host's: for"),
        ("", "", None),
    ],
    ids=["all of it detected", "its cores stated", "its RAM stated"],
)
def test_a_declared_card_beside_this_hosts_ram_and_cores_is_told_whose_they_are(host, processor, words):
    machine = Machine(parse_gpus(["h100"]), Ram(32 << 30, 32 << 30), Cpu(2, 2, processor), host=host)
    assert [words in note.message for note in _this_host(machine)] == [True] * (words is not None)


@pytest.mark.parametrize(("gpu", "told"), [("strix-halo", 1), ("rtx-3060", 0)])
def test_modules_of_a_memory_that_is_the_chips_are_told_to_change_nothing(gpu, told):
    ram = Ram(32 << 30, 32 << 30, modules=parse_modules("ddr5-5600x2"), source="declared")
    assert told == len(list(_unified(Machine(parse_gpus([gpu]), ram, Cpu(8, 8)))))
