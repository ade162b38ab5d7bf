"""Flags and variables of older builds, in today's words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moefit.launch.command import Command, parse
from moefit.launch.complete import complete
from moefit.launch.constraints import constraints
from moefit.launch.help_page import parse_help
from moefit.launch.precedence import effective
from moefit.launch.seen import old_variables
from moefit.launch.translate import translate


def read(line: str, **environment: str) -> Command:
    command = parse(line.split())
    return replace(command, old=old_variables(command, environment))


def rewritten(command: Command) -> str:
    return " ".join(complete(command, (), effective(command)).argv)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("llama-server -fa -c 8192", "llama-server -c 8192 -fa on --fit off"),
        ("llama-server -c 8192 -fa", "llama-server -c 8192 -fa on --fit off"),
        ("llama-server --flash-attn --no-mmap", "llama-server --flash-attn on -lm none --fit off"),
        ("llama-server -fa -cnv", "llama-server -fa on --fit off"),
        ("llama-server -fa 1", "llama-server -fa 1 --fit off"),
        ("llama-server -fa -1", "llama-server -fa -1 --fit off"),
        ("llama-server --log-colors -c 1", "llama-server -c 1 --log-colors on --fit off"),
        ("llama-server --numa -c 1", "llama-server -c 1 --numa distribute --fit off"),
        ("llama-server -gqa 8 -eps 1e-5 -nommq --memory-f32 -c 1", "llama-server -c 1 --fit off"),
        ("llama-server --p-split 0.1", "llama-server --spec-draft-p-split 0.1 --fit off"),
    ],
)
def test_a_flag_that_wants_a_value_today_meant_on(line: str, expected: str) -> None:
    assert expected == rewritten(read(line))


def test_a_bare_flash_attention_counts_as_on() -> None:
    assert "on" == constraints("llama-server", effective(read("llama-server -fa -c 1"))).flash_attention


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"LLAMA_ARG_MLOCK": "true"}, "-lm mmap+mlock"),
        ({"LLAMA_ARG_NO_MMAP": "1"}, "-lm none"),
        ({"LLAMA_ARG_NO_MMAP": "1", "LLAMA_ARG_MLOCK": "1"}, "-lm mlock"),
        ({"LLAMA_ARG_DRAFT_P_MIN": "0.5"}, "--spec-draft-p-min 0.5"),
        ({"LLAMA_ARG_MODEL_DRAFT": "d.gguf"}, "-md d.gguf"),
        ({"LLAMA_ARG_MLOCK": "0"}, ""),
        ({"LLAMA_ARG_CTX_SIZE": "4096"}, ""),
    ],
)
def test_a_variable_that_no_option_reads_any_more_is_said_by_the_line(
    environment: dict[str, str], words: str
) -> None:
    command = read("llama-server -c 1", **environment)
    assert f"llama-server -c 1 {words} --fit off".replace("  ", " ") == rewritten(command)


def test_what_the_line_itself_says_counts_more_than_an_old_variable() -> None:
    assert "llama-server -lm mmap --fit off" == rewritten(read("llama-server -lm mmap", LLAMA_ARG_MLOCK="1"))


def test_a_variable_is_named_as_it_stands() -> None:
    [dropped] = translate(read("llama-server", LLAMA_ARG_MLOCK="true")).dropped
    assert "LLAMA_ARG_MLOCK=true" == dropped.shown


def test_a_wrapper_that_hides_the_variable_hides_its_meaning() -> None:
    assert () == read("env -u LLAMA_ARG_MLOCK llama-server", LLAMA_ARG_MLOCK="1").old


PAGE = """\
  -m,    --model FNAME            the model
  -fa, --flash-attn (auto|on|off|0|1)   flash attention
         --run-time-repack        repack
----- server -----
  -m,    --model                  again, without a value
"""


def test_of_an_option_listed_twice_the_first_with_a_value_counts() -> None:
    table = parse_help("llama-server", PAGE)
    assert ["-m", "a.gguf"] == list(parse(["llama-server", "-m", "a.gguf"], table).arguments[0].words)


def test_choices_in_parentheses_are_a_value() -> None:
    [option] = [o for o in parse_help("llama-server", PAGE).options if "-fa" in o.spellings]
    assert (1, ("auto", "on", "off", "0", "1")) == (option.arity, option.choices)
