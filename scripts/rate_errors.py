"""How far predictions are from the rates that people published, by kind of machine: the table of docs/speed.md.

    python scripts/rate_errors.py            the table
    python scripts/rate_errors.py --rows     each row of tests/data/held.json as well

Rows of tests/data/published.json may have shaped constants (scripts/fit_rates.py leaves each machine out in turn); rows of held.json were
predicted before anything was changed for them (docs/speed.md says what was settled with an eye on them since;
unseen ones came after the last change).
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.cost.published import GROUPS, HELD, PHASES, UNSEEN, Figure, figures, kind_of, spread

APART = 1.15
"""Rows of a group that differ by less are in no order."""


def ordered(rows: Sequence[Figure]) -> list[bool]:
    """Of each two rows of one model on one machine that are apart, whether the prediction has them in the measured order."""
    return [
        (a.measured > b.measured) == (a.predicted > b.predicted)
        for a, b in itertools.combinations(rows, 2)
        if a.group["id"] == b.group["id"]
        and max(a.measured, b.measured) > APART * min(a.measured, b.measured)
    ]


def losses(rows: Sequence[Figure]) -> list[float]:
    """Of rows that differ in their flags alone, by how much the one that is predicted fastest was slower than the fastest that was measured."""
    alike: dict[tuple[object, ...], list[Figure]] = defaultdict(list)
    for row in rows:
        asked = (row.row[key] for key in ("prompt", "generated"))
        alike[row.group["id"], *asked, row.row.get("depth", 0)].append(row)
    return [
        max(row.measured for row in choice) / max(choice, key=lambda row: row.predicted).measured - 1
        for choice in alike.values()
        if len(choice) > 1
    ]


def within(row: Figure) -> bool:
    """Whether the measured rate lies in the range that is shown."""
    low, high = getattr(row.doubt, row.phase)
    return bool(low <= row.measured / row.predicted <= high)


def cells(rows: Sequence[Figure]) -> str:
    """Number, median error, span and share within the range of some rows."""
    if not rows:
        return "- | - | - | -"
    error, low, high = spread(row.predicted / row.measured for row in rows)
    inside = statistics.fmean(map(within, rows))
    return f"{len(rows)} | {error:.0%} | {low:.2f}-{high:.2f} | {inside:.0%}"


def table(label: str, rows: dict[str, list[Figure]]) -> None:
    """One line for all machines, and one for each kind."""
    kinds: dict[str, dict[str, list[Figure]]] = defaultdict(lambda: defaultdict(list))
    for figure in itertools.chain(*rows.values()):
        kinds[kind_of(figure.group)][figure.phase].append(figure)
    print(f"| **{label}** | {cells(rows['prefill'])} | {cells(rows['decode'])} |")
    for kind, found in sorted(kinds.items()):
        print(f"| {kind} | {cells(found['prefill'])} | {cells(found['decode'])} |")


def main() -> None:
    """Print the table, and the rows if they are asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", action="store_true")
    asked = parser.parse_args()
    sets = {
        "fit rows": {phase: figures(GROUPS, phase) for phase in PHASES},
        "held rows": {phase: figures(HELD, phase) for phase in PHASES},
        "held, unseen": {phase: figures(UNSEEN, phase) for phase in PHASES},
    }
    print("| | prompts | error | 10-90% | in range | answers | error | 10-90% | in range |")
    print("|---|---|---|---|---|---|---|---|---|")
    for label, rows in sets.items():
        table(label, rows)
    for label, rows in sets.items():
        for phase in PHASES:
            right, lost = ordered(rows[phase]), losses(rows[phase])
            if right:
                print(f"{label}, {phase}: {statistics.fmean(right):.1%} of {len(right)} pairs in order")
            if lost:
                print(
                    f"{label}, {phase}: {len(lost)} choices lose {statistics.fmean(lost):.1%} on average, {max(lost):.1%} at most"
                )
    for row in itertools.chain(*sets["held rows"].values()) if asked.rows else ():
        told = {key: value for key, value in row.row.items() if value and key not in PHASES}
        ratio = row.predicted / row.measured
        print(
            f"{row.group['id']:36s} {row.phase:8s}{row.measured:9.1f}{row.predicted:9.1f} {ratio:5.2f}  {told}"
        )


if __name__ == "__main__":
    main()
