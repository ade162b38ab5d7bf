"""A plan held to what the real llama.cpp says of its line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from moefit.memory.real import Difference, RealUse, compare, compare_extras, shortfalls
from moefit.planning.types import Plan


@dataclass(frozen=True, slots=True)
class Check:
    """How a plan did."""

    rows: tuple[Difference, ...]
    lacking: Mapping[str, int]
    """Device name -> bytes by which the real use exceeds what the plan lets the device give."""


def check(plan: Plan, real: RealUse) -> Check:
    """Every term of the plan against the real one, and whether its devices hold the real ones."""
    predicted = {d.device.name: d.use for d in plan.devices}
    extras = {d.device.name: d.budget.extras for d in plan.devices}
    usable = {d.device.name: d.budget.free - d.budget.overhead - d.budget.reserved for d in plan.devices}
    rows = (*compare(predicted, plan.host, real), *compare_extras(extras, real))
    return Check(rows, shortfalls(real, usable))
