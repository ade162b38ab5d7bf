"""Help that teaches, completion, and the manual page of the same text."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from moefit.cli.commands import COMMANDS
from moefit.cli.teaching import EXAMPLES, NO_LINE
from moefit.errors import UsageError
from moefit.formats.glossary import OTHER_WORDS, WORDS, meaning
from tests.cli.test_commands import EXAMPLE, moefit

__all__ = ["moefit"]

ROOT = Path(__file__).parents[2]


def run(*words, **variables):
    environment = {**os.environ, "COLUMNS": "100", **variables}
    return subprocess.run(
        [sys.executable, "-m", "moefit", *words],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
        cwd=ROOT,
    ).stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_shows_what_stands_after_the_dashes_and_two_examples(moefit, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "120")
    text = moefit(command, "--help")[1]
    assert (command not in NO_LINE) == ("[-- llama-server ...]" in text.split("\n\n")[0])
    assert 2 == len(EXAMPLES[command])
    assert all(f"  {line}\n" in text for line in EXAMPLES[command])
    assert all(line.startswith(f"moefit {command}") for line in EXAMPLES[command])


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("width", [60, 72, 80])
def test_examples_are_no_wider_than_the_terminal_and_still_the_same_commands(
    moefit, monkeypatch, command, width
):
    monkeypatch.setenv("COLUMNS", str(width))
    shown = moefit(command, "--help")[1].partition("Examples:\n")[2]
    assert [] == [line for line in shown.splitlines() if len(line) > width]
    assert [line.split() for line in EXAMPLES[command]] == [
        line.split() for line in shown.replace("\\\n", "").splitlines()
    ]


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["-ngl"], "-ngl"),
        (["--fit"], "--fit"),
        (["expert", "cache"], "expert-cache"),
        (["MoE"], "expert"),
        (["--", "-ts"], "-ts"),
    ],
)
def test_a_word_may_be_two_or_begin_as_an_option_does(moefit, words, name):
    assert moefit("explain", *words)[1].startswith(f"{name}: ")


@pytest.mark.parametrize("command", COMMANDS)
def test_no_help_is_wider_than_the_usual_terminal(moefit, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "80")
    text = moefit(command, "--help")[1]
    assert [] == [line for line in text.splitlines() if len(line) > 80]


@pytest.mark.parametrize("command", ["", *COMMANDS])
@pytest.mark.parametrize("width", [52, 60, 71])
def test_no_word_of_a_help_is_broken(moefit, monkeypatch, command, width):
    monkeypatch.setenv("COLUMNS", str(width))
    text = moefit(*command.split(), "--help")[1]
    assert [] == [line for line in text.splitlines() if line.endswith("-")]
    assert (command not in NO_LINE) == ("[-- llama-server ...]" in text)


def test_options_stand_in_groups(moefit):
    text = moefit("plan", "--help")[1]
    heads = [line for line in text.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert ["Arguments:", "Options:", "The machine:", "The plan:", "Examples:"] == heads


@pytest.mark.parametrize("columns", [60, 100])
def test_help_is_as_wide_as_the_terminal(moefit, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    text = moefit("plan", "--help")[1].partition("Examples:")[0]
    assert columns - 12 <= max(map(len, text.splitlines())) <= columns


def test_the_manual_page_is_of_the_same_text():
    written = subprocess.run(
        [sys.executable, "-c", "import sys; sys.path.insert(0, 'scripts'); import man; sys.stdout.write(man.page())"],
        check=True, capture_output=True, text=True, cwd=ROOT,
    ).stdout  # fmt: skip
    assert (ROOT / "man" / "moefit.1").read_text() == written


@pytest.mark.parametrize("width", [40, 80])
def test_an_explanation_is_as_wide_as_the_terminal(moefit, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    lines = moefit("explain", "reserve")[1].splitlines()
    assert [] == [line for line in lines if len(line) > width]
    assert f"reserve: {WORDS['reserve']}" == " ".join(lines)


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("ngl", "-ngl"),
        ("n-gpu-layers", "-ngl"),
        ("tensor split", "-ts"),
        ("FA", "flash-attention"),
        ("ncmoe", "--cpu-moe"),
        ("active parameters", "expert"),
        ("VRAM", "vram"),
        ("guest models", "guest"),
        ("its experts on the CPU", "expert"),
        ("prediction head", "draft"),
        ("datasheets", "catalogue"),
        ("taken", "taken"),
        ("res", "reserve"),
        ("page tables", "reserve"),
        ("routers", "router"),
        ("CUDA0", "backend"),
        ("Vulkan1", "backend"),
        ("RPC0", "rpc"),
    ],
)
def test_a_word_is_found_without_its_dashes_and_by_what_people_call_it(word, name):
    assert name == meaning(word)[0]


def test_every_word_of_a_page_is_explained(moefit):
    page = moefit(
        "plan", EXAMPLE, "--gpu", "rtx-3060", "--ram", "32GiB", "--strategy", "two-pass", "--explain"
    )[1]
    legend = re.findall(r"[█▓▒░▚▞─·▁] ([A-Za-z ]+?)(?: [\d,.]+ [KMG]iB|   |\n)", page)
    reserve = re.findall(r"[\d.]+ MiB ([a-z ]+):", page)
    assert {"weights", "experts", "KV", "overhead", "pools", "pages"} <= {*legend, *reserve}
    for word in {word for word in (*legend, *reserve) if " on " not in word}:
        assert meaning(word)


def test_the_beginning_of_several_words_names_the_nearest():
    with pytest.raises(UsageError) as caught:
        meaning("re")
    assert "did you mean ready or reserve?" == caught.value.hint


def test_other_words_lead_to_words_that_are_there():
    assert set() == set(OTHER_WORDS.values()) - set(WORDS)
    assert set() == set(OTHER_WORDS) & set(WORDS)


@pytest.mark.parametrize("columns", [60, 110])
def test_a_page_of_help_is_as_wide_as_the_terminal(columns):
    """Not as COLUMNS says, which few terminals export."""
    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key not in {"COLUMNS", "LINES"}}
    with subprocess.Popen(
        [sys.executable, "-m", "moefit", "plan", "--help"], stdout=writer, env=environment, cwd=ROOT
    ):
        os.close(writer)
        text = b""
        with contextlib.suppress(OSError):  # the terminal is gone with its program
            while part := os.read(reader, 1 << 16):
                text += part
    os.close(reader)
    assert columns - 20 < max(len(line) for line in text.decode().splitlines()) <= columns
