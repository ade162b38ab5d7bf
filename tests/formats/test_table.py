"""What a person sees of a plan, at the width of their terminal."""

from __future__ import annotations

import re
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from moefit.cost import Prediction
from moefit.cost.uncertainty import doubt
from moefit.cost.workload import Workload
from moefit.formats.ascii import IN_ASCII, plain
from moefit.formats.devices import show_machine
from moefit.formats.explain import explain
from moefit.formats.speed import seconds_of_others, strategy_name
from moefit.formats.table import show
from moefit.formats.usage import memories
from moefit.formats.usage import memory_bar as bar_of
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.launch import Launch
from moefit.launch.options import builtin
from moefit.launch.precedence import effective
from moefit.machine.declared import parse_gpus
from moefit.machine.modules import Modules
from moefit.machine.types import Cpu, Machine, Ram
from moefit.planning.core import plan
from moefit.search.request import Options, Request
from tests.oracle import model as recorded

GIB = 1 << 30
MODELS = {"qwen3-235b-a22b": 94, "deepseek-v3.1": 61}
WIDTHS = [40, 60, 80, 100, 120]


def planned(name, ram=512, line="llama-server -m model.gguf"):
    machine = Machine(parse_gpus(["rtx-4090"] * 2), Ram(ram * GIB, ram * GIB, 50 * 10**9), Cpu(8, 16))
    command = parse(line.split())
    given = effective(command, [], {})
    launch = Launch(command, given, constraints(command.name, given))
    return plan(Request(recorded(name, "Q4_K_M"), machine, launch, Options(Workload(2048, 512))))


@pytest.fixture(scope="module", params=MODELS)
def made(request):
    return planned(request.param)


def page(write, what, width):
    console = Console(file=StringIO(), width=width)
    write(what, console)
    return console.file.getvalue()


def sizes(text):
    return sorted(re.findall(r"[\d.]+ [GM]iB", text))


def bar(text):
    return re.findall(r"^(layers +| +)([█▄▁·]+)(?: output on \w+)?$", text, re.MULTILINE)


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
    assert "prompt cache and checkpoints" in " ".join(text.split())


def test_what_does_not_fit_is_the_closest_and_names_the_load_mode_that_would():
    text = page(show, planned("deepseek-v3.1", ram=256), 80)
    assert ["closest: base-first · context 32,768 · ubatch 512"] == re.findall("closest.*", text)
    assert ["load-mode mmap"] == re.findall(r"load.mode \w+", text)


def test_of_what_does_not_fit_no_speed_is_told_but_that_of_what_would():
    text = page(show, planned("deepseek-v3.1", ram=256), 80)
    assert (0, 1) == (text.count("ready in"), text.count("answer"))
    assert "needed, 256.00 GiB there" in text


def test_a_line_ends_in_no_space_and_in_no_mark(made):
    assert [] == [line for line in page(show, made, 80).splitlines() if line != line.rstrip(" ·")]


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_but_the_command_is_wider_than_the_page(made, width):
    lines = page(show, made, width).splitlines()
    assert [] == [line for line in lines if len(line) > width and "llama-server -m" not in line]


def test_biases_that_stay_do_not_make_a_layer_keep_experts():
    """gpt-oss has biases of experts, which the pattern for its weights leaves where they are."""
    machine = Machine(parse_gpus(["rtx-3060"]), Ram(64 * GIB, 64 * GIB, 50 * 10**9), Cpu(8, 16))
    command = parse(["llama-server", "-m", "model.gguf"], builtin("llama-server", 11434))
    given = effective(command, [], {})
    launch = Launch(command, given, constraints(command.name, given))
    made = plan(Request(recorded("gpt-oss-120b", "MXFP4"), machine, launch, Options(Workload(2048, 512))))
    [(_, marks)] = bar(page(show, made, 80))
    assert re.fullmatch("█+▄?▁+", marks)
    assert "experts CPU" in page(lambda plan, console: console.print(explain(plan)), made, 80)


