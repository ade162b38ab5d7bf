"""How far something long has come: who does it tells, who asked for it shows it."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[str, float], None]
"""Told what is being done, and the share of everything that is done, 0 to 1."""
