"""Every word that a page prints is explained by `moefit explain`, or is one of plain English."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from moefit.formats.doctor import show_findings
from moefit.formats.glossary import entry
from tests.app.test_doctor import all_wrong
from tests.cli.test_commands import EXAMPLE, moefit

__all__ = ["moefit"]

HERE = Path(__file__).parent
PLAIN = set((HERE / "plain_english.txt").read_text().split())
PAGES = (
    "plan",
    "cache",
    "lacking",
    "inspected",
    "compared",
    "benched",
    "calibration",
    "cards",
    "machine-120",
    "machine-60",
)
KEPT = sorted(
    path
    for name in PAGES
    for path in (HERE.parent / "formats" / "pages").glob(f"{name}*.txt")
    if "held" not in path.stem
)
"""What people look at; of the rest of that folder lines and units are programs' own."""
RUNS = (
    ("plan", EXAMPLE, "--gpu", "rtx-3060", "--ram", "32GiB", "--explain"),
    ("plan", EXAMPLE, "--gpu", "3090+3060", "--ram", "64GiB", "--explain"),
    ("plan", EXAMPLE, "--gpu", "rtx-4090", "--ram", "32GiB", "--explain", "--build", "b11434"),
    ("plan", EXAMPLE, "--gpu", "gtx-1650", "--ram", "8GiB", "--", "-c", "131072"),
    ("devices", "--gpu", "rtx-3060", "--gpu", "m1-max", "--ram", "32GiB"),
    ("compare", EXAMPLE, "--contexts", "8192,32768", "--gpu", "rtx-3060", "--ram", "32GiB"),
)


def words_of(text: str) -> set[str]:
    """Lower-case words, without names of files, numbers, options, repositories and what stands in a command."""
    shown = "\n".join(line for line in text.splitlines() if not line.startswith(("llama-server", "env ")))
    alone = r"(?<![\w/.=\[(|-])[A-Za-z][a-z'-]+(?![\w/=\]|])|(?<![\w/.-])[A-Z]{2,}(?![\w/.])"
    return {word.lower().strip("'-") for word in re.findall(alone, shown)}


def unexplained(text: str) -> set[str]:
    return {word for word in words_of(text) if entry(word) is None and word not in PLAIN}


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_every_word_of_a_kept_page_is_explained_or_plain(path):
    assert set() == unexplained(path.read_text())


@pytest.mark.parametrize("words", RUNS, ids=lambda words: f"{words[0]}-{words[3]}")
def test_every_word_of_a_run_is_explained_or_plain(moefit, words):
    _, out, err = moefit(*words)
    assert set() == unexplained(out + err)


def test_every_word_of_the_doctor_is_explained_or_plain(tmp_path, monkeypatch):
    written = StringIO()
    show_findings(all_wrong(tmp_path, monkeypatch), Console(file=written, width=200))
    assert set() == unexplained(written.getvalue())


def test_a_plain_word_is_not_explained_too():
    """The list is short: what the glossary has leaves it."""
    assert [] == sorted(word for word in PLAIN if entry(word))
