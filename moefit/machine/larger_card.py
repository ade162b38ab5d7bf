"""The card that somebody buys who wants more memory: a larger one of its kind."""

from __future__ import annotations

import re
from math import log
from typing import Final

from moefit.machine.card import Card
from moefit.machine.cards import CARDS
from moefit.machine.soldered import LAPTOP

_NEARLY: Final = 0.95
"""Of the memory that is wanted, what will do: drivers keep a part of what is on the box."""
_MINING: Final = re.compile(r"^cmp-|^p10\d-")
_ELSEWHERE: Final = re.compile(rf"{_MINING.pattern}|max-q|laptop|-d(?:-v2)?$|^titan")
"""Cards for mining, of laptops, for one country alone, and Titans, which nobody sells any more."""
_LINES: Final = ("GeForce", "Radeon RX", "Instinct", "Arc(TM) Pro", "Arc(TM)", "Tesla", "Quadro", "NVIDIA T")
"""What makers call cards for one kind of buyer."""


def larger_card(card: Card, total: int) -> Card | None:
    """The card that is sold to the same buyers and has about `total` bytes or more: of the same series first, then of the least memory, then of the nearest rate.

    None where none is sold, or the card itself is no common one.
    """
    if _MINING.search(card.key):
        return None
    line, series = _line(card), _series(card)
    larger = [
        other
        for other in CARDS
        if _line(other) == line
        and other.backend == card.backend
        and other.total >= _NEARLY * total
        and other.box > card.box
        and other.bandwidth >= _NEARLY * card.bandwidth
        and other.cores is None
        and not (other.integrated or _ELSEWHERE.search(other.key) or LAPTOP.search(other.description))
    ]
    return min(
        larger,
        key=lambda other: (
            _series(other) != series,
            other.box,
            abs(log(other.bandwidth / card.bandwidth)),
            other.key,
        ),
        default=None,
    )


def _line(card: Card) -> str:
    """The name of its line; of others all that stands before a number: `NVIDIA RTX`, `NVIDIA`."""
    known = (line for line in _LINES if line in card.description)
    return next(known, re.split(r"\s*\S*\d", card.description, maxsplit=1)[0])


def _series(card: Card) -> str:
    """What its number begins with: 30 of an RTX 3060, 7 of an RX 7900 XT."""
    match = re.search(r"\d{4}", card.description)
    return "" if match is None else match[0][:2] if _line(card) == "GeForce" else match[0][0]
