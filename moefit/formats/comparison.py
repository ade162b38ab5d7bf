"""`moefit compare`: plans side by side, the best of them marked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from moefit.formats.comparison_table import ComparedRow, Comparison
from moefit.formats.page import Line, text_words
from moefit.planning.compared import Compared
from moefit.planning.types import Plan
from moefit.sizes import format_size

_FAST_ENOUGH: Final = 10.0
"""Tokens of answer per second that keep ahead of a reader."""


def show_comparison(rows: Sequence[Compared], console: Console) -> None:
    """A table, and below it which is the fastest and which the largest file that is fast enough, of each set to choose from."""
    dims, sets = _dimensions(rows), choices(rows)
    beside = [next((some for some in sets if any(row is one for one in some)), []) for row in rows]
    told = [_row(row, dims, some) for row, some in zip(rows, beside, strict=True)]
    console.print(Comparison(dims, told), crop=False)
    for some in sets or [list(rows)]:
        console.print(Line(text_words(Text(_summary(some, dims, alone=len(sets) < 2))), 2), crop=False)
    for told_of in (*_other_contexts(rows), *_beyond_training(rows), *_estimates(rows)):
        console.print(Line(text_words(Text(told_of, style="dim")), 2), crop=False)
    for row in rows:
        if row.error:
            console.print(Line(text_words(Text(f"{row.model}: {row.error}", style="dim")), 2), crop=False)


def _other_contexts(rows: Sequence[Compared]) -> Iterator[str]:
    """Why a plan has fewer tokens than others, where no context was asked for: its row is not to be read beside theirs unwarned."""
    plans = [(row, row.plan) for row in rows if row.plan and row.context is None]
    most = max((made.settings.context for _, made in plans), default=0)
    for row, made in plans:
        why = next((w.message.partition(";")[0] for w in made.warnings if w.code == "context"), None)
        if made.settings.context < most:
            told = why or f"context {made.settings.context:,}"
            yield f"{_dimension(row, 'model')}: {told}; -c for all makes them alike"


def _beyond_training(rows: Sequence[Compared]) -> Iterator[str]:
    """A context that is larger than the model's own, once for each file and context."""
    told = [
        (_dimension(row, "model"), warning.message)
        for row in rows
        if row.plan
        for warning in row.plan.warnings
        if warning.code == "long-context"
    ]
    return (f"{model}: {why}" for model, why in dict.fromkeys(told))


def _estimates(rows: Sequence[Compared]) -> Iterator[str]:
    """Why figures are an estimate, once for each file."""
    told = [(_dimension(row, "model"), why) for row in rows if row.plan for why in row.plan.estimates]
    return (f"{model}: {why}" for model, why in dict.fromkeys(told))


def choices(rows: Sequence[Compared]) -> list[list[Compared]]:
    """The sets that one is chosen from: files and strategies for each card and context, cards for each context, or all that have a plan."""
    rows = [row for row in rows if row.plan is not None]
    keys: tuple[Callable[[Compared], object], ...] = (
        lambda row: (row.card, row.context),
        lambda row: row.context,
        lambda _: None,
    )
    for key in keys:
        sets: dict[object, list[Compared]] = {}
        for row in rows:
            sets.setdefault(key(row), []).append(row)
        if any(len(some) > 1 for some in sets.values()):
            break
    return list(sets.values())


def fastest(rows: Sequence[Compared]) -> Compared | None:
    """The one with the fewest seconds, the earlier of equals."""
    return min((row for row in rows if row.fits), key=_seconds, default=None)


def largest(rows: Sequence[Compared]) -> Compared | None:
    """Of files of several sizes the largest that fits and answers faster than one reads, the faster of equals."""
    if len({row.plan.model.bytes for row in rows if row.plan}) < 2:
        return None
    good = [
        row
        for row in rows
        if row.plan and row.fits and row.plan.prediction.decode_tokens_per_second >= _FAST_ENOUGH
    ]
    return max(good, key=lambda row: (row.plan.model.bytes if row.plan else 0, -_seconds(row)), default=None)


def comparison_json(rows: Sequence[Compared]) -> str:
    """The same as one JSON document, a newline at its end."""
    sets = choices(rows)
    best, large = ([find(some) for some in sets] for find in (fastest, largest))
    found = [
        {
            **_object(row),
            "fastest": any(row is one for one in best),
            "largest_that_fits_well": any(row is one for one in large),
        }
        for row in rows
    ]
    return json.dumps({"version": 1, "rows": found}, indent=2) + "\n"


def _dimensions(rows: Sequence[Compared]) -> list[str]:
    """What differs between the rows; nothing where the column of the context alone tells them apart."""
    names = ("model", "card", "strategy")
    differing = [
        name
        for name in names
        if len({_dimension(row, name) for row in rows}) > 1 or (name == "card" and rows and rows[0].card)
    ]
    contexts = {row.plan.settings.context for row in rows if row.plan}
    return differing or ([] if len(contexts) == len(rows) > 1 else ["model"])


def _dimension(row: Compared, name: str) -> str:
    return {
        "model": row.model.rpartition("/")[2],
        "card": row.card or "",
        "strategy": row.strategy or "auto",
    }[name]


