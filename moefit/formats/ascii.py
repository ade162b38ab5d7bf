"""Marks of a page for a terminal or file whose encoding lacks them: one plain character each, never a row of question marks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

IN_ASCII: Final = {
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
_TABLE: Final = str.maketrans(IN_ASCII)


def can_show(encoding: str | None) -> bool:
    """Whether an encoding has every mark; one that is not known has none.

    >>> can_show("utf-8"), can_show("ascii"), can_show("latin-1"), can_show(None)
    (True, False, False, False)
    """
    try:
        "".join(IN_ASCII).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def asks_plain(environment: Mapping[str, str]) -> bool:
    """Whether the locale is one of plain characters, as a user has said: Python writes UTF-8 there all the same (PEP 540).

    >>> asks_plain({"LC_ALL": "C"}), asks_plain({"LC_ALL": "C.UTF-8"}), asks_plain({"LC_ALL": "C", "PYTHONUTF8": "1"}), asks_plain({})
    (True, False, False, False)
    """
    python = environment.get("PYTHONUTF8") or environment.get("PYTHONIOENCODING")
    return environment.get("LC_ALL") in {"C", "POSIX"} and not python


def plain(text: str) -> str:
    """The text with plain marks.

    >>> plain("CUDA0 ██▓▓▒░─·")
    'CUDA0 ##==%-~.'
    """
    return text.translate(_TABLE)
