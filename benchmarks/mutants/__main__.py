"""Changes that a test of placement, memory or formats should notice, one at a time.

    python -m benchmarks.mutants [--jobs N] [--seconds 400] [--output mutants.jsonl] [--folder .mutants]
    python -m benchmarks.mutants --report mutants.jsonl [--survivors]

The changes are cosmic-ray's (all of its operators); what runs them is here, because cosmic-ray starts
all tests anew for each of twenty thousand. They are tried in an order that chance gives, the same each time, so that what a run of
--seconds had time for is a fair sample, and the same command goes on with the rest. Which test runs which line is found first, and
kept in --folder. Needs Python 3.12 or newer.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import multiprocessing
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from benchmarks.mutants import listed, reach
from benchmarks.mutants.listed import Mutant
from benchmarks.mutants.patched import Living, living
from benchmarks.mutants.trial import ARGUMENTS, Reach, outcome, unchanged
from moefit.errors import MoefitError
from tests import oracle

TESTS = tuple(f"{folder}/{room}" for room in listed.ROOMS for folder in ("tests", "moefit"))


class Run:
    """All of it, inside a run of pytest that has collected the tests."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self._asked = asked
        self._tests: Reach
        self._functions: Living
        self._until = 0.0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of running the tests."""
        began = time.monotonic()
        self._until = began + self._asked.seconds
        gc.unfreeze()  # what was collected (tests/conftest.py): frozen functions are not found
        self._functions = living(str(Path("moefit").resolve()))
        self._items = session.items
        _remember()
        gc.collect()
        gc.freeze()
        known = self._reached()
        print(f"{len(known)} tests of {len(self._items)}, {time.monotonic() - began:.0f} s", flush=True)
        self._tests = _tests(known, {item.nodeid: item for item in self._items})
        done = {row["mutant"] for row in _rows([self._asked.output])}
        every = [mutant for mutant in self._listed() if mutant.key not in done]
        random.Random(self._asked.seed).shuffle(every)
        wrong = [
            key
            for key, passes in self._pool(partial(_unchanged, self), every[: self._asked.controls])
            if not passes
        ]
        if wrong:
            raise pytest.UsageError(f"tests fail though nothing was changed: {', '.join(wrong)}")
        with self._asked.output.open("a", encoding="utf-8") as file:
            for row in self._pool(partial(_tried, self), every):
                if row is not None:
                    file.write(json.dumps(row) + "\n")
                    file.flush()
        return True

    def _pool(self, work: Any, wanted: Iterable[Any]) -> Iterator[Any]:
        with multiprocessing.get_context("fork").Pool(self._asked.jobs) as pool:
            yield from pool.imap_unordered(work, wanted, chunksize=1)

    def _reached(self) -> list[dict[str, Any]]:
        path = self._asked.folder / "reached.jsonl"
        if not path.exists():
            rows = [row for row in self._pool(partial(_reached, self), range(len(self._items))) if row]
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    def _listed(self) -> list[Mutant]:
        path = self._asked.folder / "listed.jsonl"
        if not path.exists():
            found = [mutant for part in self._pool(_listed, listed.modules()) for mutant in part]
            found.sort(key=lambda mutant: mutant.key)
            path.write_text("".join(json.dumps(vars(mutant)) + "\n" for mutant in found), encoding="utf-8")
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return [Mutant(**row) for row in rows if row["path"].startswith(self._asked.only)]

    def __reduce__(self) -> tuple[Any, ...]:
        return _here, ()

    def test(self, number: int) -> Any:
        """What test `number` reaches."""
        return reach.reached(self._items, number)

    def unchanged(self, mutant: Mutant) -> tuple[str, bool]:
        """Whether the tests of a change pass without it."""
        return mutant.key, unchanged(mutant, self._tests, self._asked.budget)

    def mutant(self, mutant: Mutant) -> dict[str, str] | None:
        """What becomes of a change; None once the time is over."""
        if time.monotonic() > self._until:
            return None
        return {
            "mutant": mutant.key,
            "outcome": outcome(mutant, self._tests, self._functions, self._asked.budget),
        }


def _remember() -> None:
    """Have what every other test reads of the recorded headers, none of it made by the rooms, at hand for every fork; and Rich's emoji, thousands of lines."""
    import_module("rich.emoji")
    for row in (*oracle.rows(), *oracle.extra_rows(), *oracle.cuda_rows(), *oracle.moe_cache_rows()):
        with suppress(MoefitError):
            oracle.model(row.model, row.quant)


