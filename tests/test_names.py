"""One name is one thing: no room defines a public name that another room defines, too."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.test_walls import MODULES, room

NAMED_BY_OTHERS = {
    "moefit.cli.commands.held": "functions are named as the commands that they are",
    "moefit.cli.commands.look": "the same",
    "moefit.cli.commands.plans": "the same",
    "moefit.cli.commands.starts": "the same",
    "moefit.cli.options": "types are named as the options that they annotate",
    "moefit.cli.completion": "functions are named as the values that they complete, and are read as completion.cards",
    "moefit.launch.readers": "functions are named as the values that they read, and are read as readers.context",
}
"""Modules whose names are somebody else's, and why."""
SHARED = {"build": "a row names the function that builds its graph, module.build"}
"""Names that a rule gives to several rooms."""


def defined(path: Path) -> Iterator[str]:
    """The public names that a module defines itself."""
    for node in ast.parse(path.read_text()).body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                yield name
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.Assign(targets=[ast.Name(id=name), *_]):
                yield name


def test_a_public_name_is_defined_in_one_room():
    rooms = defaultdict[str, set[str]](set)
    for module in MODULES.keys() - {"moefit", "moefit.__main__"} - NAMED_BY_OTHERS.keys():
        for name in defined(MODULES[module]):
            rooms[name].add(room(module))
    several = {name for name, found in rooms.items() if len(found) > 1 and not name.startswith("_")}
    assert SHARED.keys() == several


def test_a_public_class_is_defined_once():
    found = Counter(
        node.name
        for path in MODULES.values()
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert [] == [name for name, times in found.items() if times > 1]


def test_every_module_whose_names_are_anothers_is_there():
    assert set() == NAMED_BY_OTHERS.keys() - MODULES.keys()
