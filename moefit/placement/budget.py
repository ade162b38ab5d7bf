"""What a device may give to a plan: free memory less the named terms that llama.cpp does not count."""

from __future__ import annotations

from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """One named part of a figure."""

    name: str
    bytes: int
    why: str = ""
    """Where the figure comes from."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The memory of one device, before anything of the plan is placed."""

    free: int
    overhead: int
    """The runtime's own context."""
    reserve: tuple[Term, ...]
    """Growth that llama.cpp does not count, or the user's margin."""
    guests: int = 0
    """Bytes that the mmproj, the draft model and other guests of the line take here."""

    @property
    def reserved(self) -> int:
        """Bytes of the reserve."""
        return sum(term.bytes for term in self.reserve)

    @property
    def usable(self) -> int:
        """Bytes for model, context and compute; never negative."""
        return max(0, self.left(0))

    def left(self, used: int) -> int:
        """Bytes that stay free beside `used` bytes of model, context and compute; negative is a shortfall."""
        return self.free - self.overhead - self.reserved - self.guests - used
