"""Derive the fitted constants of moefit/cost/constants.py from tests/data, one machine left out in turn.

    python scripts/fit_rates.py            errors on the machines left out: 100 seconds of a processor, shared by two processes (635 rows, 143 constants)
    python scripts/fit_rates.py --values   what the rows alone would make of each constant, beside what it is: 50

A constant moves, by steps of a few percent around what it is, to where the rows that depend on it are predicted best, and no further from
its single source than they call for: a step must win a hundredth of their error. The machine left out plays no part in that.
"""

from __future__ import annotations

import argparse
import itertools
import math
import multiprocessing
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

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
MOVED = 0.002
"""A row judges a constant of which a step moves it by more."""
PROCESSES = 2
"""Always so many, so that what each remembers, and with it the last digit, is the same on every machine."""
T = TypeVar("T")


class Knob(NamedTuple):
    """One fitted constant where it can be turned."""

    name: str
    value: Constant
    turn: Callable[[Constant], None]


def knobs() -> Iterator[Knob]:
    """Every constant where it can be turned."""
    for name, found in vars(constants).items():
        if isinstance(found, Constant):
            yield Knob(name, found, partial(setattr, constants, name))
        elif isinstance(found, dict):
            for key, value in found.items():
                yield Knob(f"{name}[{key}]", value, partial(found.__setitem__, key))
        if isinstance(found, ByBackend):
            yield Knob(f"{name}[other]", found.usual, partial(setattr, found, "usual"))
    for index, chip in enumerate(constants.CHIPS):
        for field, value in chip._asdict().items():
            name = f"CHIPS[{chip.name.pattern[:20]} {chip.backend}].{field}"
            yield Knob(name, value, partial(_turn_chip, index, field))


def _turn_chip(index: int, field: str, value: Constant) -> None:
    chips: list[Chip] = list(constants.CHIPS)
    chips[index] = chips[index]._replace(**{field: value})
    constants.CHIPS = tuple(chips)


TODAY = [knob for knob in knobs() if isinstance(knob.value, Constant) and knob.value.fitted]
"""The knobs, with the values that the table has."""


@cache
def all_rows() -> tuple[Figure, ...]:
    """All rows that may shape constants."""
    return tuple(row for phase in PHASES for row in figures(GROUPS, phase))


@cache
def before() -> tuple[float, ...]:
    """What they are predicted at by the table."""
    return tuple(row.predicted for row in all_rows())


@cache
def machines() -> tuple[str, ...]:
    """The machine of each."""
    return tuple(map(machine_of, all_rows()))


def machine_of(row: Figure) -> str:
    """What groups have in common that were measured on one machine."""
    group: dict[str, Any] = row.group
    card = group["gpu"] or group["cpu"]
    return f"{card.rpartition('description=')[2]} {group['ram_bandwidth']} {group['cores']}"


class Fit:
    """Knobs turned to where some rows are predicted best, each row's error remembered by the values of those that move it."""

    def __init__(self, moved: Sequence[Mapping[int, float]]) -> None:
        """Every knob where the table has it; `moved` has for each what a step of it makes of rows."""
        self.moved = moved
        self.movers = [[at for at, by in enumerate(moved) if row in by] for row in range(len(all_rows()))]
        self.values = [knob.value for knob in TODAY]
        self.known: dict[tuple[float, ...], float] = {}

    def turn(self, at: int, value: Constant) -> None:
        """One of the knobs."""
        self.values[at] = value
        TODAY[at].turn(value)

    def off(self, row: int) -> float:
        """Distance of the logarithms of what is predicted and what was measured."""
        key = (row, *(self.values[at] for at in self.movers[row]))
        if key not in self.known:
            self.known[key] = abs(math.log(all_rows()[row].predicted / all_rows()[row].measured))
        return self.known[key]

    def error(self, rows: Sequence[int]) -> float:
        """The mean of those, each machine with the same weight in each phase."""
        by_machine: dict[tuple[str, str], list[float]] = {}
        for row in rows:
            by_machine.setdefault((machines()[row], all_rows()[row].phase), []).append(self.off(row))
        return statistics.fmean(statistics.fmean(group) for group in by_machine.values())

    def without(self, machine: str | None) -> list[Constant]:
        """Turn every knob to where its rows, but for a machine's, are predicted best."""
        for at, knob in enumerate(TODAY):
            touched = [row for row, by in self.moved[at].items() if by > MOVED and machines()[row] != machine]
            best, least = knob.value, self.error(touched) if touched else 0.0
            for power in sorted(range(-FURTHEST, FURTHEST + 1), key=abs)[1:] if touched else ():
                self.turn(at, tried := knob.value.scaled(STEP**power))
                if (found := self.error(touched)) < least * (1 - GAIN):
                    best, least = tried, found
            self.turn(at, best)
        return list(self.values)

    def reset(self) -> None:
        """Every knob back to what the table has."""
        for at, knob in enumerate(TODAY):
            self.turn(at, knob.value)


