"""Marks of a page for a terminal or file whose encoding lacks them: one plain character each, never a row of question marks."""

from __future__ import annotations

from typing import Final

PLAIN: Final = {
    "█": "#",
    "▓": "=",
    "▒": "%",
    "░": "-",
    "▄": "+",
    "▁": "_",
    "▀": "^",
    "─": "~",
    "◆": "*",
    "▚": "x",
    "▞": "o",
    "·": ".",
    "✓": "*",
    "…": "~",
}
"""What stands for each mark; no two of a bar, or of the strip of layers, become one."""
_TABLE: Final = str.maketrans(PLAIN)


def can_show(encoding: str | None) -> bool:
    """Whether an encoding has every mark; one that is not known has none.

    >>> can_show("utf-8"), can_show("ascii"), can_show("latin-1"), can_show(None)
    (True, False, False, False)
    """
    try:
        "".join(PLAIN).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def plain(text: str) -> str:
    """The text with plain marks.

    >>> plain("CUDA0 ██▓▓▒░─·")
    'CUDA0 ##==%-~.'
    """
    return text.translate(_TABLE)
