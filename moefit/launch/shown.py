"""Words as a message may show them: one line, and no secrets."""

from __future__ import annotations

import re
from typing import Final

_URL: Final = re.compile(r"(https?://)(?:[^/?#]*@)?([^?#]*)(?:[?#].*)?", re.IGNORECASE | re.DOTALL)


def one_line(word: str) -> str:
    """A word as a message of one line may show it, without a URL's secrets."""
    word = without_secrets(word)
    return word if word.isprintable() else repr(word)


def without_secrets(word: str) -> str:
    """A URL without user, password, query and fragment, which may be secrets; any other word as it is.

    >>> without_secrets("https://me:pw@host:8/a/m.gguf?sig=x#y"), without_secrets("a?b#c")
    ('https://host:8/a/m.gguf', 'a?b#c')
    """
    url = _URL.fullmatch(word)
    return url.group(1) + url.group(2) if url else word
