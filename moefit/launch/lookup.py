"""Lookups by spelling over the options that are set, with llama.cpp's way of reading their values."""

from __future__ import annotations

import re
from collections.abc import Sequence

from moefit.errors import UsageError
from moefit.launch.given import Given
from moefit.launch.hints import is_macro
from moefit.launch.options import FALSY, TRUTHY, known_words

_LONGEST = 100
"""Digits beyond any number that could be meant; Python refuses to read thousands of them."""


class Values:
    """What is set, in the order llama.cpp applies it. Every lookup takes any spelling of an option."""

    def __init__(self, given: Sequence[Given]) -> None:
        self._given = given

    def all(self, *spellings: str) -> list[Given]:
        """Every time one of the options is set."""
        wanted = set(spellings)
        return [g for g in self._given if not wanted.isdisjoint(known_words(g.option))]

    def last(self, *spellings: str) -> Given | None:
        """The time that counts for a single value."""
        found = self.all(*spellings)
        return found[-1] if found else None

    def text(self, *spellings: str) -> str | None:
        """The value that counts."""
        found = self.last(*spellings)
        return found.value if found else None

    def lists(self, *spellings: str) -> tuple[str, ...]:
        """The items of every comma-separated value."""
        return tuple(item for g in self.all(*spellings) for item in g.value.split(",") if item)

    def number(self, *spellings: str) -> int | None:
        """The whole number that counts.

        Raises:
            UsageError: the value is none.
        """
        found = self.last(*spellings)
        return None if found is None else given_integer(found)

    def is_on(self, *spellings: str) -> bool:
        """A flag, or llama-bench's `--flag 0|1`."""
        found = self.last(*spellings)
        return found is not None and (found.value in TRUTHY if found.option.arity else found.positive)

    def pair(self, on: str, off: str) -> bool | None:
        """A pair of flags, also in builds where only the off one stands, or llama-bench's `--no-flag 0|1`."""
        found = self.last(on, off)
        if found is None:
            return None
        if found.option.arity:
            return (found.value in TRUTHY) != (off in found.option.spellings)
        return found.positive != (off in found.option.spellings)


def given_integer(given: Given) -> int:
    """The value as std::stoi reads it, but whole.

    Raises:
        UsageError: the value is no whole number.
    """
    if "," in given.value:
        raise UsageError(
            f"{given.source}: moefit plans for one value, and this is a list", "give one of them"
        )
    if not re.fullmatch(r"\s*[+-]?\d+", given.value, re.ASCII):
        raise UsageError(
            f"{given.source}: {given.value!r} is no whole number",
            "a plan needs the value: write the number itself" if is_macro(given.value) else None,
        )
    number = int(given.value) if len(given.value) < _LONGEST else 1 << 31
    if not -(1 << 31) <= number < 1 << 31:
        raise UsageError(f"{given.source}: the number is too large for llama.cpp")
    return number


def switch(text: str | None) -> bool | None:
    """[on|off|auto]: True, False, or None for auto and for a word of another build."""
    return None if text not in {*TRUTHY, *FALSY} else text in TRUTHY
