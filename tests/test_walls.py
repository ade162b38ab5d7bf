"""The rooms have one order, and the pure ones reach no I/O: read off the imports of every module, those in functions included."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1] / "moefit"
ORDER = (
    *(
        "values",
        "errors",
        "sizes",
        "shown",
        "typographic",
        "progress",
        "documents",
        "folders",
        "reading",
        "files",
        "gguf",
        "model",
        "machine",
        "placement",
        "launch",
        "memory",
    ),
    *("cost", "search", "planning", "formats", "llama", "app", "cli"),
)
PURE = ("model", "placement", "launch", "memory", "cost", "search", "planning", "formats")
HARMLESS = {
    *(
        "__future__",
        "abc",
        "array",
        "bisect",
        "collections",
        "contextlib",
        "dataclasses",
        "difflib",
        "enum",
        "functools",
        "heapq",
    ),
    *("itertools", "json", "math", "operator", "re", "shlex", "statistics", "string", "typing", "types"),
    *("unicodedata", "rich", "hashlib", "importlib", "struct"),
}
"""What a pure room may import beside moefit: nothing else of the standard library, and of the rest what lays out text."""
CALLS = {"open", "print", "input", "exec", "eval", "__import__"}

MODULES = {
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in ROOT.rglob("*.py")
}
PURE_MODULES = sorted(name for name in MODULES if name.split(".")[1:2] and name.split(".")[1] in PURE)


@cache
def imported(module: str) -> frozenset[str]:
    """Every module that a module imports, anywhere in it."""
    return frozenset(_imported(ast.parse(MODULES[module].read_text())))


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module, "relative imports would not be seen here"
            inner = {f"{node.module}.{name.name}" for name in node.names} & MODULES.keys()
            yield from inner or {node.module}


def reached(module: str) -> set[str]:
    """Every module that importing one may import, at any depth."""
    seen, open_ones = set[str](), [module]
    while open_ones:
        for name in imported(open_ones.pop()) - seen:
            seen.add(name)
            if name in MODULES:
                open_ones.append(name)
    return seen


def room(module: str) -> str:
    return module.split(".")[1]


def test_a_module_imports_only_from_its_own_room_and_those_below():
    imports = [
        (module, name)
        for module in MODULES.keys() - {"moefit", "moefit.__main__"}
        for name in imported(module)
        if name.startswith("moefit.")
    ]
    assert [] == [(m, name) for m, name in imports if ORDER.index(room(name)) > ORDER.index(room(m))]
    assert len(imports) > 1000


def test_a_pure_module_reaches_nothing_that_touches_the_world():
    outside = {module: {name.split(".")[0] for name in reached(module)} for module in PURE_MODULES}
    assert {} == {
        m: names - HARMLESS - {"moefit"} for m, names in outside.items() if names - HARMLESS - {"moefit"}
    }
    assert len(outside) > 200


def test_a_pure_module_calls_nothing_that_does():
    calls = {module: called(ast.parse(MODULES[module].read_text())) for module in PURE_MODULES}
    assert {} == {module: names & CALLS for module, names in calls.items() if names & CALLS}
    assert "len" in set().union(*calls.values())


def called(tree: ast.AST) -> set[str]:
    """The plain names that are called anywhere in it."""
    nodes = ast.walk(tree)
    return {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}


def test_every_room_has_its_place_in_the_order():
    rooms = {room(name) for name in MODULES.keys() - {"moefit", "moefit.__main__"}}
    assert set(ORDER) == rooms
    assert HARMLESS - {"rich"} <= sys.stdlib_module_names


def of_os(name: str) -> set[str]:
    """What a module's text takes of `os`."""
    return set(re.findall(r"\bos\.(\w+)", MODULES[name].read_text()))


STARTS = ("exec", "spawn", "posix_spawn", "popen", "system")
"""Functions of `os` that start a program."""


def test_only_the_llama_room_starts_programs():
    assert {"llama"} == {room(name) for name in MODULES if "subprocess" in imported(name)}
    assert {"moefit.llama.execute"} == {
        name for name in MODULES if any(used.startswith(STARTS) for used in of_os(name))
    }


def test_only_the_child_that_asks_a_driver_is_a_fork_of_moefit():
    assert {"moefit.machine.child"} == {name for name in MODULES if of_os(name) & {"fork", "forkpty"}}
    assert set() == {
        name for name in MODULES if "multiprocessing" in {n.split(".")[0] for n in imported(name)}
    }


def test_only_the_functions_that_rows_name_are_imported_by_their_names():
    """What a module imports is read off its text, which does not show what `import_module` is given."""
    by_name = {module for module in MODULES if "importlib" in {n.split(".")[0] for n in imported(module)}}

    assert {"moefit.memory.graph.named"} == {module for module in by_name if module in PURE_MODULES}
