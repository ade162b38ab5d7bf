"""What moefit says on stderr: one line at a time, clean, and without a secret of the line or the environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

from moefit.shown import masked_text, one_line, readable, secrets_of, without

_WRAPPED: Final = ("note", "warning")
_SHORT: Final = ("error", "warning")
"""What repeats words of the line, and is read; what a hint says is copied."""
_NARROW: Final = 40
"""Columns of a terminal that is left to break lines itself."""
_line: list[str] = []
"""The words of the command line, whose secrets are kept out of every message."""


def remember(words: Sequence[str]) -> None:
    """The words that messages will be about."""
    _line[:] = words


def say(kind: str, text: str) -> None:
    """Write `moefit: kind: text`; on a terminal in lines between words, but for a hint, which is there to be copied."""
    told = clean(text)
    line = f"moefit: {kind}: {readable(told) if kind in _SHORT else told}"
    if kind in _WRAPPED and sys.stderr.isatty():
        line = _wrapped(line)
    sys.stderr.write(f"{line}\n")


def _wrapped(line: str) -> str:
    """The line as wide as the terminal."""
    from textwrap import fill

    try:
        columns = os.get_terminal_size(sys.stderr.fileno()).columns
    except OSError:
        return line
    if columns < _NARROW:
        return line
    return fill(line, columns, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def clean(text: str) -> str:
    """A message that may be shown to anybody: one line, without secrets."""
    return one_line(unsecret(text))


def unsecret(text: str) -> str:
    """A text without the secrets of the line and the environment, for a place that is made visible by other means, or is data."""
    return masked_text(without(text, secrets_of(_line, os.environ)))
