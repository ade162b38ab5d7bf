"""The pure parts take values and return values: the walls of the design, read off the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "moefit"
PURE = ("model", "placement", "launch", "memory", "cost", "search", "planning", "formats")
WORLD = {
    *(
        "os",
        "sys",
        "io",
        "pathlib",
        "shutil",
        "tempfile",
        "glob",
        "subprocess",
        "socket",
        "urllib",
        "http",
        "ssl",
    ),
    *(
        "time",
        "datetime",
        "random",
        "secrets",
        "uuid",
        "threading",
        "multiprocessing",
        "asyncio",
        "logging",
        "locale",
    ),
    *("psutil", "pynvml", "gguf", "typer", "moefit.llama", "moefit.cli"),
}
CALLS = {"open", "print", "input", "exec", "eval"}


def sources() -> list[Path]:
    """Every module of a pure part."""
    files = [path for part in PURE for path in (ROOT / part).rglob("*.py")]
    return sorted(files + [path for part in PURE for path in ROOT.glob(f"{part}.py")])


def imported(tree: ast.AST) -> Iterator[str]:
    """Every module that a module imports, anywhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def called(tree: ast.AST) -> Iterator[str]:
    """Every function called by a plain name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_pure_part_does_not_touch_the_world(path: Path):
    tree = ast.parse(path.read_text())
    touched = {
        name for name in imported(tree) for wall in WORLD if name == wall or name.startswith(f"{wall}.")
    }

    assert set() == touched
    assert set() == CALLS.intersection(called(tree))


def test_the_pure_parts_are_there():
    assert {part for part in PURE if (ROOT / part).is_dir() or (ROOT / f"{part}.py").is_file()} == set(PURE)


def test_only_the_llama_part_starts_processes():
    users = {
        path.relative_to(ROOT).parts[0]
        for path in ROOT.rglob("*.py")
        if "subprocess" in imported(ast.parse(path.read_text()))
    }

    assert {"llama"} == users
