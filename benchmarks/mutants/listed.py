"""The changes that cosmic-ray's operators make; those that change nothing that runs are none, nor those that no value tells from the text.

What tells nothing, each by its own reason:

- an annotation, and an import for annotations alone: nothing evaluates them;
- which parameters may be given by position (`*` or `/` in a signature): mypy holds that callers name the others;
- `zip(strict=True)`: a check of what the line before has made equally long;
- `== CPU` as `is` or `<=`, `!= CPU` as `is not` or `>`: CPU is -1, of which there is one in memory, and no place is less; NO_BACKEND likewise;
- `is` and `==` of None, of a member of an enumeration and of a whole number from -5 to 256: no class here compares equal to
  None or to a member, and Python keeps each of those numbers once;
- `<= 0` and `> 0` of a remainder, for `== 0` and `!= 0`: all that is divided by here is positive;
- `frozen` and `slots` of a dataclass: mypy holds that none is assigned to, and slots save memory;
- how many answers are remembered: what is forgotten is worked out again, to the same answer.
"""

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

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        if isinstance(node.target, ast.Name) and node.target.id in _REMEMBERED:
            node.value = None
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        self.generic_visit(node)
        node.args = _by_name(node.args)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        node.keywords = [given for given in node.keywords if given.arg not in _UNTOLD.get(name, ())]
        if name in _REMEMBERING:
            node.args = []
        return self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        ends = [node.left, *node.comparators]
        node.ops = [_told(*three) for three in zip(ends, node.ops, ends[1:], strict=False)]
        return self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | None:
        if "TYPE_CHECKING" in ast.unparse(node.test):
            return None
        return self.generic_visit(node)


_UNTOLD = {"zip": ("strict",), "dataclass": ("frozen", "slots")}
"""Keywords by what is called with them."""
_REMEMBERING = frozenset({"per_object", "lru_cache"})
"""What is called with a number of answers to remember."""
_REMEMBERED = frozenset({"REMEMBERED", "GRAPHS"})
"""Such numbers with names."""
_SMALL = range(-5, 257)
_NOWHERE = frozenset({"CPU", "NO_BACKEND"})
"""Names of -1 where places and backends are counted from 0."""
_NAMED = frozenset({"SPARSE", "HEAVY", "OUTPUT"})
"""Names of such small numbers."""
_SAME = {ast.Is: ast.Eq, ast.IsNot: ast.NotEq}
_LEAST = {**_SAME, ast.LtE: ast.Eq, ast.Gt: ast.NotEq}


def _told(left: ast.expr, op: ast.cmpop, right: ast.expr) -> ast.cmpop:
    """The comparison, one of those that no value tells apart for all of them."""
    if (isinstance(right, ast.Name) and right.id in _NOWHERE) or _remains(left, right):
        return _LEAST.get(type(op), type(op))()
    if any(map(_single, (left, right))):
        return _SAME.get(type(op), type(op))()
    return op


def _remains(left: ast.expr, right: ast.expr) -> bool:
    """Whether a remainder is held to 0."""
    divided = isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mod)
    return divided and isinstance(right, ast.Constant) and right.value == 0


def _single(value: ast.expr) -> bool:
    """Whether there is one object alone that compares equal to a value."""
    if isinstance(value, ast.Constant):
        return value.value is None or (type(value.value) is int and value.value in _SMALL)
    if isinstance(value, ast.Name):
        return value.id in _NAMED
    return isinstance(value, ast.Attribute) and value.attr.isupper() and isinstance(value.value, ast.Name)


def _by_name(given: ast.arguments) -> ast.arguments:
    """The parameters as if all were given by name."""
    plain = [*given.posonlyargs, *given.args]
    usual = [*(None for _ in plain[len(given.defaults) :]), *given.defaults]
    named = [*zip(plain, usual, strict=True), *zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    named.sort(key=lambda one: one[0].arg)
    return ast.arguments(
        posonlyargs=[],
        args=[],
        vararg=given.vararg,
        kwonlyargs=[arg for arg, _ in named],
        kw_defaults=[value for _, value in named],
        kwarg=given.kwarg,
        defaults=[],
    )