def small(*specs, ram=32, line="llama-server -m model.gguf -c 32768"):
    machine = Machine(parse_gpus(specs), Ram(ram * GIB, ram * GIB, 50 * 10**9), Cpu(8, 16))
    command = parse(line.split())
    given = effective(command, [], {})
    launch = Launch(command, given, constraints(command.name, given))
    return plan(Request(recorded("qwen3-30b-a3b", "Q4_K_M"), machine, launch, Options(Workload(2048, 512))))


@pytest.mark.parametrize("gpus", [("rtx-3060",), ("rtx-3090", "rtx-3060"), ("rtx-3060,free=9GiB",), ()])
def test_the_parts_of_every_memory_and_what_is_unused_are_all_of_it(gpus):
    for memory in memories(small(*gpus)):
        assert memory.total == memory.used + memory.left


def test_experts_and_weights_of_all_memories_are_those_that_are_loaded():
    made = small("rtx-3060")
    kinds = [part for memory in memories(made) for part in memory.parts]
    experts = sum(part.bytes for part in kinds if part.name == "experts")
    assert made.model.expert_bytes == experts


def test_memory_of_other_programs_is_shown_apart():
    device, _ = memories(small("rtx-3060,free=9GiB"))
    assert ("other programs", made_total("rtx-3060") - 9 * GIB) == (
        device.parts[0].name,
        device.parts[0].bytes,
    )


def made_total(card):
    return parse_gpus([card])[0].total


@pytest.mark.parametrize("length", [10, 31, 60])
def test_a_bar_has_its_length_and_a_cell_of_every_part(length):
    for memory in memories(small("rtx-3060")):
        text = bar_of(memory, length).plain
        assert length == len(text)
        assert {part.mark for part in memory.parts} <= set(text)


def test_parts_side_by_side_never_look_alike_without_colour():
    for memory in memories(small("rtx-3060,free=9GiB")):
        kinds = {part.mark: part.name for part in memory.parts if part.mark != "─"}
        assert len(kinds) == sum(part.mark != "─" for part in memory.parts)


def test_a_model_that_is_whole_on_one_card_has_no_strategy_and_is_compared_with_other_lines_alone():
    text = page(show, small("rtx-3090", "rtx-3060"), 200)
    assert "fully on CUDA0" in text
    assert "as fast as --fit" in text
    assert [] == [name for name in ("two-pass", "base-first", "standard") if name in text]


def test_the_gain_over_fit_is_the_ratio_of_the_seconds_shown():
    text = page(show, small("rtx-3060"), 200)
    gain, fit = re.search(r"([\d.]+)x as fast as --fit here \(([\d.]+) s\)", text).groups()
    own = re.search(r"([\d.]+) s for", text)[1]
    assert float(gain) == pytest.approx(float(fit) / float(own), rel=0.01)


def test_the_line_to_copy_has_the_variables_that_the_plan_counts_on():
    made = replace(small("rtx-3060"), environment={"NAME": "96"})
    *_, last = page(show, made, 80).splitlines()
    assert last.startswith("env NAME=96 llama-server -m model.gguf ")


def guessed(*assumed: str) -> Prediction:
    return replace(
        small("rtx-3060").prediction, confidence="guessed", doubt=doubt("guessed", assumed, turns=False)
    )


def test_a_guess_says_what_is_not_known_and_what_to_do():
    machine = Machine(parse_gpus(["rtx-3060"]), Ram(32 * GIB, 32 * GIB), Cpu(8, 16, model="Ryzen"))
    unsure = replace(small("rtx-3060"), machine=machine, prediction=guessed("CPU"))
    told = "guessed: the RAM's speed is taken from the processor's name; say which modules: --ram-bandwidth ddr5-5600x2"
    assert told in page(show, unsure, 200)
    here = replace(unsure, machine=replace(machine, host="this one"))
    assert "moefit calibrate halves the range" in page(show, here, 200)
    unknown = replace(unsure, prediction=guessed("CUDA0"))
    assert "guessed: the speed of CUDA0 is not known; say bandwidth= and compute= in --gpu" in page(
        show, unknown, 200
    )


def test_a_rate_has_its_range_beside_it():
    made = small("rtx-3060")
    low, high = made.prediction.prefill_range
    assert f"t/s ({low:,.0f}-{high:,.0f})" in page(show, made, 200)


