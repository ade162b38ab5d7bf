"""What a person sees of a plan, at the width of their terminal."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from rich.console import Console

from moefit.cost.workload import Workload
from moefit.formats.devices import show_machine
from moefit.formats.explain import explain
from moefit.formats.table import show
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.precedence import effective
from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.planning.core import plan
from moefit.planning.types import Launch, Options
from tests.oracle import model as recorded

GIB = 1 << 30
MODELS = {"qwen3-235b-a22b": 94, "deepseek-v3.1": 61}
WIDTHS = [40, 60, 80, 100, 120]


def planned(name, ram=512, line="llama-server -m model.gguf"):
    machine = Machine(parse_gpus(["rtx-4090"] * 2), Ram(ram * GIB, ram * GIB, 50 * 10**9), Cpu(8, 16))
    command = parse(line.split())
    given = effective(command, [], {})
    launch = Launch(command, given, constraints(command.name, given))
    return plan(recorded(name, "Q4_K_M"), machine, launch, Options(Workload(2048, 512)))


@pytest.fixture(scope="module", params=MODELS)
def made(request):
    return planned(request.param)


def page(write, what, width):
    console = Console(file=StringIO(), width=width)
    write(what, console)
    return console.file.getvalue()


def sizes(text):
    return sorted(re.findall(r"-?[\d.]+ [GM]iB", text))


def bar(text):
    return re.findall(r"^(layers  |        )([█▓░·]+)(?: output on \w+)?$", text, re.MULTILINE)


@pytest.mark.parametrize("width", WIDTHS)
def test_every_figure_is_there_at_every_width(made, width):
    assert sizes(page(show, made, 500)) == sizes(page(show, made, width))


@pytest.mark.parametrize("width", WIDTHS)
def test_every_device_is_there_at_every_width(made, width):
    text = page(show_machine, made.machine, width)
    assert sizes(page(show_machine, made.machine, 500)) == sizes(text)
    assert 2 == text.count("NVIDIA GeForce RTX 4090") == text.count("catalogue")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_layers_stand_in_aligned_rows_of_one_length(made, width):
    rows = bar(page(show, made, width))
    lengths = [len(cells) for _, cells in rows]
    assert len(made.layers) == sum(lengths)
    assert ["layers  ", *["        "] * (len(rows) - 1)] == [label for label, _ in rows]
    assert {lengths[0]} == {*lengths[:-1], lengths[0]}
    assert 0 <= lengths[0] - lengths[-1] < len(rows)


@pytest.mark.parametrize("width", WIDTHS)
def test_no_phrase_is_broken(made, width):
    text = page(show, made, width)
    for phrase in ("output on C", "512.00 GiB of RAM", "NVIDIA GeForce RTX 4090", "its experts on the CPU"):
        assert phrase in text


def test_what_does_not_fit_is_the_closest_and_names_the_load_mode_that_would():
    text = page(show, planned("deepseek-v3.1", ram=256), 80)
    assert ["closest: base-first · context 32,768 · ubatch 64"] == re.findall("closest.*", text)
    assert ["load-mode mmap"] == re.findall(r"load.mode \w+", text)


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_but_the_command_is_wider_than_the_page(made, width):
    lines = page(show, made, width).splitlines()
    assert [] == [line for line in lines if len(line) > width and not line.startswith("llama-server")]


def test_biases_that_stay_do_not_make_a_layer_keep_experts():
    """gpt-oss has biases of experts, which the pattern for its weights leaves where they are."""
    machine = Machine(parse_gpus(["rtx-3060"]), Ram(64 * GIB, 64 * GIB, 50 * 10**9), Cpu(8, 16))
    command = parse(["llama-server", "-m", "model.gguf"])
    given = effective(command, [], {})
    launch = Launch(command, given, constraints(command.name, given))
    made = plan(recorded("gpt-oss-120b", "MXFP4"), machine, launch, Options(Workload(2048, 512)))
    [(_, marks)] = bar(page(show, made, 80))
    assert re.fullmatch("█+▓?░+", marks)
    assert "experts CPU" in page(lambda plan, console: console.print(explain(plan)), made, 80)
