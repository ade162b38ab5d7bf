"""One plan of a comparison, and what it is of."""

from __future__ import annotations

from moefit.planning.types import Plan
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Compared:
    """One plan, and what it is of."""

    model: str
    context: int | None = None
    card: str | None = None
    strategy: str | None = None
    plan: Plan | None = None
    error: str | None = None
    """Why there is no plan."""

    @property
    def fits(self) -> bool:
        """Whether there is a plan, and it fits."""
        return self.plan is not None and self.plan.fits
