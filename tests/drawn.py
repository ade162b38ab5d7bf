"""What a run draws: the same for every change, so that a failure is the change's own; drawn anew by `make thorough`, and more of it."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Drawn = TypeVar("Drawn")

THOROUGH = os.environ.get("MOEFIT_TESTS") == "thorough"
"""`make thorough`: properties a thousand times each, drawn anew, and values that refuse to be written to."""
SEED = random.SystemRandom().randrange(1 << 32) if THOROUGH else 20261129
"""Of every sample; each failure names it."""


def several(few: int, many: int) -> int:
    """How many to draw: few for a change, many where there is time."""
    return many if THOROUGH else few


def draws(strategy: SearchStrategy[Drawn]) -> list[Drawn]:
    """As many values as a property is tried with, for one process that is asked about all of them."""
    from hypothesis import given

    found: list[Drawn] = []

    @given(strategy)
    def keep(value: Drawn) -> None:
        found.append(value)

    keep()
    return found
