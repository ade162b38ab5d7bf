"""What the user's own settings cost: each is found wherever it is set, and named by where that is."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.launch import Launch
from moefit.launch.precedence import Config, effective
from moefit.planning import unset
from moefit.planning.unset import _settings, without_each
from moefit.search.request import Request
from tests.planning.test_what_if import MODEL, OPTIONS, asked, machine

FILE = Config("/etc/llama/config.ini", "[*]\nflash-attn = off\n")


def with_variables(line: str, variables: dict[str, str], *files: Config) -> Request:
    command = parse(line.split())
    given = effective(command, files, variables)
    return Request(
        MODEL, machine("rtx-3060"), Launch(command, given, constraints(command.name, given)), OPTIONS
    )


def named(request: Request) -> list[str]:
    return [source for setting in _settings(request) for source in setting.sources]


def told(
    monkeypatch: pytest.MonkeyPatch, words: str, costs: dict[str, float]
) -> tuple[dict[str, float], int]:
    """What is said of a plan that takes 10 s and what each set field adds, and how many lines were planned for it."""
    planned = []

    def seconds(request: Request) -> float:
        values = request.launch.constraints
        return 10.0 + sum(more for field, more in costs.items() if getattr(values, field) is not None)

    def plan(request: Request) -> Any:
        planned.append(request)
        made = SimpleNamespace(seconds=seconds(request))
        return SimpleNamespace(fits=True, settings=SimpleNamespace(context=4096), prediction=made)

    monkeypatch.setattr(unset, "without_alternatives", plan)
    request = asked(f"llama-server -m m.gguf {words}")
    made: Any = SimpleNamespace(settings=SimpleNamespace(context=4096))
    found = list(without_each(request, made, seconds(request) * 0.95))
    return {help_.what: help_.seconds for help_, _ in found}, len(planned)


@pytest.mark.parametrize(
    "words",
    [
        *("-ngl 20", "-ts 3,1", "-ot exps=CPU", "-cmoe", "-ncmoe 20", "-dev CUDA0", "-sm none", "-mg 0"),
        *("-fitt 4096", "-ub 128", "-b 256", "-fa off", "-lm mmap", "--mlock", "--no-mmap", "--direct-io"),
        *("--moe-cache-mib 0", "-nkvo", "--no-op-offload", "--no-repack", "--no-host", "-t 2", "-tb 2"),
    ],
)
def test_a_setting_that_may_cost_something_is_named_by_its_words(words):
    assert [words] == named(asked(f"llama-server -m m.gguf {words}"))


@pytest.mark.parametrize(
    "words", ["-ngl auto", "-fa on", "-fa auto", "-sm layer", "-t 8", "-kvo", "-c 4096 -np 1"]
)
def test_what_decides_no_speed_or_is_the_usual_is_not_named(words):
    assert [] == named(asked(f"llama-server -m m.gguf {words}"))


@pytest.mark.parametrize(
    ("variables", "source"),
    [
        ({"LLAMA_ARG_N_GPU_LAYERS": "20"}, "LLAMA_ARG_N_GPU_LAYERS=20"),
        ({"LLAMA_ARG_NO_KV_OFFLOAD": "1"}, "LLAMA_ARG_NO_KV_OFFLOAD"),
        ({"LLAMA_ARG_FLASH_ATTN": "off"}, "LLAMA_ARG_FLASH_ATTN=off"),
    ],
)
def test_a_variable_is_named_with_its_value(variables, source):
    assert [source] == named(with_variables("llama-server -m m.gguf", variables))


@pytest.mark.parametrize(
    ("field", "value", "variables"),
    [
        ("pinned", False, ["GGML_CUDA_NO_PINNED"]),
        ("op_offload_min_batch", 4096, ["GGML_OP_OFFLOAD_MIN_BATCH"]),
        ("op_offload_min_batch", 32, []),
    ],
)
def test_a_variable_that_is_no_option_s_is_named_too(field, value, variables):
    request = asked()
    wanted = replace(request.launch.constraints, **{field: value})
    assert variables == named(replace(request, launch=replace(request.launch, constraints=wanted)))


def test_a_variable_of_a_container_is_named_as_well():
    line = "docker run -e LLAMA_ARG_N_GPU_LAYERS=20 -v /m:/m ghcr.io/ggml-org/llama.cpp:server -m /m/m.gguf"
    assert ["LLAMA_ARG_N_GPU_LAYERS=20"] == named(with_variables(line, {}))


def test_a_key_is_named_with_its_file():
    assert ["flash-attn in /etc/llama/config.ini"] == named(
        with_variables("llama-server -m m.gguf", {}, FILE)
    )


def test_what_a_line_has_and_a_variable_too_is_left_out_of_both():
    request = with_variables("llama-server -m m.gguf -ngl 21", {"LLAMA_ARG_N_GPU_LAYERS": "20"})
    assert [("-ngl 21", "LLAMA_ARG_N_GPU_LAYERS=20")] == [setting.sources for setting in _settings(request)]


def test_settings_that_cost_nothing_together_are_not_planned_one_by_one(monkeypatch):
    assert ({}, 1) == told(monkeypatch, "-ngl 99 -ub 512 -b 2048", {})


def test_one_setting_takes_one_plan(monkeypatch):
    assert ({"without -fa off": 10.0}, 1) == told(monkeypatch, "-fa off", {"flash_attention": 3.0})


def test_of_several_the_one_that_costs_is_named(monkeypatch):
    found, _ = told(monkeypatch, "-ngl 99 -lm mmap -t 2", {"load_mode": 3.0})
    assert {"without -lm mmap": 10.0} == found


def test_two_that_cost_are_named_together_and_each(monkeypatch):
    found, _ = told(monkeypatch, "-lm mmap -t 2", {"load_mode": 3.0, "threads": 2.0})
    assert {"without -lm mmap and -t 2": 10.0, "without -lm mmap": 12.0, "without -t 2": 13.0} == found
