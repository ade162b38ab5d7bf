"""Where each option comes from and what became of it, alike in JSON and with --explain."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from rich.console import Console

from moefit.cost.workload import Workload
from moefit.formats.explain import explain
from moefit.formats.plan_json import plan_json
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.launch import Launch
from moefit.launch.option_data import NEWEST
from moefit.launch.precedence import Config, effective
from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.planning.core import plan
from moefit.search.request import Options, Request
from tests.oracle import model as recorded

GIB = 1 << 30
MACHINE = Machine(parse_gpus(["rtx-3060"]), Ram(64 * GIB, 60 * GIB, 50 * 10**9), Cpu(8, 16))
LINE = "llama-server -mu https://me:sesame@host/m.gguf?t=sesame --api-key sesame -c 4096 --no-mmap --spec-replace a b"
KEPT = [
    ("--ubatch-size", "256", "/etc/llama.cpp/config.ini"),
    ("--no-kv-unified", "", "LLAMA_ARG_NO_KV_UNIFIED"),
    ("--mmproj-url", "https://host/p.gguf", "LLAMA_ARG_MMPROJ_URL"),
    ("-mu", "https://host/m.gguf", "your line"),
    ("--api-key", "***", "your line"),
    ("-c", "4096", "your line"),
]
UNKNOWN = f"llama.cpp b{NEWEST} does not know it"
DROPPED = [("--no-mmap", "", f"{UNKNOWN}; -lm none says the same"), ("--spec-replace", "b", UNKNOWN)]


@pytest.fixture(scope="module")
def made():
    command = parse(LINE.split())
    variables = {"LLAMA_ARG_MMPROJ_URL": "https://me:sesame@host/p.gguf", "LLAMA_ARG_NO_KV_UNIFIED": "1"}
    given = effective(command, [Config("/etc/llama.cpp/config.ini", "ubatch-size = 256")], variables)
    line = Launch(command, given, constraints(command.name, given))
    return plan(Request(recorded("qwen3-30b-a3b", "Q4_K_M"), MACHINE, line, Options(Workload(2048, 512))))


@pytest.fixture(scope="module")
def document(made):
    return json.loads(plan_json(made))


def rows(document, key):
    return [(row["option"], row["value"], row["why"]) for row in document[key]]


def test_what_is_kept_says_where_it_was_set(document):
    assert sorted(KEPT) == sorted(rows(document, "kept"))


def test_what_is_dropped_says_what_replaced_it(document):
    assert DROPPED == rows(document, "dropped")


def test_explain_says_the_same(made, document):
    page = Console(file=StringIO(), width=500)
    page.print(explain(made))
    told = [line.strip() for line in page.file.getvalue().splitlines()]
    for option, value, why in (*rows(document, "kept"), *rows(document, "dropped")):
        assert f"{option} {value}".strip() + f"  {why}" in told


def test_the_words_are_those_of_the_line(made):
    page = Console(file=StringIO(), width=500)
    page.print(explain(made))
    told = page.file.getvalue()
    assert ("--fit", "off") == made.argv[-2:]
    assert (True, False) == ("  --fit off  start at once" in told, "  -fit" in told or "llama-fit" in told)


@pytest.mark.parametrize("width", [40, 60, 80, 500])
def test_no_word_is_broken(made, width):
    page = Console(file=StringIO(), width=width)
    page.print(explain(made), crop=False)
    told = page.file.getvalue()
    assert all(line.startswith("  ") for line in told.splitlines() if " " in line)
    for reason in (*(layer.why for layer in made.layers), *(f"{a.value} {a.why}" for a in made.added)):
        assert set() == set(reason.split()) - set(told.split())


def test_secrets_stand_in_argv_alone(made, document):
    page = Console(file=StringIO(), width=500)
    page.print(explain(made))
    del document["argv"]
    assert "sesame" not in json.dumps(document) + page.file.getvalue()
