"""`moefit compare` is a table on a page of any usual width, whatever its files are called."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from moefit.errors import Warn
from moefit.formats.comparison import comparison_json, show_comparison
from moefit.planning.compared import Compared
from tests.formats.pages import made_up

PLAN = made_up()
LONG = ("Qwen3-30B-A3B-Instruct-Q4_K.gguf", "gemma-mixture-24B-it-IQ4XS.gguf")
HEADS = ["size", "context", "prompt", "answer", "seconds", "RAM"]


def shown(rows, width):
    written = StringIO()
    show_comparison(rows, Console(file=written, width=width))
    return written.getvalue().splitlines()


def rows_of(names, count=1, **fields):
    return [Compared(f"/models/{name}", plan=PLAN, **fields) for name in names for _ in range(count)]


@pytest.mark.parametrize("width", [60, 72, 80, 120])
@pytest.mark.parametrize("count", [1, 5])
def test_two_long_names_are_a_table(width, count):
    head, *lines = shown(rows_of(LONG, count), width)
    assert HEADS == head.split()[-6:]
    columns = [head.index(name) + len(name) for name in HEADS]
    for line in lines[: 2 * count]:
        assert all(line[at - 1] != " " and line[at : at + 1] in {" ", ""} for at in columns)
    assert [] == [line for line in lines if len(line) > width]


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("name", LONG)
def test_every_file_is_named_whole_or_without_what_all_have(width, name):
    assert name.removesuffix(".gguf") in "\n".join(shown(rows_of(LONG), width))


def test_at_80_columns_names_stand_in_the_table_and_bytes_are_gib_below_it():
    head, first, *lines = shown(rows_of(LONG), 80)
    assert (head.split()[0], first.split()[0]) == ("model", LONG[0].removesuffix(".gguf"))
    assert "prompt and answer in tokens per second, size and RAM in GiB" in lines


def test_where_names_have_no_room_numbers_stand_for_them_and_a_legend_below():
    lines = shown(rows_of(LONG), 60)
    assert ["1", "2"] == [line.split()[0] for line in lines[1:3]]
    assert [" 1 " + LONG[0], " 2 " + LONG[1]] == lines[4:6]


def test_files_alone_are_numbered_where_cards_tell_rows_apart_too():
    rows = [Compared(name, card=card, plan=PLAN) for name in LONG for card in ("rtx-3060", "rtx-3090")]
    lines = shown(rows, 76)
    assert [["1", "rtx-3060"], ["1", "rtx-3090"], ["2", "rtx-3060"], ["2", "rtx-3090"]] == [
        line.split()[:2] for line in lines[1:5]
    ]
    assert " 2 " + LONG[1] in lines


def test_what_does_not_fit_says_so_in_the_place_of_its_figures():
    rows = [*rows_of(LONG[:1]), Compared("missing.gguf", error="No such file")]
    line = next(line for line in shown(rows, 80) if line.startswith("missing "))
    assert "cannot be read" == line.removeprefix("missing").strip()


def test_a_page_too_narrow_for_any_table_names_every_cell():
    text = " ".join(" ".join(shown(rows_of(LONG), 40)).split())
    assert all(f"{name} " in text for name in ("size", "context", "prompt", "answer", "seconds", "RAM"))


QUICK = replace(PLAN, prediction=replace(PLAN.prediction, seconds=3.0, decode_tokens_per_second=99.0))


def marked(rows):
    return [line.partition("✓ ")[2] for line in shown(rows, 120)[1 : len(rows) + 1]]


@pytest.mark.parametrize(
    ("fields", "marks"),
    [
        ([{"card": "a", "context": 1}, {"card": "b", "context": 1}], ["", "fastest"]),
        ([{"context": 1}, {"context": 2}], ["", "fastest"]),
        ([{"card": c, "context": n} for n in (1, 2) for c in "ab"], ["", "fastest", "", "fastest"]),
        ([{"card": c, "strategy": n} for c in "ab" for n in ("x", "y")], ["", "fastest", "", "fastest"]),
        ([{"card": c, "model": n} for c in "ab" for n in ("x", "y")], ["", "fastest", "", "fastest"]),
    ],
    ids=["cards", "contexts", "cards for each context", "strategies of each card", "files for each card"],
)
def test_the_best_of_each_set_that_one_is_chosen_from_is_marked(fields, marks):
    """Every second row is the faster plan."""
    found = [
        Compared(**{"model": "m", "plan": (PLAN, QUICK)[at % 2], **one}) for at, one in enumerate(fields)
    ]
    assert marks == marked(found)
    told = [row["fastest"] for row in json.loads(comparison_json(found))["rows"]]
    assert [bool(mark) for mark in marks] == told


def test_a_row_with_fewer_tokens_than_the_others_says_why():
    few = replace(
        PLAN,
        settings=replace(PLAN.settings, context=4096),
        warnings=(Warn("context", "context 4096: why; more"),),
    )
    rows = [*rows_of(LONG[:1]), Compared("few.gguf", plan=few)]
    assert "few.gguf: context 4096: why; -c for all makes them alike" in "\n".join(shown(rows, 80))
    asked = [*rows_of(LONG[:1], context=8192), Compared("few.gguf", 4096, plan=few)]
    assert "for all" not in "\n".join(shown(asked, 80))


def test_of_every_column_the_best_figure_is_bold():
    found = [Compared("m", strategy=name, plan=one) for name, one in (("x", PLAN), ("y", QUICK))]
    page = Console(record=True, file=StringIO(), width=100, force_terminal=True, color_system="standard")
    show_comparison(found, page)
    assert ["99.0", "3.0"] == re.findall(r"\x1b\[1m *([\d.,]+) ?\x1b", page.export_text(styles=True))
