"""Natural numbers as kernels, drivers and their settings write them; whatever else stands there is none."""

from __future__ import annotations

from typing import Final

_DIGITS: Final = 20
"""Of the largest number of 64 bits."""


def natural(text: str) -> int | None:
    r"""The number that a text is; None for anything that no kernel writes as one.

    >>> natural(" 42\n"), natural("max"), natural("-1"), natural("\u00b2"), natural("9" * 5000)
    (42, None, None, None, None)
    """
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else None
