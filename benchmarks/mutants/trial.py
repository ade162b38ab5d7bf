"""One change beside the tests that reach it, until one fails.

The change is put into the functions that are there already, in a fork of a process that has every test at hand. What runs at import
(constants, defaults, classes) is imported anew in the fork. Tests of the change's own room are tried first, in turns in which each
function has had as many seconds as the others, and no more of them than take so many seconds without the change.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType

import pytest

from benchmarks.mutants.forked import apart
from benchmarks.mutants.listed import Mutant, source
from benchmarks.mutants.patched import Living, differing, put
from benchmarks.mutants.reach import passes

_FIRST = 20
"""Tests of a change that runs at import that are tried before the others are so much as collected."""
ARGUMENTS = ("-s", "-x", "--doctest-modules", "-p", "no:cacheprovider", "-p", "no:terminal", "-o", "addopts=")


@dataclass(frozen=True)
class Reach:
    """What the tests reach."""

    items: Mapping[str, pytest.Item]
    seconds: Mapping[str, float]
    lines: Mapping[str, Mapping[int, Sequence[str]]]
    """By file and line, the tests that run it."""

    def of(self, mutant: Mutant, budget: float) -> list[str]:
        """Those that reach a change, the most promising first; of what runs at import those of its file, then all that may read it."""
        lines = self.lines.get(mutant.path, {})
        changed = {test for at in range(mutant.first, mutant.last + 1) for test in lines.get(at, ())}
        if changed:
            return self._in_turns(mutant, changed, set(), budget)
        reaching = {test for tests in lines.values() for test in tests}
        return self._in_turns(mutant, reaching, set(self.seconds) - reaching, budget)

    def _in_turns(self, mutant: Mutant, tests: set[str], others: set[str], budget: float) -> list[str]:
        spent: dict[str, float] = {}
        turns = []
        for test in sorted(tests | others, key=lambda test: (self.seconds[test], test)):
            family = test.partition("[")[0]
            spent[family] = spent.get(family, 0.0) + self.seconds[test]
            turns.append((test in others, not _is_of_room(test, mutant), spent[family], test))
        chosen, whole = [], 0.0
        for *_, test in sorted(turns):
            if whole + self.seconds[test] <= budget or not chosen:
                chosen.append(test)
                whole += self.seconds[test]
        return chosen


def _is_of_room(test: str, mutant: Mutant) -> bool:
    room = mutant.path.split("/")[1]
    return test.split("/")[1] == room


def outcome(mutant: Mutant, tests: Reach, functions: Living, budget: float) -> str:
    """`killed`, `survived`, `unreached`, `none` where nothing that runs is changed."""
    text = source(mutant)
    if text is None:
        return "none"
    chosen = tests.of(mutant, budget)
    if not chosen:
        return "unreached"
    path = Path(mutant.path)
    try:
        old = compile(path.read_text(encoding="utf-8"), str(path.resolve()), "exec", dont_inherit=True)
        new = compile(text, str(path.resolve()), "exec", dont_inherit=True)
    except SyntaxError:
        return "none"
    spent = sum(tests.seconds[test] for test in chosen)
    survives = apart(
        lambda: _survives(old, new, path, [tests.items[test] for test in chosen], functions), 10 + 5 * spent
    )
    return "survived" if survives else "killed"


def unchanged(mutant: Mutant, tests: Reach, budget: float) -> bool:
    """Whether the tests of a change pass without it, both ways: else every trial would lie."""
    chosen = tests.of(mutant, budget)
    if not chosen:
        return True
    path = Path(mutant.path)
    code = compile(path.read_text(encoding="utf-8"), str(path.resolve()), "exec", dont_inherit=True)
    limit = 10 + 5 * sum(tests.seconds[test] for test in chosen)
    items = [tests.items[test] for test in chosen]
    return bool(apart(lambda: _all_pass(items), limit)) and bool(
        apart(lambda: _anew(code, path, chosen), limit)
    )


def _survives(
    old: CodeType, new: CodeType, path: Path, items: Sequence[pytest.Item], functions: Living
) -> bool:
    """In the child: whether every test passes."""
    try:
        there = put(differing(old, new), functions)
    except ValueError:
        there = False
    if not there:
        return _anew(new, path, [item.nodeid for item in items])
    return _all_pass(items)


def _all_pass(items: Sequence[pytest.Item]) -> bool:
    return all(passes(item, following) for item, following in zip(items, [*items[1:], None], strict=True))


def _anew(new: CodeType, path: Path, names: Sequence[str]) -> bool:
    """Everything imported again, with the changed module among it."""
    for name in [name for name in sys.modules if _may_depend(name)]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Changed(new, path))
    # As it stands in its file, pytest would rewrite the assertions of a module whose doctests are named, before it is asked for here.
    parts = (names[:_FIRST], names[_FIRST:])  # to collect all takes as long as a hundred quick ones
    return all(pytest.main([*ARGUMENTS, "--assert=plain", *part]) == 0 for part in parts if part)


def _may_depend(name: str) -> bool:
    """Whether a module may have something of the rooms: those below them (tests/test_walls.py) and the recorded headers have not."""
    top, _, rest = name.partition(".")
    if top == "tests":
        return rest not in {"", "oracle"}
    return top == "conftest" or (top == "moefit" and rest.partition(".")[0] in _ABOVE)


_ABOVE = {"placement", "launch", "memory", "cost", "search", "planning", "formats", "llama", "app", "cli"}


class _Changed(importlib.abc.MetaPathFinder):
    """Finds one module, changed."""

    def __init__(self, code: CodeType, path: Path) -> None:
        self._code, self._path = code, path
        self._name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")

    def find_spec(
        self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The module's, where it is the one."""
        if name != self._name:
            return None
        loader = _Loader(name, str(self._path.resolve()))
        loader.code = self._code
        return importlib.util.spec_from_file_location(name, self._path.resolve(), loader=loader)


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads a module's file as other code."""

    code: CodeType

    def get_code(self, _name: str) -> CodeType:
        """The other code."""
        return self.code
