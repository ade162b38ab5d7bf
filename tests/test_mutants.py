"""The mutation run itself: a change takes hold wherever its function is held, and tests are tried in turns."""

from __future__ import annotations

import functools
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks.mutants import listed, trial
from benchmarks.mutants.forked import apart
from benchmarks.mutants.listed import Mutant
from benchmarks.mutants.patched import differing, living, put
from benchmarks.mutants.trial import Reach

BEFORE = """
import functools
class Card:
    @property
    def free(self): return 7
@functools.cache
def doubled(n): return n * 2
def outer(): return (lambda: 1)()
"""


def changed(before: str, after: str, made: SimpleNamespace) -> bool:
    """Whether the difference could be put into the functions of a module."""
    old, new = (compile(text, "/rooms/m.py", "exec", dont_inherit=True) for text in (before, after))
    exec(old, made.__dict__)
    return put(differing(old, new), living("/rooms"))


@pytest.mark.parametrize(
    ("was", "becomes", "asked", "expected"),
    [
        ("return 7", "return 8", lambda m: m.Card().free, 8),
        ("n * 2", "n + 2", lambda m: m.doubled(5), 7),
        ("lambda: 1", "lambda: 3", lambda m: m.outer(), 3),
    ],
)
def test_a_changed_function_is_changed_where_it_is_held(was, becomes, asked, expected):
    made = SimpleNamespace()

    assert changed(BEFORE, BEFORE.replace(was, becomes), made)
    assert expected == asked(made)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [("def doubled(n)", "def doubled(n=1)"), ("@functools.cache\n", ""), ("7", "7\n    x = 1")],
)
def test_what_runs_at_import_is_no_change_of_a_function(was, becomes):
    with pytest.raises(ValueError, match=r"."):
        changed(BEFORE, BEFORE.replace(was, becomes), SimpleNamespace())


A = "moefit/a/f.py"


def test_tests_are_tried_in_turns_of_each_function_and_within_the_time():
    seconds = {
        "tests/a/x[1]": 0.1,
        "tests/a/x[2]": 0.2,
        "tests/a/x[3]": 0.3,
        "tests/a/y": 0.25,
        "tests/a/z": 9.0,
    }
    every = list(seconds)
    tests = Reach({}, seconds, {A: {3: every[:1], 4: every[1:], 9: ["tests/a/z"]}})

    assert every[:1] + every[3:4] + every[1:3] == tests.of(Mutant(A, "x/y", 0, 3, 4), budget=1.0)


def test_the_tests_of_a_changes_own_room_come_first():
    seconds = {"tests/b/x": 0.1, "tests/a/x": 0.3, "moefit/a/f.py::f": 0.2}
    tests = Reach({}, seconds, {A: {3: [*seconds]}})

    assert ["moefit/a/f.py::f", "tests/a/x", "tests/b/x"] == tests.of(Mutant(A, "x/y", 0, 3, 3), budget=1.0)


def test_what_runs_at_import_has_the_tests_of_its_file_first_and_then_the_others():
    seconds = {"tests/a/x": 0.2, "tests/a/y": 0.1, "tests/b/x": 0.1}
    tests = Reach({}, seconds, {A: {3: ["tests/a/x"]}, "moefit/b/g.py": {1: ["tests/a/y", "tests/b/x"]}})

    assert ["tests/a/x", "tests/a/y", "tests/b/x"] == tests.of(Mutant(A, "x/y", 0, 70, 70), budget=1.0)
    assert ["tests/a/x", "tests/a/y"] == tests.of(Mutant(A, "x/y", 0, 70, 70), budget=0.35)


@pytest.mark.parametrize(
    ("text", "alike", "other"),
    [
        ("def f(a: int, *, b=1): return a", "def f(a, b=1, /): return a", "def f(a, *, b=2): return a"),
        ("zip(a, b, strict=True)", "zip(a, b, strict=False)", "zip(a, a, strict=True)"),
        ("x == CPU", "x <= CPU", "x < CPU"),
        ("x != CPU", "x is not CPU", "x >= CPU"),
        ("x is None", "x == None", "x is not None"),
        ("x == 1", "x is 1", "x >= 1"),
        ("x == 1.5", "x == 1.5", "x is 1.5"),
        ("x == 'a'", "x == 'a'", "x is 'a'"),
        ("x is Role.EXPERT", "x == Role.EXPERT", "x is not Role.EXPERT"),
        ("x % 64 == 0", "x % 64 <= 0", "x % 64 >= 0"),
        ("x % 64 != 0", "x % 64 > 0", "x % 64 < 0"),
        ("x - 64 == 0", "x - 64 is 0", "x - 64 <= 0"),
        ("dataclass(frozen=True, slots=True)", "dataclass(frozen=False, slots=False)", "dataclass(eq=False)"),
        ("per_object(8, objects=2)(f)", "per_object(9, objects=2)(f)", "per_object(8, objects=3)(f)"),
        ("REMEMBERED: int = 8", "REMEMBERED: int = 9", "OTHER: int = 9"),
    ],
)
def test_what_no_value_tells_from_the_text_is_no_change(text, alike, other):
    assert listed._running(text) == listed._running(alike)
    assert listed._running(text) != listed._running(other)


def test_work_apart_leaves_nothing_behind():
    values = functools.reduce(lambda found, n: [*found, n], range(3), [])

    assert [0, 1, 2, 9] == apart(lambda: [*values, values.append(9) or 9], 5)
    assert [0, 1, 2] == values


def test_work_apart_that_does_not_end_is_ended():
    assert None is apart(lambda: sum(iter(int, 1)), 0.2)


def test_an_annotation_is_nothing_that_runs():
    text = "from __future__ import annotations\ndef f(a: int | None) -> int | str:\n    x: int | str = 1\n    return a or x\n"

    assert listed._running(text) == listed._running(text.replace("|", "+"))
    assert listed._running(text) != listed._running(text.replace("or", "and"))


@pytest.mark.parametrize(
    ("more", "expected"), [("", True), ("\nstandard = None\n", False)], ids=["as it is", "changed"]
)
def test_what_runs_at_import_is_changed_for_the_doctests_of_its_own_module_too(more, expected):
    path = Path("moefit/placement/standard.py")
    code = compile(path.read_text(encoding="utf-8") + more, str(path.resolve()), "exec", dont_inherit=True)

    assert expected == apart(lambda: trial._anew(code, path, [str(path)]), 60)
