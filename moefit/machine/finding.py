"""One thing that keeps a machine below what it could be."""

from __future__ import annotations

from typing import Final

from moefit.values import dataclass

NOTHING_RUNS: Final = 0
MANY_TIMES: Final = 1
PERCENTS: Final = 2
A_LITTLE: Final = 3
"""What a finding costs: the worst come first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend."""

    code: str
    """A fixed word that a program can test for."""
    cost: int
    what: str
    fix: str
    sure: str
    """sure, likely or perhaps."""
