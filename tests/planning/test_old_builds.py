"""Options that the build does not know: they act only as far as its own words can say them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moefit.cost.workload import Workload
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.enumerated import unknown_values
from moefit.launch.help_page import parse_help
from moefit.launch.launch import Launch
from moefit.launch.precedence import effective
from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.planning.core import plan
from moefit.planning.estimate import estimate
from moefit.search.request import Options, Request
from tests.oracle import model as recorded

GIB = 1 << 30
MACHINE = Machine(parse_gpus(["rtx-3060", "rtx-3060"]), Ram(64 * GIB, 60 * GIB, 50 * 10**9), Cpu(8, 16))
OPTIONS = Options(Workload(2048, 512), thorough=False)
OLD = parse_help(
    "llama-server",
    "-m,    --model FNAME     x\n-ngl,  --n-gpu-layers N  x\n-ot,   --override-tensor X  x\n-c,    --ctx-size N  x\n"
    "-ts,   --tensor-split N0,N1  x\n-ub,   --ubatch-size N  x\n-b,    --batch-size N  x\n-dev,  --device X  x\n--mlock     x\n--no-mmap     x\n",
)
LINES = [
    "-ncmoe 30 --cache-ram 0",
    "-ncmoe 30 -ot blk[.]4[0-7][.]ffn_.*_exps=CUDA1",
    "-cmoe",
    "-ncffn 3 -ncmoe 2",
    "-lm none",
    "-lm mmap",
    "-lm mlock -ncmoe 5",
    "-nkvo -dev CUDA1 -sm none",
    "-ncmoe 30 -dev CUDA1,CUDA0",
]


@pytest.fixture(scope="module")
def experts():
    return recorded("qwen3-30b-a3b", "Q4_K_M")


def launch(words):
    command = parse(words, OLD)
    given = effective(command)
    return Launch(command, given, constraints(command.name, given))


MADE = {}
"""Line -> its plan: two tests ask about each of LINES."""


def planned(model, line):
    if line not in MADE:
        words = f"llama-server -m a.gguf -c 4096 {line}".split()
        MADE[line] = plan(Request(model, MACHINE, launch(words), OPTIONS))
    return MADE[line]


@pytest.mark.parametrize("line", LINES)
def test_the_emitted_line_takes_what_the_plan_says(experts, line):
    made = planned(experts, line)
    again = estimate(Request(experts, MACHINE, launch(made.argv), OPTIONS))
    assert {d.device.name: d.use.model for d in made.devices} == {
        d.device.name: d.use.model for d in again.devices
    }
    assert (made.host.model, made.settings.load_mode) == (again.host.model, again.settings.load_mode)


@pytest.mark.parametrize("line", LINES)
def test_the_emitted_line_holds_only_words_that_the_build_knows(experts, line):
    assert all(argument.known for argument in parse(planned(experts, line).argv, OLD).arguments)


def test_n_cpu_moe_is_said_by_patterns(experts):
    made = planned(experts, "-ncmoe 30")
    assert set(range(30)).isdisjoint(i for device in made.devices for i in device.expert_layers)
    assert "-ncmoe" not in made.argv


def test_what_the_build_has_no_word_for_does_not_act(experts):
    assert planned(experts, "").settings == planned(experts, "--cache-ram 0 -nkvo").settings


def test_mapping_that_an_old_build_does_by_itself_still_counts(experts):
    made = planned(experts, "-lm mmap")
    assert ("mmap", False) == (made.settings.load_mode, "--no-mmap" in made.argv)


def test_each_is_named_in_one_warning_with_what_replaces_it(experts):
    told = [w.message for w in planned(experts, "-lm none --cache-ram 0 --api-key sesame").warnings]
    assert [
        "-lm none is left out: this build of llama-server does not know it; --no-mmap says the same",
        "--cache-ram 0 is left out: this build of llama-server does not know it",
        "--api-key *** is left out: this build of llama-server does not know it",
    ] == [text for text in told if "left out" in text]


@pytest.mark.parametrize(
    "page",
    [
        "-ub, --ubatch-size N  x\n-lm, --load-mode MODE  x - auto: x - pinned: x (default: auto)\n",
        "-ub, --ubatch-size N  x\n",
        "-lm, --load-mode MODE  x - auto: x - none: x\n",
    ],
    ids=["no load mode none", "no load mode", "no micro-batch"],
)
def test_a_plan_counts_on_no_value_that_the_build_has_no_word_for(experts, page):
    wanted = ("-m FNAME", "-ngl N", "-ot X", "-c N", "-ts X", "-b N", "-dev X", "--moe-cache-mib N")
    table = parse_help("llama-server", "".join(f"{one}  x\n" for one in wanted) + page)

    def asked(words):
        command = parse(words, table)
        given = effective(command)
        one_card = replace(MACHINE, gpus=MACHINE.gpus[:1])
        return Request(experts, one_card, Launch(command, given, constraints(command.name, given)), OPTIONS)

    made = plan(asked(["llama-server", "-m", "a.gguf", "-c", "4096"]))
    assert made.prediction == estimate(asked(made.argv)).prediction


def test_a_kv_type_where_the_page_lists_none_is_counted_as_a_known_one():
    table = parse_help("llama-server", "-m FNAME  x\n-ctk, --cache-type-k TYPE  KV cache data type for K\n")
    command = parse(["llama-server", "-m", "a.gguf", "-ctk", "q8_KV"], table)
    given = effective(command)
    line = Launch(command, given, constraints(command.name, given))
    assert ("q8_0", ["q8_KV"]) == (
        line.constraints.cache_type_k,
        [one.value for one in unknown_values(line.given, "llama-server")],
    )


def test_what_comes_later_on_the_line_still_wins_over_a_variable(experts):
    command = parse(["llama-server", "-m", "a.gguf", "--no-mmap"])
    given = effective(command, (), {"LLAMA_ARG_LOAD_MODE": "mmap"})
    line = Launch(command, given, replace(constraints(command.name, given), context=4096))
    assert ("none", ("-lm", "none")) == (
        plan(Request(experts, MACHINE, line, OPTIONS)).settings.load_mode,
        plan(Request(experts, MACHINE, line, OPTIONS)).argv[3:5],
    )
