"""What the header of one model, all its files together, may cost: an untrusted file decides nothing about this machine."""

from __future__ import annotations

from time import process_time

MAX_KEPT = 64 << 20
"""Bytes of memory; the largest real headers keep about 2 MiB."""
MAX_SECONDS = 2.0
"""Of this process's CPU, so that a slow disk or network is nobody's fault; the largest real headers take about 0.1."""


class Allowance:
    """Counts what is kept and what it takes, and says when it is too much."""

    __slots__ = ("_end", "_kept")

    def __init__(self, seconds: float = MAX_SECONDS) -> None:
        self._kept = 0
        self._end = process_time() + seconds

    def keep(self, size: int) -> str | None:
        """Count `size` more bytes of memory; what is wrong, if they are too many."""
        self._kept += size
        return f"keeps more than {MAX_KEPT >> 20} MiB" if self._kept > MAX_KEPT else None

    def spent(self) -> str | None:
        """What is wrong, if the time is over."""
        return f"takes more than {MAX_SECONDS:g} s to read" if process_time() > self._end else None