def _here() -> Run:
    """The run of the process that this one is a fork of."""
    return RUN


def _reached(run: Run, number: int) -> Any:
    return run.test(number)


def _tried(run: Run, mutant: Mutant) -> Any:
    return run.mutant(mutant)


def _unchanged(run: Run, mutant: Mutant) -> Any:
    return run.unchanged(mutant)


def _listed(path: Path) -> list[Mutant]:
    return list(listed.mutants(path))


def _tests(known: Iterable[dict[str, Any]], items: dict[str, pytest.Item]) -> Reach:
    lines: dict[str, dict[int, list[str]]] = {}
    seconds = {}
    for row in known:
        if row["test"] in items:
            seconds[row["test"]] = row["seconds"]
            for file, numbers in row["lines"].items():
                for number in numbers:
                    lines.setdefault(file, {}).setdefault(number, []).append(row["test"])
    return Reach(items, seconds, lines)


def _rows(paths: Iterable[Path]) -> Iterator[dict[str, str]]:
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            try:
                yield json.loads(line)
            except ValueError:  # cut off
                continue


def report(paths: Iterable[Path], *, survivors: bool) -> None:
    """Print what share of the changes was noticed, by room."""
    rows = {row["mutant"]: row["outcome"] for row in _rows(paths)}
    for room in (*listed.ROOMS, ""):
        found = Counter(outcome for key, outcome in rows.items() if key.startswith(f"moefit/{room}"))
        none = found.pop("none", 0)
        whole = found.total()
        if whole:
            print(
                f"{room or 'all'}: {whole} changes, {found['killed']} noticed ({found['killed'] / whole:.1%}), "
                f"{found['survived']} not, {found['unreached']} that no test reaches; {none} that change nothing"
            )
    if survivors:
        print(*sorted(key for key, outcome in rows.items() if outcome in {"survived", "unreached"}), sep="\n")


def _digest() -> str:
    """Of the rooms and their tests: what was found of others says nothing of these."""
    whole = hashlib.sha256()
    for folder in TESTS:
        for path in sorted(Path(folder).rglob("*.py")):
            whole.update(path.read_bytes())
    return whole.hexdigest()[:12]


def main() -> None:
    """List, reach, try, report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no trial after so many")
    parser.add_argument("--budget", type=float, default=5.0, help="seconds of tests for one change")
    parser.add_argument("--controls", type=int, default=32, help="trials of no change at all, first")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="files whose path begins so")
    parser.add_argument("--output", type=Path, help="a file of results, gone on with where it has some")
    parser.add_argument("--folder", type=Path, default=Path(".mutants"), help="for what is found first")
    parser.add_argument(
        "--report", type=Path, nargs="+", metavar="FILE", help="of such files, without trying"
    )
    parser.add_argument("--survivors", action="store_true", help="name them")
    asked = parser.parse_args()
    if asked.report:
        report(asked.report, survivors=asked.survivors)
        return
    if sys.version_info < (3, 12):
        sys.exit("the changes need Python 3.12 or newer, which tells cheaply which lines a test runs")
    asked.folder /= _digest()
    asked.folder.mkdir(parents=True, exist_ok=True)
    asked.output = asked.output or asked.folder / "mutants.jsonl"
    global RUN  # noqa: PLW0603 - what a fork finds again
    RUN = Run(asked)
    sys.dont_write_bytecode = True
    status = pytest.main([*ARGUMENTS, "-m", "not llama", *TESTS], plugins=[RUN])
    report([asked.output], survivors=asked.survivors)
    sys.exit(int(status))


RUN: Run


if __name__ == "__main__":
    main()
