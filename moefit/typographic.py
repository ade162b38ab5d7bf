"""What pages and chats make of the plain characters of a command: long dashes and curly quotes."""

from __future__ import annotations

import re
from typing import Final

_DASHES: Final = re.compile("[\u2010-\u2015\u2212]+-*")
_QUOTES: Final = re.compile("[\u2018-\u201f\u00ab\u00bb]")
_LONG: Final = "\u2014"
"""What becomes of two dashes."""


def typographic_hint(text: str) -> str | None:
    """What to type for what a page has made of dashes and quotes; None where there is neither."""
    if dashes := _DASHES.match(text):
        plain = "--" if _LONG in dashes[0] or len(dashes[0]) > 1 else "-"
        return f"{dashes[0]} is a typographic dash: type {plain}{text[dashes.end() :]}"
    quotes = list(dict.fromkeys(_QUOTES.findall(text)))
    if not quotes:
        return None
    what = "are typographic quotes" if quotes[1:] else "is a typographic quote"
    return f"{' '.join(quotes)} {what}: type plain ones"
