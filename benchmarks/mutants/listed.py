"""The changes that cosmic-ray's operators make; those that change nothing but an annotation are none."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOMS = ("placement", "memory", "formats")


@dataclass(frozen=True)
class Mutant:
    """One change."""

    path: str
    operator: str
    """As cosmic-ray names it."""
    occurrence: int
    first: int
    last: int
    """Lines of the text that it replaces."""

    @property
    def key(self) -> str:
        """What a file of results calls it."""
        return f"{self.path}:{self.first}:{self.operator.partition('/')[2]}:{self.occurrence}"


def modules() -> list[Path]:
    """The files of the rooms."""
    return [path for room in ROOMS for path in sorted(Path("moefit", room).rglob("*.py"))]


def mutants(path: Path) -> Iterator[Mutant]:
    """Every change of a file, in cosmic-ray's order."""
    from cosmic_ray.commands.init import _all_work_items  # noqa: PLC0415 - slow, and `make mutants` alone has it

    for item in _all_work_items([path], {}):
        (one,) = item.mutations
        yield Mutant(path.as_posix(), one.operator_name, one.occurrence, one.start_pos[0], one.end_pos[0])


def source(mutant: Mutant) -> str | None:
    """The changed text of the file; None where nothing that runs is changed."""
    from cosmic_ray.mutating import mutate_code  # noqa: PLC0415 - as above
    from cosmic_ray.plugins import get_operator  # noqa: PLC0415 - as above

    text = _text(mutant.path)
    made = mutate_code(text, get_operator(mutant.operator)(), mutant.occurrence)
    if made is None or _running(made) == _known(mutant.path):
        return None
    return made


@cache
def _text(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")


@cache
def _known(path: str) -> str:
    return _running(_text(path))


def _running(text: str) -> str:
    """What of a text runs: all but annotations, which nothing here evaluates, and imports for them alone."""
    try:
        return ast.dump(_Bare().visit(ast.parse(text)))
    except SyntaxError:
        return ""


class _Bare(ast.NodeTransformer):
    """Leaves out what only type checkers read."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | None:
        if "TYPE_CHECKING" in ast.unparse(node.test):
            return None
        return self.generic_visit(node)
