"""What a page of any width holds whole: lines that break between their parts alone, tables that become lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

_ANY_WIDTH: Final = 65_536
_RUN: Final = 3
"""Names in a row of which the first and the last are told."""


class Line:
    """Parts in a row, each whole; what does not fit goes on below, indented. Print it with `crop=False`."""

    def __init__(self, parts: Iterable[Text], indent: int = 0) -> None:
        self._parts = tuple(parts)
        """Each with the space or mark that follows it."""
        self._indent = indent

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """A part that is wider than the page stands alone on a line."""
        line = _line(0)
        for part in self._parts:
            wide = line.cell_len + cell_len(part.plain.rstrip())
            if wide > options.max_width and line.plain.strip():
                yield _ended(line)
                line = _line(self._indent)
            line.append_text(part)
        yield _ended(line)


class Rows:
    """A table where the page is wide enough for it; else each row is a line that names its cells."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Every cell whole, either way."""
        needed = Measurement.get(console, options.update_width(_ANY_WIDTH), self._table).maximum
        if needed <= options.max_width:
            for row in console.render_lines(self._table, options, pad=False):
                text = Text.assemble(*((part.text, part.style or "") for part in row), no_wrap=True)
                text.rstrip()
                yield text
            return
        _, *names = (str(column.header) for column in self._table.columns)
        rows = list(zip(*(map(_text, column.cells) for column in self._table.columns), strict=True))
        indent = max((row[0].cell_len for row in rows), default=0) + 2
        for label, *cells in rows:
            label.pad_right(indent - label.cell_len)
            told = (
                Text.assemble((f"{name} " if name else "", "dim"), cell)
                for name, cell in zip(names, cells, strict=True)
                if cell.plain not in {"", "-"}
            )
            yield Line([label, *joined(list(told), ", ")], indent)


def columns(space: int = 2) -> Table:
    """A table that is yet empty, of columns that stand so many cells apart."""
    return Table(box=None, header_style="dim", padding=(0, space, 0, 0), pad_edge=False)


def joined(parts: Sequence[str | Text], mark: str = " · ", style: str = "") -> list[Text]:
    """Parts of a line, with a mark after each but the last."""
    last = len(parts) - 1
    return [Text.assemble(part, mark if i < last else "", style=style) for i, part in enumerate(parts)]


def text_words(text: Text) -> list[Text]:
    """The words of a text as parts of a line; an option and what follows it are one, to be copied."""
    words = re.finditer(r"(?<!\S)(?:--\w\S*\s+)?\S+(?:\s+|$)", text.plain)
    return list(text.divide(end for word in words if (end := word.end()) < len(text)))


def phrases(text: Text) -> list[Text]:
    """The words of a text, a number and its unit as one, as parts of a line."""
    return list(text.divide(match.end() for match in re.finditer(r"\S\s+(?![GMKT]iB)", text.plain)))


def shortened(name: str, width: int) -> str:
    """A name that is no wider than so many cells: less of its end, and a mark for that.

    >>> shortened("Qwen3-30B", 9), shortened("Qwen3-30B", 6), shortened("通义千问", 6)
    ('Qwen3-30B', 'Qwen3…', '通义…')
    """
    return name if cell_len(name) <= width else f"{set_cell_size(name, max(0, width - 1)).rstrip()}…"


def _ended(line: Text) -> Text:
    """A line without what would lead to the next part."""
    line.rstrip()
    if line.plain.endswith(" ·"):
        line.right_crop(2)
    return line


def _line(indent: int) -> Text:
    return Text(" " * indent, no_wrap=True, overflow="ignore")


def _text(cell: object) -> Text:
    return cell.copy() if isinstance(cell, Text) else Text(str(cell))


def listed(names: Sequence[str]) -> str:
    """The names as a person lists them, those whose numbers follow each other as the first and the last.

    >>> listed(["CUDA0"]), listed(["CUDA0", "CUDA1"]), listed(["RPC0", "CUDA0", "CUDA1"]), listed(["CUDA0", "CUDA1", "CUDA2", "CUDA3", "RAM"])
    ('CUDA0', 'CUDA0 and CUDA1', 'RPC0, CUDA0 and CUDA1', 'CUDA0 to CUDA3 and RAM')
    """
    runs: list[list[str]] = []
    for name in names:
        kind = name.rstrip("0123456789")
        before = runs[-1][-1] if runs else ""
        follows = name != kind and before == f"{kind}{int(name.removeprefix(kind)) - 1}"
        runs[-1].append(name) if follows else runs.append([name])
    parts = [part for run in runs for part in (run if len(run) < _RUN else [f"{run[0]} to {run[-1]}"])]
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1]))) if parts else ""
