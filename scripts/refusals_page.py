#!/usr/bin/env python3
"""Write docs/refusals.md from moefit's own tables of what llama-server refuses or ignores.

python scripts/refusals_page.py           # writes it
python scripts/refusals_page.py --check   # says whether it is as it would be written
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from moefit.launch.options import builtin
from moefit.launch.ranges import RANGES
from moefit.launch.refused import NOT_CHECKED, ON_THE_LINE
from moefit.planning.other_models import LEFT_OUT, OTHER_MODELS, OtherModel
from moefit.planning.refusals import IGNORES, STOPS, Condition

PAGE = Path(__file__).parents[1] / "docs" / "refusals.md"
INTRODUCTION = """\
# What llama-server refuses or ignores

Written by `scripts/refusals_page.py` from the tables that moefit itself reads; do not edit.
Files and lines are those of llama.cpp b11434.
A line that the server would refuse is refused by moefit too, with exit status 2, llama.cpp's reason and what to write instead.
What it would ignore gets a warning, and so does an option that b11434 does not have, or with no program at hand a value: it is passed on.
"""


def page() -> str:
    """The whole page."""
    return "\n".join(
        (
            INTRODUCTION,
            "## Because of the model or the devices\n",
            *_table(("option", "when", "llama.cpp says", "instead", "source"), _rows(STOPS, OTHER_MODELS)),
            "\n## Numbers out of range\n",
            *_table(("option", "must be", "source"), _ranges()),
            "\n## Words that cannot be read\n",
            *_table(
                ("when", "example", "source"), ((r.when, f"`{r.example}`", r.source) for r in ON_THE_LINE)
            ),
            "\n## What is ignored\n",
            *_table(("option", "when", "llama.cpp says", "instead", "source"), _rows(IGNORES, LEFT_OUT)),
            "\n## What moefit leaves to the server\n",
            *_table(("when", "source"), NOT_CHECKED),
            "",
        )
    )


def _rows(conditions: Iterable[Condition], files: Iterable[OtherModel]) -> Iterator[tuple[str, ...]]:
    yield from map(_row, conditions)
    yield from map(_row, files)


def _row(row: Condition | OtherModel) -> tuple[str, ...]:
    return f"`{row.options}`", row.when, row.says.replace("{}", "..."), row.instead, row.source


def _ranges() -> Iterator[tuple[str, ...]]:
    table = builtin("llama-server")
    for row in RANGES:
        options = (table.get(spelling) for spelling in row.options)
        names = ", ".join(f"`{option.name}`" for option in options if option)
        yield names, row.words, row.source


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield "|---" * len(header) + "|"
    yield from (f"| {' | '.join(cells)} |" for cells in rows)


def main() -> int:
    """Write the page, or compare it."""
    if "--check" in sys.argv[1:]:
        return int(PAGE.read_text(encoding="utf-8") != page())
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
