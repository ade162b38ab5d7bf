"""What a command has read and made so far, kept for a report that is written only with `--debug`."""

from __future__ import annotations

import time
from typing import Any, Final

BEGIN: Final = time.monotonic()
GATHERED: Final[list[tuple[float, str, Any]]] = []
"""Seconds since the start, what it is, and the value."""


def gather(name: str, value: Any) -> None:
    """Keep a value."""
    GATHERED.append((time.monotonic() - BEGIN, name, value))
