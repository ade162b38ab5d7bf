"""Derive the fitted constants of moefit/cost/constants.py from tests/data, one machine left out in turn.

    python scripts/fit_rates.py            errors on the machines left out: a minute or two
    python scripts/fit_rates.py --values   what the rows alone would make of each constant, beside what it is

A constant moves, by steps of a few percent around what it is, to where the rows that depend on it are predicted best, and no further from
its single source than they call for: a step must win a hundredth of their error. The machine left out plays no part in that.
"""

from __future__ import annotations

import argparse
import itertools
import math
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from moefit.cost import constants, host_rates, run
from moefit.cost.constants import ByBackend, Chip, Constant
from tests.cost.published import GROUPS, PHASES, Figure, figures, spread

# What is remembered of a device or a processor would hide a turned constant.
run.device_rates = run.device_rates.__wrapped__  # type: ignore[attr-defined]
host_rates.processor_rates = host_rates.processor_rates.__wrapped__  # type: ignore[attr-defined]
STEP = 1.06
FURTHEST = 4
"""Steps from what a constant is."""
GAIN = 0.01


class Knob(NamedTuple):
    """One fitted constant where it can be turned."""

    name: str
    value: Constant
    turn: Callable[[Constant], None]


def knobs() -> Iterator[Knob]:
    """Every fitted constant."""
    for name, found in vars(constants).items():
        if isinstance(found, Constant) and found.fitted:
            yield Knob(name, found, lambda value, name=name: setattr(constants, name, value))
        elif isinstance(found, ByBackend):
            for backend, value in found.items():
                if value.fitted:
                    yield Knob(
                        f"{name}[{backend}]",
                        value,
                        lambda value, key=backend, table=found: table.update({key: value}),
                    )
            if found.usual.fitted:
                yield Knob(
                    f"{name}[other]", found.usual, lambda value, table=found: setattr(table, "usual", value)
                )
    for index, chip in enumerate(constants.CHIPS):
        yield Knob(
            f"CHIPS[{chip.name.pattern[:20]} {chip.backend}].share",
            chip.share,
            lambda value, index=index: _turn_chip(index, value),
        )


def _turn_chip(index: int, share: Constant) -> None:
    chips: list[Chip] = list(constants.CHIPS)
    chips[index] = chips[index]._replace(share=share)
    constants.CHIPS = tuple(chips)


def error(rows: Sequence[Figure]) -> float:
    """Mean distance of the logarithms, each machine with the same weight in each phase."""
    by_machine: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        by_machine.setdefault((machine_of(row), row.phase), []).append(
            abs(math.log(row.predicted / row.measured))
        )
    return statistics.fmean(statistics.fmean(group) for group in by_machine.values())


def machine_of(row: Figure) -> str:
    """What groups have in common that were measured on one machine."""
    group: dict[str, Any] = row.group
    card = group["gpu"] or group["cpu"]
    return f"{card.rpartition('description=')[2]} {group['ram_bandwidth']} {group['cores']}"


def sensitive(knob: Knob, rows: Sequence[Figure], before: Sequence[float]) -> list[Figure]:
    """The rows whose prediction the constant moves."""
    knob.turn(knob.value.scaled(STEP))
    moved = [row for row, old in zip(rows, before, strict=True) if abs(row.predicted / old - 1) > 0.002]
    knob.turn(knob.value)
    return moved


def fit(rows: Sequence[Figure], depends: dict[str, list[Figure]]) -> dict[str, Constant]:
    """Turn every knob to where its rows among `rows` are predicted best."""
    mine, fitted = set(map(id, rows)), {}
    for knob in knobs_of_today():
        touched = [row for row in depends[knob.name] if id(row) in mine]
        best, least = knob.value, error(touched) if touched else 0.0
        for power in sorted(range(-FURTHEST, FURTHEST + 1), key=abs)[1:] if touched else ():
            tried = knob.value.scaled(STEP**power)
            knob.turn(tried)
            if (found := error(touched)) < least * (1 - GAIN):
                best, least = tried, found
        knob.turn(best)
        fitted[knob.name] = best
    return fitted


TODAY = list(knobs())


def knobs_of_today() -> list[Knob]:
    """The knobs with the values that the table has."""
    return TODAY


def reset() -> None:
    """Every knob back to what the table has."""
    for knob in TODAY:
        knob.turn(knob.value)


def report(label: str, pairs: Sequence[tuple[float, float]]) -> None:
    """Median error and spread of (measured, predicted)."""
    middle, low, high = spread(predicted / measured for measured, predicted in pairs)
    print(f"{label:44s} {len(pairs):4d} rows  median error {middle:5.1%}  10-90% {low:.2f}-{high:.2f}")


def main() -> None:
    """Print what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--values", action="store_true")
    a = parser.parse_args()
    rows = [row for phase in PHASES for row in figures(GROUPS, phase)]
    before = [row.predicted for row in rows]
    depends = {knob.name: sensitive(knob, rows, before) for knob in TODAY}
    if a.values:
        fitted = fit(rows, depends)
        for knob in TODAY:
            print(
                f"{knob.name:44s} {knob.value:11.4g} -> {fitted[knob.name]:11.4g}  {len(depends[knob.name]):4d} rows  {knob.value.unit}"
            )
        return
    left_out: list[tuple[Figure, float]] = []
    for machine in dict.fromkeys(map(machine_of, rows)):
        fit([row for row in rows if machine_of(row) != machine], depends)
        mine = [(row, row.predicted) for row in rows if machine_of(row) == machine]
        reset()
        report(machine[:44], [(row.measured, rate) for row, rate in mine])
        left_out += mine
    for phase in ("prefill", "decode"):
        report(
            f"{phase}: as the table has it",
            [(row.measured, old) for row, old in zip(rows, before, strict=True) if row.phase == phase],
        )
        report(
            f"{phase}: machines left out",
            [(row.measured, rate) for row, rate in left_out if row.phase == phase],
        )
        pairs = [
            (x[0].measured > y[0].measured) == (x[1] > y[1])
            for x, y in itertools.combinations([pair for pair in left_out if pair[0].phase == phase], 2)
            if x[0].group is y[0].group
            and max(x[0].measured, y[0].measured) > 1.15 * min(x[0].measured, y[0].measured)
        ]
        print(
            f"{phase}: {sum(pairs) / len(pairs):.1%} of {len(pairs)} pairs more than 15% apart in the measured order"
        )


if __name__ == "__main__":
    main()
