"""Finds a card of the catalogue by what users call it, and by what its driver does."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache, lru_cache
from typing import Final

from moefit.errors import UsageError
from moefit.machine.card import Card
from moefit.machine.cards import CARDS
from moefit.machine.other_cards import FEWER_CORES, OF_UNIFIED
from moefit.sizes import GIB

# Not compiled here: most plans name no card, and compiling takes longer than all else in this module.
_VENDOR_WORDS: Final = (
    r"\((?:r|tm)\)|\b(?:nvidia|geforce|tesla|quadro|amd|radeon|instinct|intel|apple|graphics|generation)\b"
)
_FAMILY: Final = r"^(?:rtx|gtx|rx|arcpro|arc|mi(?=\d)|)"
_SHORT: Final = (
    (r"(\d{4}(?:ti|super|tisuper)?)(?:m|mobile|maxq|notebook)", r"\1laptop"),
    (r"(\d{4}(?:ti)?)s", r"\1super"),
    (r"(\d)gi?b?", r"\1gb"),
)
"""4090m, 4080s, 4060ti16g."""
_LONGEST: Final = 256
"""Characters of a card's name, with room to spare."""


@cache
def find_card(text: str) -> Card | None:
    """The card a user means by `text` (`rtx-3060`, `3060`, `RTX 3060 12GB`, `NVIDIA GeForce RTX 3060`), or None for no card.

    Raises:
        UsageError: `text` names a card that comes with several memories without saying which, or with another memory than it has.
    """
    wanted = compact(text[:_LONGEST])
    if not wanted or len(text) > _LONGEST:
        return None
    return _of_key(wanted) or _of_description(text, wanted) or _of_memory(text)


def _of_key(wanted: str) -> Card | None:
    for spelling in dict.fromkeys((wanted, *(re.sub(f"{short}$", long, wanted) for short, long in _SHORT))):
        keys = ((card, key) for card in CARDS for key in (card.key, *card.other_keys))
        found = next((card for card, key in keys if spelling in spellings(key)), None)
        if found is not None:
            return found
    return None


def _of_description(text: str, wanted: str) -> Card | None:
    """By the driver's name for it, or by a key without its memory, if that leaves one card."""
    named = [card for card in CARDS if wanted in _driver_names(card)]
    if len(named) == 1:
        return named[0]
    variants = named or [card for card in CARDS if wanted in spellings(re.sub(r"-\d+gb$", "", card.key))]
    if variants:
        keys = " or ".join(card.key for card in variants)
        raise UsageError(f"{text} comes with more than one memory size", f"say {keys}")
    return None


def _of_memory(text: str) -> Card | None:
    """A card with its memory behind it, which most keys leave out: `RTX 3060 12GB`."""
    match = re.fullmatch(r"(.+?)[\s_(-]+(\d{1,4})\s*gi?b?\)?", text.strip().lower())
    if match is None:
        return None
    card, box = _of_key(compact(match[1])), int(match[2])
    if card is None:
        return None
    found = card.of_memory(box)
    if found is None:
        raise UsageError(
            f"{card.key} has {card.box} GB, not {box}", f"say {card.key},free={box}GiB if yours has"
        )
    return found


def card_of_driver(description: str, total: int) -> Card | None:
    """The card whose driver calls itself `description` and shows `total` bytes, or None for one not in the catalogue.

    Variants of one name are told apart by memory; one more than 15% away from every variant is another card, unless its memory
    is the host's, of which it may be given any part.
    """
    same = [card for card in CARDS if description in {card.description, *card.other_names}]
    if not same and len(description) <= _LONGEST:
        wanted = compact(description)
        same = [card for card in CARDS if wanted in _driver_names(card)]
    if not same:
        return None
    nearest = with_fewer_cores(min(same, key=lambda card: abs(card.total - total)), total)
    return nearest if nearest.integrated or abs(nearest.total - total) <= 0.15 * nearest.total else None


def with_fewer_cores(card: Card, total: int) -> Card:
    """The smaller chip of the same name, where only that is sold with as much memory: its GPU has `total` bytes of it."""
    cores, boxes = FEWER_CORES.get(card.key, (0, frozenset()))
    if not any(abs(total - box * unit * OF_UNIFIED) < 0.02 * total for box in boxes for unit in (GIB, 10**9)):
        return card
    smaller = _of_key(compact(f"{card.key}-{cores}-core"))
    return replace(smaller, total_mib=card.total_mib) if smaller else card


def _driver_names(card: Card) -> set[str]:
    return {compact(name) for name in (card.description, *card.other_names)}


def is_discrete(description: str) -> bool:
    """Whether every card whose driver calls itself `description` has memory of its own; not of names that are not in the catalogue."""
    wanted = compact(description)
    same = [card for card in CARDS if wanted in _driver_names(card)]
    return bool(same) and not any(card.integrated for card in same)


def similar_cards(text: str) -> list[str]:
    """Up to three catalogue keys that look like `text`, for a hint."""
    from difflib import get_close_matches  # noqa: PLC0415 - only an error needs it

    keys = [card.key for card in CARDS]
    bare = {re.sub(_FAMILY, "", compact(key)): key for key in keys}
    near = get_close_matches(compact(text), bare, n=3) if text.isdigit() else ()
    return [bare[name] for name in near] or get_close_matches(text.lower(), keys, n=3)


@lru_cache(maxsize=4096)
def compact(text: str) -> str:
    """`text` without vendor words and punctuation: what different spellings of one card share."""
    return re.sub(r"[^a-z0-9]", "", re.sub(_VENDOR_WORDS, " ", text.lower()))


def spellings(key: str) -> set[str]:
    """The compact spellings of a catalogue key: with and without its family (rtx3060, 3060)."""
    full = compact(key)
    bare = re.sub(_FAMILY, "", full)
    return {full, bare} if any(c.isdigit() for c in bare) else {full}
