"""Types that nobody here knows, by the room that a file leaves their tensors: enough to count bytes of what a later llama.cpp wrote."""

from __future__ import annotations

from itertools import pairwise
from math import floor, prod
from typing import TYPE_CHECKING, Final, NamedTuple

from moefit.gguf.quants import QUANTS, QuantType

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LATEST: Final = max(QUANTS)
_FURTHEST: Final = 256
"""No type's number is that far ahead of the table: such a file is damaged."""
_BLOCKS: Final = (1, 32, 64, 128, 256)
"""Elements of a block, the smallest first that explains what a file has."""
_MOST: Final = 8
"""Bytes of an element."""


class Entry(NamedTuple):
    """A tensor's description as a header has it."""

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int


class _Room(NamedTuple):
    """What one tensor tells of its type."""

    elements: int
    row: int
    bytes: int
    """From its first byte to the next tensor's, padding included."""


def by_place(entries: Sequence[Entry], alignment: int) -> dict[int, QuantType]:
    """The later types of some tensors, in the order of the file, by number; those left out that no size of a block explains.

    A tensor ends less than `alignment` bytes before the next begins.
    """
    rooms: dict[int, list[_Room]] = {}
    for entry, following in pairwise(entries):
        if _LATEST < entry.kind < _FURTHEST and all(entry.shape):
            room = _Room(prod(entry.shape), entry.shape[0], following.offset - entry.offset)
            rooms.setdefault(entry.kind, []).append(room)
    found = {kind: _explained(kind, every, alignment) for kind, every in rooms.items()}
    return {kind: quant for kind, quant in found.items() if quant is not None}


def is_by_place(quant: QuantType) -> bool:
    """Whether a type is known by the room of its tensors alone."""
    return quant.id not in QUANTS and quant.name == _name(quant.id)


def _name(kind: int) -> str:
    return f"type {kind}"


def _explained(kind: int, rooms: Iterable[_Room], alignment: int) -> QuantType | None:
    every = list(rooms)
    for block in _BLOCKS:
        if any(room.row % block for room in every):
            return None
        size = min(floor(room.bytes * block / room.elements) for room in every)
        spare = (room.bytes - room.elements // block * size for room in every)
        if 0 < size <= _MOST * block and all(0 <= left < alignment for left in spare):
            return QuantType(kind, _name(kind), block, size)
    return None
