"""What llama-server stops at is refused with its reason, and what it leaves out is said: the tables, row by row."""

from __future__ import annotations

import shlex
from contextlib import nullcontext
from dataclasses import replace

import pytest

from moefit.cost.workload import Workload
from moefit.errors import UsageError
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.options import OptionTable, builtin
from moefit.launch.precedence import effective
from moefit.launch.ranges import RANGES
from moefit.launch.refused import ON_THE_LINE
from moefit.launch.resolve import device_order, fixed_tensors
from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.planning.refusals import ignored, refuse
from moefit.search.request import Options, Request
from scripts.refusals_page import PAGE, page
from tests.oracle import model as recorded
from tests.planning.worlds import launch

CARDS = parse_gpus(["rtx-3090", "rtx-3090"])
REFUSED = [
    ("-sm row", "qwen3-14b", CARDS, "device CUDA0 does not support split buffers"),
    (
        "-sm row",
        "qwen3-14b",
        parse_gpus(["name=ROCm0,free=20GiB"]),
        "device ROCm0 does not support split buffers",
    ),
    (
        "-sm row",
        "qwen3-14b",
        parse_gpus(["name=Vulkan0,free=20GiB"]),
        "device Vulkan0 does not support split buffers",
    ),
    ("-sm tensor", "deepseek-v2-lite", CARDS, "not implemented for architecture 'deepseek2'"),
    ("-sm tensor", "olmoe-1b-7b", CARDS, "not implemented for architecture 'olmoe'"),
    ("-sm tensor", "qwen3-14b", (), "LLAMA_SPLIT_MODE_TENSOR needs >= 1 devices"),
    ("-sm tensor -fa off", "qwen3-14b", CARDS, "SPLIT_MODE_TENSOR requires flash_attn to be enabled"),
    ("-ctk q8_0", "deepseek-v2-lite", CARDS, "different K and V cache types (q8_0 and f16)"),
    ("-ctv q8_0", "deepseek-v2-lite", CARDS, "different K and V cache types (f16 and q8_0)"),
    (
        "--spec-type draft-mtp",
        "qwen3-14b",
        CARDS,
        "failed to create MTP context: qwen3 has no MTP layers here",
    ),
    ("--spec-type draft-mtp,ngram-mod", "qwen3-30b-a3b", CARDS, "failed to create MTP context"),
]
TAKEN = [
    ("-sm row", "qwen3-14b", parse_gpus(["name=SYCL0,free=20GiB"])),
    ("-sm row -dev none", "qwen3-14b", CARDS),
    ("-sm tensor", "qwen3-14b", CARDS),
    ("-ctk q8_0 -ctv q8_0", "deepseek-v2-lite", CARDS),
    ("-ctk q8_0 -ctv q4_0", "qwen3-14b", CARDS),
    ("--spec-type draft-mtp -md head.gguf", "qwen3-14b", CARDS),
    ("--spec-type draft-mtp", "qwen3.5-35b-a3b-mtp", CARDS),
]


def line(words):
    return launch(("llama-server", "-m", "m.gguf", *words.split()))


def asked(words, model, devices=CARDS):
    machine = Machine(tuple(devices), Ram(64 << 30, 64 << 30), Cpu(8, 16))
    return Request(model, machine, line(words), Options(Workload(2048, 512), thorough=False))


@pytest.mark.parametrize(("words", "name", "devices", "reason"), REFUSED)
def test_what_the_model_or_the_devices_cannot_do_is_refused_with_llama_cpps_reason(
    words, name, devices, reason
):
    with pytest.raises(UsageError, match="refuses it: ") as error:
        refuse(asked(words, recorded(name, "Q4_K_M"), devices))
    assert (True, True) == (reason in error.value.message, bool(error.value.hint))


@pytest.mark.parametrize(("words", "name", "devices"), TAKEN)
def test_what_they_can_is_not(words, name, devices):
    refuse(asked(words, recorded(name, "Q4_K_M"), devices))


def test_heads_that_a_quantised_type_does_not_divide_are_refused():
    whole = recorded("qwen3-14b", "Q4_K_M")
    values = {**whole.hparams.values, "attention.key_length": 80}
    odd = replace(whole, hparams=replace(whole.hparams, values=values))
    with pytest.raises(UsageError, match="K cache type q8_0: 32 and 80 does not divide the head"):
        refuse(asked("-ctk q8_0 -ctv q8_0", odd))
    refuse(asked("-ctk f16", odd))
    refuse(asked("-ctk q8_0 -fa off", odd))


