"""How much memory a launch takes, on each device and in RAM, without loading anything.

`footprint` answers for a placement, `ledger` gives a strategy the sizes to place, `compute_sketch` a first idea of what it must leave. Every rule is a small function that
names the llama.cpp file and function it follows.
"""

from __future__ import annotations

from moefit.memory.footprint import compute_sketch, footprint
from moefit.memory.ledger import ledger

__all__ = ["compute_sketch", "footprint", "ledger"]
