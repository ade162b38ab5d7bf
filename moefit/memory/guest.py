"""Guests of a line: what loads beside the model and takes memory of its own."""

from __future__ import annotations

from dataclasses import replace

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
    ubatch: int = 0
    """Tokens of the micro-batch that `compute` is for; 0 where it does not depend on one."""
    note: str = ""
    """Why its figures are an estimate; empty where they follow from its described graph."""

    def at(self, ubatch: int) -> Guest:
        """The same for a larger micro-batch: compute buffers grow with it, at most in proportion."""
        if not 0 < self.ubatch < ubatch:
            return self
        return replace(self, compute=-(-self.compute * ubatch // self.ubatch), ubatch=ubatch)

    @property
    def total(self) -> int:
        """Everything."""
        return self.model + self.context + self.compute
