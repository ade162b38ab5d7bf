"""One line for a POSIX shell: sh, dash, bash and zsh read back the same words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from moefit.errors import UsageError

_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")


def write(argv: Sequence[str]) -> str:
    """The words, quoted where a shell needs it; one line unless a word holds a line break.

    Raises:
        UsageError: a word holds a NUL, which no process can be given.
    """
    return " ".join(_word(word, first=i == 0) for i, word in enumerate(argv))


def _word(word: str, *, first: bool) -> str:
    """Single quotes keep everything but themselves; a leading = is zsh's, a first word with = an assignment."""
    if "\0" in word:
        raise UsageError("a shell line cannot hold a NUL byte")
    if _PLAIN.fullmatch(word) and not word.startswith("=") and not (first and "=" in word):
        return word
    return "'" + word.replace("'", "'\"'\"'") + "'"
