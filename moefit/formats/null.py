"""Words that each end in a NUL, for `xargs -0 -r env` and the like."""

from __future__ import annotations

from collections.abc import Sequence

from moefit.errors import UsageError


def write(argv: Sequence[str]) -> str:
    """The words, each with its NUL.

    Raises:
        UsageError: a word holds a NUL itself.
    """
    if any("\0" in word for word in argv):
        raise UsageError("a word of the command holds a NUL byte, which ends words in this format")
    return "".join(f"{word}\0" for word in argv)