def moves(at: int) -> dict[int, float]:
    """The rows whose prediction a step of a knob, up or down, moves, and by how much."""
    knob = TODAY[at]
    moved: dict[int, float] = {}
    for factor in (STEP, 1 / STEP):
        knob.turn(knob.value.scaled(factor))
        for index, (row, old) in enumerate(zip(all_rows(), before(), strict=True)):
            if by := abs(row.predicted / old - 1):
                moved[index] = max(by, moved.get(index, 0.0))
    knob.turn(knob.value)
    return moved


def left_out(names: Sequence[str], moved: Sequence[Mapping[int, float]]) -> dict[int, float]:
    """What rows of each machine are predicted at by constants that the others' rows give."""
    fit, found = Fit(moved), {}
    for machine in names:
        fit.without(machine)
        found |= {at: row.predicted for at, row in enumerate(all_rows()) if machines()[at] == machine}
        fit.reset()
    return found


def report(label: str, pairs: Sequence[tuple[float, float]]) -> None:
    """Median error and spread of (measured, predicted)."""
    middle, low, high = spread(predicted / measured for measured, predicted in pairs)
    print(f"{label:44s} {len(pairs):4d} rows  median error {middle:5.1%}  10-90% {low:.2f}-{high:.2f}")


def summary(predicted: Sequence[float]) -> None:
    """Errors of each phase, by the table and with each machine left out, and how many pairs have the measured order."""
    for phase in PHASES:
        rows = [at for at, row in enumerate(all_rows()) if row.phase == phase]
        report(f"{phase}: as the table has it", [(all_rows()[at].measured, before()[at]) for at in rows])
        report(f"{phase}: machines left out", [(all_rows()[at].measured, predicted[at]) for at in rows])
        pairs = [
            (all_rows()[x].measured > all_rows()[y].measured) == (predicted[x] > predicted[y])
            for x, y in itertools.combinations(rows, 2)
            if all_rows()[x].group is all_rows()[y].group
            and max(all_rows()[x].measured, all_rows()[y].measured)
            > 1.15 * min(all_rows()[x].measured, all_rows()[y].measured)
        ]
        print(
            f"{phase}: {sum(pairs) / len(pairs):.1%} of {len(pairs)} pairs more than 15% apart in the measured order"
        )


def values(fitted: Sequence[Constant], moved: Sequence[Mapping[int, float]]) -> None:
    """What the rows alone make of each constant."""
    for knob, value, by in zip(TODAY, fitted, moved, strict=True):
        judges = sum(one > MOVED for one in by.values())
        print(f"{knob.name:44s} {knob.value:11.4g} -> {value:11.4g}  {judges:4d} rows  {knob.value.unit}")


def parts(of: Sequence[T]) -> list[Sequence[T]]:
    """One part for each process: always the same, and with it what each remembers."""
    return [of[at::PROCESSES] for at in range(PROCESSES)]


def main() -> None:
    """Print what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--values", action="store_true")
    a = parser.parse_args()
    names = list(dict.fromkeys(machines()))
    before()
    with multiprocessing.get_context("fork").Pool(PROCESSES, maxtasksperchild=1) as pool:
        moved = pool.map(moves, range(len(TODAY)), chunksize=8)
        if a.values:
            values(Fit(moved).without(None), moved)
            return
        found = pool.starmap(left_out, [(part, moved) for part in parts(names)], chunksize=1)
    rates = {at: rate for part in found for at, rate in part.items()}
    for machine in names:
        mine = [at for at, of in enumerate(machines()) if of == machine]
        report(machine[:44], [(all_rows()[at].measured, rates[at]) for at in mine])
    summary([rates[at] for at in range(len(all_rows()))])


if __name__ == "__main__":
    main()
