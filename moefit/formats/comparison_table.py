"""The table of `moefit compare`, made to fit the page: names are shortened by what all have, then numbered, with a legend below."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile, zip_longest
from typing import Final

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from moefit.formats.page import Line, Rows, text_words
from moefit.sizes import GIB, format_size
from moefit.values import dataclass

_FIGURES: Final = ("size", "context", "prompt", "answer", "seconds", "RAM")
_BEFORE_MARK: Final = 2
"""Figures that a plan which does not fit has too: its mark stands in the place of the others."""
_EXTENSION: Final = ".gguf"
_UNITS: Final = "prompt and answer in tokens per second"


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One plan."""

    labels: tuple[str, ...]
    """What tells it from the others: its file first, card, strategy, those that differ."""
    size: int | None
    """Bytes of the file; None where it cannot be read."""
    context: str
    speeds: tuple[str, str, str]
    """Prompt, answer and seconds; empty where it does not fit."""
    ram: int | None
    """Bytes; None where it does not fit."""
    mark: Text
    leading: frozenset[int] = frozenset()
    """Of prompt, answer, seconds and RAM, by their places, those that are the best of their column."""

    def figures(self, write: Callable[[int], str]) -> tuple[str, ...]:
        """The cells, with bytes as `write` has them: two of a plan that does not fit."""
        size = "" if self.size is None else write(self.size)
        return (
            (size, self.context) if self.ram is None else (size, self.context, *self.speeds, write(self.ram))
        )


@dataclass(frozen=True, slots=True)
class _Draft:
    """The cells of one way to write the table, the header first; the mark is not among them."""

    labels: int
    """Columns that stand on the left."""
    cells: tuple[tuple[str, ...], ...]
    below: str = _UNITS
    """What a reader must know of its figures."""
    legend: tuple[str, ...] = ()


class Comparison:
    """The rows as the first of several ways to write them that the page is wide enough for. Print it with `crop=False`."""

    def __init__(self, dimensions: Sequence[str], rows: Sequence[ComparedRow]) -> None:
        self._dimensions = tuple(dimensions)
        self._rows = tuple(rows)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """A page that is too narrow for every table gets a line that names its cells for each row."""
        for draft in self._drafts():
            lines = list(self._lines(draft))
            if max(line.cell_len for line in lines) <= options.max_width:
                yield from lines
                yield Line(text_words(Text(draft.below, style="dim")))
                yield from (Line(text_words(Text(line)), 3) for line in draft.legend)
                return
        yield Rows(self._table())
        yield Line(text_words(Text(_UNITS, style="dim")))

    def _drafts(self) -> Iterator[_Draft]:
        """The same table in less and less room."""
        full = tuple(row.labels for row in self._rows)
        named = _each_file(full, self._dimensions, _without_prefix)
        short = _each_file(named, self._dimensions, _without_extension)
        for names in (named, short):
            yield self._draft(self._dimensions, names)
        yield self._draft(self._dimensions, short, bare=True)
        for names, legend in self._numbered(full):
            heads = self._dimensions if len(names[0]) == len(self._dimensions) else ("",)
            yield self._draft(heads, names, legend=legend)
            yield self._draft(heads, names, bare=True, legend=legend)

    def _numbered(
        self, full: Sequence[tuple[str, ...]]
    ) -> Iterator[tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]]:
        """Numbers in the place of the files' names, then of all that tells rows apart; and what they stand for."""
        if "model" in self._dimensions and len(self._dimensions) > 1:
            files = list(dict.fromkeys(labels[0] for labels in full))
            names = tuple((str(files.index(labels[0]) + 1), *labels[1:]) for labels in full)
            yield names, tuple(f"{number:>2} {file}" for number, file in enumerate(files, 1))
        told = (" · ".join(filter(None, labels)) for labels in full)
        numbers = tuple((str(number),) for number in range(1, len(full) + 1))
        yield numbers, tuple(f"{number:>2} {labels}" for number, labels in enumerate(told, 1))

    def _draft(
        self,
        heads: Sequence[str],
        names: Sequence[tuple[str, ...]],
        *,
        bare: bool = False,
        legend: tuple[str, ...] = (),
    ) -> _Draft:
        """With `bare` bytes are GiB without saying so in each cell."""
        write = _gib if bare else format_size
        cells = ((*name, *row.figures(write)) for name, row in zip(names, self._rows, strict=True))
        below = f"{_UNITS}, size and RAM in GiB" if bare else _UNITS
        return _Draft(len(heads), ((*heads, *_FIGURES), *cells), below, legend)

    def _lines(self, draft: _Draft) -> Iterator[Text]:
        columns = zip_longest(*draft.cells, fillvalue="")
        widths = [max(map(cell_len, column)) for column in columns]
        for place, cells in enumerate(draft.cells):
            line = Text(style="dim" if place == 0 else "", no_wrap=True, overflow="ignore")
            row = self._rows[place - 1] if place else None
            shown = widths if row is None or row.ram is not None else widths[: draft.labels + _BEFORE_MARK]
            for at, (width, cell) in enumerate(zip_longest(shown, cells, fillvalue="")):
                room = " " * (int(width) - cell_len(str(cell)))
                leads = row is not None and at - draft.labels - _BEFORE_MARK in row.leading
                style = "bold" if leads else ""
                line.append(f"{cell}{room} " if at < draft.labels else f"{room}{cell} ", style)
            line.append_text(row.mark if row else Text())
            line.rstrip()
            yield line

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False)
        for column in (*self._dimensions, *_FIGURES, ""):
            table.add_column(column)
        for row in self._rows:
            figures = row.figures(format_size)
            table.add_row(*row.labels, *figures, *[""] * (len(_FIGURES) - len(figures)), row.mark)
        return table


def _each_file(
    names: Sequence[tuple[str, ...]],
    dimensions: Sequence[str],
    shorten: Callable[[Sequence[str]], Sequence[str]],
) -> tuple[tuple[str, ...], ...]:
    """The names, those of files shortened."""
    if "model" not in dimensions:
        return tuple(names)
    files = shorten([name[0] for name in names])
    return tuple((file, *name[1:]) for name, file in zip(names, files, strict=True))


def _without_prefix(files: Sequence[str]) -> Sequence[str]:
    """Less what all begin with, up to a colon or else a dash: a repository's files differ at their end.

    >>> _without_prefix(["a-b-Q4.gguf", "a-b-Q8.gguf"]), _without_prefix(["m:Q4", "m:Q8"]), _without_prefix(["x"])
    (['Q4.gguf', 'Q8.gguf'], ['Q4', 'Q8'], ['x'])
    """
    if len(set(files)) < 2:
        return files
    same = takewhile(lambda letters: len(set(letters)) == 1, zip(*files, strict=False))
    first = "".join(letters[0] for letters in same)
    end = first.rfind(":") if ":" in first else first.rfind("-")
    return [file[end + 1 :] for file in files]


def _without_extension(files: Sequence[str]) -> Sequence[str]:
    """Less the extension that all have."""
    return (
        [file.removesuffix(_EXTENSION) for file in files]
        if all(f.endswith(_EXTENSION) for f in files)
        else files
    )


def _gib(size: int) -> str:
    return f"{size / GIB:.2f}"
