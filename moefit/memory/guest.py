"""Guests of a line: what loads beside the model and takes memory of its own."""

from __future__ import annotations

from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Guest:
    """One guest's bytes on one device; a guest on several devices is several of these."""

    kind: str
    """mmproj, draft, mtp, lora or control-vector."""
    device: str
    """Device name, or CPU."""
    model: int = 0
    context: int = 0
    compute: int = 0
    note: str = ""
    """Why its figures are an estimate; empty where they follow from its described graph."""

    @property
    def total(self) -> int:
        """Everything."""
        return self.model + self.context + self.compute
