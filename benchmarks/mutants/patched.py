"""A change put into the functions of the running process: what holds a function elsewhere has the changed one, too."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from types import CodeType, FunctionType

Living = dict[tuple[str, str, int], list[FunctionType]]
"""Functions by file, qualified name and first line."""


def living(folder: str) -> Living:
    """Every function that is defined in files below a folder."""
    found: Living = {}
    for one in gc.get_objects():
        if isinstance(one, FunctionType) and one.__code__.co_filename.startswith(folder):
            code = one.__code__
            found.setdefault((code.co_filename, code.co_qualname, code.co_firstlineno), []).append(one)
    return found


def differing(one: CodeType, other: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """The outermost functions that differ between two compilations of a module, in pairs.

    Raises:
        ValueError: what runs when the module is imported differs: constants, defaults, decorators, bodies of classes.
    """
    if _own(one) != _own(other):
        raise ValueError(one.co_qualname)
    for mine, theirs in zip(_nested(one), _nested(other), strict=True):
        if mine == theirs:
            continue
        if mine.co_flags & 0x02:  # CO_NEWLOCALS: a function, and no class
            yield mine, theirs
        else:
            yield from differing(mine, theirs)


def put(changed: Iterator[tuple[CodeType, CodeType]], functions: Living) -> bool:
    """Whether every changed function was found and changed."""
    done = False
    for old, new in changed:
        found = functions.get((old.co_filename, old.co_qualname, old.co_firstlineno), [])
        for function in found:
            function.__code__ = new
        if not found:
            return False
        done = True
    return done


def _nested(code: CodeType) -> list[CodeType]:
    return [value for value in code.co_consts if isinstance(value, CodeType)]


def _own(code: CodeType) -> tuple[object, ...]:
    """What a code does by itself, without the code inside it."""
    values = [None if isinstance(value, CodeType) else (type(value), value) for value in code.co_consts]
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, values