def test_several_devices_are_told_apart_without_colour():
    assert "CUDA0 has 0-23 · CUDA1 has 24-47" in page(show, small("rtx-3060", "rtx-3060"), 80)


def test_with_tensors_split_no_device_is_said_to_have_layers_of_its_own():
    made = small("rtx-3060", "rtx-3060")
    told = page(show, replace(made, settings=replace(made.settings, split_mode="tensor")), 80)
    assert (True, True, False) == (
        "output on CUDA0 and CUDA1" in told,
        "CUDA0 and CUDA1 have a part of each layer" in told,
        "CUDA0 has" in told,
    )


def test_plain_marks_are_one_for_one():
    text = page(show, small("rtx-3060"), 80)
    assert len(set(text) & set(IN_ASCII)) == len({IN_ASCII[mark] for mark in set(text) & set(IN_ASCII)})
    assert plain(text).isascii()


@pytest.mark.parametrize(
    ("ram", "source"),
    [
        (Ram(GIB, GIB), "guessed"),
        (Ram(GIB, GIB, modules=Modules("DDR5", 5600, 2), source="udev"), "ddr5-5600x2, udev"),
        (Ram(GIB, GIB, bandwidth=60 * 10**9, source="calibration"), "calibration"),
    ],
)
def test_devices_says_where_the_rams_speed_is_from(ram, source):
    assert source in page(show_machine, Machine((), ram, Cpu(8, 16)), 200)


@pytest.mark.parametrize(
    ("cpu", "told"), [(Cpu(8, 16, assumed=True), "16 threads, assumed"), (Cpu(8, 16), "16 threads\n")]
)
def test_devices_says_where_nobody_told_how_many_cores_there_are(cpu, told):
    assert told in page(show_machine, Machine((), Ram(GIB, GIB), cpu), 200)


def test_strategies_are_held_to_the_chosen_one_on_the_same_devices():
    made = small("rtx-3060", "rtx-3060", ram=64, line="llama-server -m model.gguf -c 131072")
    chosen = [d.device.name for d in made.devices]
    others = {
        strategy_name(c.strategy)
        for c in made.candidates
        if c.fits and [device.name for device in c.settled.devices] == chosen
    }
    assert set(seconds_of_others(made)) <= others | {"--fit", "--cpu-moe"}


@pytest.mark.parametrize(
    ("factor", "told"),
    [(1.5, "1.50x as fast as --fit"), (1.01, "as fast as --fit"), (0.8, "0.80x as fast as --fit")],
)
def test_the_gain_is_told_also_where_it_is_a_loss(factor, told):
    """As with a --strategy that its user insists on."""
    made = small("rtx-3060")
    fit = next(c for c in made.candidates if c.strategy == "llama-fit")
    seconds = fit.prediction.seconds / factor
    slower = replace(made, prediction=replace(made.prediction, seconds=seconds))
    assert f" tokens · {told} here" in page(show, slower, 100)


def test_a_strategy_that_finds_the_same_line_is_no_other_way():
    made = small("rtx-3060")
    (best, *_) = sorted((c for c in made.candidates if c.fits), key=lambda c: c.prediction.seconds)
    same, behind = (
        replace(best, strategy="two-pass"),
        next(c for c in made.candidates if c.strategy == "standard"),
    )
    twins = replace(made, candidates=(same, behind, replace(behind, strategy="ffn")))
    assert ["standard"] == list(seconds_of_others(twins))


def test_without_a_gpu_all_experts_on_the_cpu_are_no_other_way():
    assert {"--fit"} == set(seconds_of_others(small(line="llama-server -m model.gguf -c 8192")))


def test_experts_alone_on_a_device_are_not_called_all_on_the_cpu():
    line = "llama-server -m model.gguf -c 8192 -ngl 0 -ot blk.(1|2)[.]ffn_.*_exps=CUDA0"
    text = page(show, small("rtx-3060", line=line), 100)
    assert "·▀▀·" in text
    assert "▀ all of it on the CPU but experts" in text
    assert "all weights on the CPU" not in text
