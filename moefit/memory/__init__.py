"""How much memory a launch takes, on each device and in RAM, without loading anything.

`footprint` answers for a placement, `ledger` gives a strategy the sizes to place. Every rule is a small function that
names the llama.cpp file and function it follows.
"""

from __future__ import annotations

from moefit.memory.footprint import footprint
from moefit.memory.ledger import ledger

__all__ = ["footprint", "ledger"]