@pytest.mark.parametrize(
    ("words", "as_given", "refused"),
    [("-c 0", False, True), ("-c 0", True, True), ("", True, True), ("", False, False), ("-c 4096", True, False)],
)  # fmt: skip
def test_the_trained_context_of_a_file_that_says_0_is_refused(words, as_given, refused):
    whole = recorded("qwen3-14b", "Q4_K_M")
    values = {**whole.hparams.values, "context_length": 0}
    none = replace(whole, hparams=replace(whole.hparams, values=values))
    with pytest.raises(UsageError, match="cannot both be zero") if refused else nullcontext():
        refuse(asked(words, none), as_given=as_given)


def test_a_draft_head_is_no_model():
    head = replace(recorded("qwen3-14b", "Q4_K_M"), architecture="gemma4-assistant")
    with pytest.raises(UsageError, match="gemma4-assistant requires ctx_other to be set"):
        refuse(asked("", head))


def test_a_build_from_before_may_still_split_rows_on_cuda():
    old = asked("-sm row", recorded("qwen3-14b", "Q4_K_M"))
    table = OptionTable(
        "llama-server", [o for o in builtin("llama-server").options if "-lm" not in o.spellings]
    )
    refuse(replace(old, launch=replace(old.launch, command=replace(old.launch.command, table=table))))


@pytest.mark.parametrize(
    ("words", "name", "said"),
    [
        ("--swa-full", "qwen3-14b", "--swa-full is not supported by this model"),
        ("--spec-type draft-eagle3", "qwen3-14b", "nothing is drafted by draft-eagle3"),
        ("--spec-type draft-simple,ngram-mod", "qwen3-14b", "nothing is drafted by draft-simple,ngram-mod"),
        ("--spec-type ngram-mod,draft-eagle3", "qwen3-14b", "nothing is drafted by draft-eagle3"),
        ("-mg 1", "qwen3-14b", "-mg 1 counts with -sm none only"),
        ("-sm tensor --fit on", "qwen3-14b", "llama_params_fit is not implemented for SPLIT_MODE_TENSOR"),
        ("--kv-unified-per-slot 8192 -c 4096", "qwen3-14b", "exceeds the per-slot pool capacity"),
        ("--kv-unified-per-slot 4096 -c 8192 -np 4", "qwen3-14b", "exceeds the per-slot pool capacity"),
    ],
)
def test_what_has_no_effect_is_said(words, name, said):
    [warning] = ignored(asked(words, recorded(name, "Q4_K_M")))
    assert said in warning.message


@pytest.mark.parametrize("words", ["--swa-full", "-c 4096", "-sm none -mg 1", "--spec-type ngram-mod"])
def test_what_has_an_effect_is_not(words):
    assert [] == list(ignored(asked(words, recorded("gemma-3-12b", "Q4_K_M"))))


def out_of_range():
    table = builtin("llama-server")
    for row in RANGES:
        for spelling in row.options:
            wrong = (row.least - 1, row.most + 1, *row.without, float("inf"))
            for number in wrong:
                if abs(number) < 1 << 31 or spelling in {"--presence-penalty", "--frequency-penalty"}:
                    yield table.get(spelling).name, f"{number:.0f}"


@pytest.mark.parametrize(("option", "number"), sorted(set(out_of_range())))
def test_a_number_out_of_range_is_refused(option, number):
    with pytest.raises(UsageError):
        line(f"{option} {number}")


@pytest.mark.parametrize(
    "words", ["--port 0", "--port 65535", "--prio -1", "-np 256", "-np -1", "--repeat-penalty 1.1"]
)
def test_a_number_within_it_is_taken(words):
    assert words.split()[1] == line(words).command.arguments[-1].value


@pytest.mark.parametrize("example", [row.example for row in ON_THE_LINE])
def test_words_that_the_program_at_hand_cannot_read_are_refused(example):
    table = OptionTable("llama-server", builtin("llama-server").options, asked=True)

    def read():
        found = constraints("llama-server", effective(parse(["llama-server", *shlex.split(example)], table)))
        device_order(found, CARDS)
        fixed_tensors(found.overrides, CARDS, ["blk.0.ffn_up_exps.weight"])

    with pytest.raises(UsageError):
        read()


def test_the_page_is_what_the_tables_say():
    assert page() == PAGE.read_text(encoding="utf-8")
