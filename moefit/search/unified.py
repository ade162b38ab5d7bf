"""One memory for processor and GPU: what an integrated device holds is taken from RAM."""

from __future__ import annotations

from typing import Final

from moefit.machine.types import Ram
from moefit.search.settle import Settled

_SAME: Final = 1.05
"""A device whose total is about RAM's, or less, reports RAM. One with more has a part of its own that the firmware set aside, which the
system does not count (96 of 128 GB on a Ryzen AI Max, say)."""


def drawn_from_ram(settled: Settled, ram: Ram) -> int:
    """Bytes of RAM that integrated devices take for themselves: model, context, compute, and what is kept back for growth."""
    return sum(
        use.total + budget.overhead + budget.reserved + budget.extras
        for device, budget, use in zip(
            settled.devices, settled.budgets, settled.footprint.devices, strict=True
        )
        if device.integrated and device.total <= _SAME * ram.total
    )
