"""The words as a JSON array."""

from __future__ import annotations

import json
from collections.abc import Sequence

from moefit.errors import UsageError


def write(argv: Sequence[str]) -> str:
    """One line.

    Raises:
        UsageError: a word is no text (bytes that are no UTF-8, such as an odd file name has).
    """
    for word in argv:
        if any("\ud800" <= char <= "\udfff" for char in word):
            raise UsageError("JSON cannot hold a word whose bytes are no UTF-8", "use --format null")
    return json.dumps(list(argv), ensure_ascii=False)
