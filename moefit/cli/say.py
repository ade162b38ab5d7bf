"""What moefit says on stderr: one line at a time, clean, and without a secret of the line or the environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from moefit.shown import masked_text, one_line, secrets_of, without

_line: list[str] = []
"""The words of the command line, whose secrets are kept out of every message."""


def remember(words: Sequence[str]) -> None:
    """The words that messages will be about."""
    _line[:] = words


def say(kind: str, text: str) -> None:
    """Write `moefit: kind: text`."""
    sys.stderr.write(f"moefit: {kind}: {clean(text)}\n")


def clean(text: str) -> str:
    """A message that may be shown to anybody: one line, without secrets."""
    return one_line(masked_text(without(text, secrets_of(_line, os.environ))))
