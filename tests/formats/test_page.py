"""A page of any width holds everything whole."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console
from rich.text import Text

from moefit.formats.page import Line, Rows, columns, joined, text_words


def printed(what, width):
    page = Console(file=StringIO(), width=width)
    page.print(what, crop=False)
    return page.file.getvalue().splitlines()


def table():
    made = columns(1)
    for column in ("", "free", "total", ""):
        made.add_column(column)
    made.add_row("CUDA0", "11.63 GiB", "12.00 GiB", "a card")
    made.add_row(Text("RAM"), "32.00 GiB", "-", "")
    return made


def test_a_line_breaks_between_its_parts_alone():
    line = Line(joined(["two cards", "64.00 GiB of RAM", "8 cores"]), indent=2)
    assert ["two cards", "  64.00 GiB of RAM", "  8 cores"] == printed(line, 21)


def test_a_line_that_fits_is_one():
    assert ["two cards · 64.00 GiB of RAM · 8 cores"] == printed(
        Line(joined(["two cards", "64.00 GiB of RAM", "8 cores"])), 38
    )


def test_a_word_wider_than_the_page_stands_alone():
    line = Line(text_words(Text("  -ot blk[.]19[.]ffn_up_exps=CPU  tensors that live elsewhere")), indent=4)
    assert [
        "  -ot",
        "    blk[.]19[.]ffn_up_exps=CPU",
        "    tensors that",
        "    live",
        "    elsewhere",
    ] == printed(line, 16)


def test_a_table_that_fits_is_one():
    expected = ["      free      total", "CUDA0 11.63 GiB 12.00 GiB a card", "RAM   32.00 GiB -"]
    assert expected == [line.rstrip() for line in printed(Rows(table()), 32)]


def test_a_table_too_wide_names_every_cell():
    assert [
        "CUDA0  free 11.63 GiB,",
        "       total 12.00 GiB,",
        "       a card",
        "RAM    free 32.00 GiB",
    ] == printed(Rows(table()), 23)


@pytest.mark.parametrize("width", [1, 9, 16])
def test_no_page_is_too_narrow_for_a_figure(width):
    told = "\n".join(printed(Rows(table()), width))
    assert ["11.63 GiB", "12.00 GiB", "32.00 GiB"] == [
        size for size in ("11.63 GiB", "12.00 GiB", "32.00 GiB") if size in told
    ]