def _row(row: Compared, dims: Sequence[str], among: Sequence[Compared]) -> ComparedRow:
    """A row of the table, marked among those that it is to be chosen from."""
    mark = _marks(row, fastest(among), largest(among))
    if row.plan and row.plan.estimates:
        mark = Text(" · " if mark else "").join([mark, Text("estimate", style="dim")])
    labels = tuple(_dimension(row, dim) for dim in dims)
    made = row.plan
    if made is None:
        return ComparedRow(labels, None, "", ("", "", ""), None, mark)
    context = f"{made.settings.context:,}"
    if not made.fits:
        return ComparedRow(labels, made.model.bytes, context, ("", "", ""), None, mark)
    told = made.prediction
    speeds = (
        f"{told.prefill_tokens_per_second:,.0f}",
        f"{told.decode_tokens_per_second:,.1f}",
        f"{told.seconds:.1f}",
    )
    return ComparedRow(labels, made.model.bytes, context, speeds, _ram(made), mark, _leading(made, among))


def _leading(made: Plan, among: Sequence[Compared]) -> frozenset[int]:
    """The figures, by their places behind the context, that no other plan has a better one of: empty where all have the same."""
    rated = [_rated(row.plan) for row in among if row.plan and row.fits]
    best = [max(column) if len(set(column)) > 1 else None for column in zip(*rated, strict=True)]
    return frozenset(at for at, value in enumerate(_rated(made)) if value == best[at])


def _rated(made: Plan) -> tuple[float, ...]:
    """Prompt, answer, seconds and RAM, each so that more is better."""
    told = made.prediction
    speeds = told.prefill_tokens_per_second, told.decode_tokens_per_second
    return (*speeds, -told.seconds, -_ram(made))


def _ram(made: Plan) -> int:
    """Bytes of RAM that the plan takes: the page's own figure, less other programs."""
    return made.machine.ram.available - made.host_left


def _marks(row: Compared, best: Compared | None, large: Compared | None) -> Text:
    """What is to be said of a row: best is the fastest and the largest at once."""
    if row.plan is None:
        return Text("cannot be read", style="bold red")
    if not row.fits:
        return Text(f"lacks {format_size(row.plan.shortfall)}", style="bold red")
    if row is best and row is large:
        return Text("✓ best", style="bold")
    if row is not best and best is not None and _is_same(row, best):
        return Text("same line", style="dim")
    return Text("✓ fastest" if row is best else "✓ largest" if row is large else "", style="bold")


def _is_same(row: Compared, other: Compared) -> bool:
    """Whether two strategies come to the same line for a model on a machine."""
    mine, theirs = row.plan, other.plan
    if mine is None or theirs is None or (row.model, row.card) != (other.model, other.card):
        return False
    return mine.argv == theirs.argv and mine.environment == theirs.environment


def _summary(rows: Sequence[Compared], dims: Sequence[str], *, alone: bool) -> str:
    """Which of a set to take; what the set is of, where there are several."""
    best, large, first = fastest(rows), largest(rows), rows[0]
    shared = [first.card or "", f"context {first.context:,}" if first.context else ""]
    of = "" if alone else " · ".join(told for told in shared if told and _is_of_all(told, rows)) + ": "
    if best is None:
        return f"{of}None of them fits." if alone else f"{of}none fits."
    if large is not None and large.plan is not None:
        name = f"{_dimension(large, 'model')} ({format_size(large.plan.model.bytes)})"
        why = "; a larger file is as a rule the better model" if alone else ""
        return f"{of}{name} is the largest that fits and answers at {_FAST_ENOUGH:.0f} t/s or more{why}."
    differing = [name for name in dims if alone or len({_dimension(row, name) for row in rows}) > 1]
    told = ", ".join(_dimension(best, name) for name in differing or ["model"])
    context = f" with a context of {best.plan.settings.context if best.plan else 0:,}" if alone else ""
    return f"{of}{told}{context} is the fastest."


def _is_of_all(told: str, rows: Sequence[Compared]) -> bool:
    """Whether a card or a context is that of every row."""
    return all(told in {row.card, f"context {row.context:,}" if row.context else ""} for row in rows)


def _seconds(row: Compared) -> float:
    return row.plan.prediction.seconds if row.plan else float("inf")


def _object(row: Compared) -> dict[str, Any]:
    made = row.plan
    asked = {"model": row.model, "card": row.card, "strategy": row.strategy, "error": row.error}
    if made is None:
        return {**asked, "fits": False}
    p = made.prediction
    return {
        **asked,
        "bytes": made.model.bytes,
        "fits": made.fits,
        "shortfall": made.shortfall,
        "context": made.settings.context,
        "chosen_strategy": made.strategy if made.fits else None,
        "prefill_tokens_per_second": round(p.prefill_tokens_per_second, 2),
        "decode_tokens_per_second": round(p.decode_tokens_per_second, 2),
        "seconds": round(p.seconds, 3),
        "ram": _ram(made),
        "argv": list(made.argv) if made.fits else None,
        "environment": dict(made.environment) if made.fits else None,
        "estimates": list(made.estimates),
    }
