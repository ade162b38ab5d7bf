"""A plan held to what the real llama.cpp says of its line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from moefit.errors import InputError
from moefit.memory.dummy_load import dummy_compute
from moefit.memory.real import HOST_ROW, Difference, RealUse, compare_guests, differences, real_shortfalls
from moefit.memory.types import Use
from moefit.planning.types import Plan
from moefit.sizes import MIB
from moefit.values import dataclass

ROUNDING: Final = 4 * MIB
"""Four terms, each cut off to whole MiB."""


@dataclass(frozen=True, slots=True)
class Check:
    """How a plan did."""

    rows: tuple[Difference, ...]
    lacking: Mapping[str, int]
    """Device name -> bytes by which the real use exceeds what the plan lets the device give."""


def corrections(found: Check) -> dict[str, int]:
    """Bytes that devices really use beyond the plan (negative: less), where that is more than rounding, by device name.

    llama.cpp cuts every figure off to whole MiB, so each is taken to be one MiB larger unless it is 0.
    """
    beyond: dict[str, int] = {}
    for row in found.rows:
        if row.device != HOST_ROW:
            real = row.real + (MIB if row.real else 0)
            beyond[row.device] = beyond.get(row.device, 0) + real - row.predicted
    return {device: size for device, size in beyond.items() if abs(size) > ROUNDING}


def check(plan: Plan, real: RealUse) -> Check:
    """Every term of the plan against the real one, and whether its devices hold the real ones.

    The real one is told by a dummy load, whose compute buffers may be others than those of a run: its terms are those that a dummy load has
    by this plan, and a device must hold what it tells and what a run takes beyond that.

    Raises:
        InputError: llama.cpp has not a device that the plan puts something on.
    """
    reported = {device.name for device in real.devices}
    for device in plan.devices:
        if device.use.model and device.device.name not in reported:
            raise InputError(
                f"this llama.cpp has no {device.device.name}: it tells of {', '.join(sorted(reported)) or 'no device'}",
                "a build for that device is needed, or the machine is another's",
            )
    predicted = _of_dummy_load(plan)
    later = {d.device.name: d.use.compute - predicted[d.device.name].compute for d in plan.devices}
    guests = {d.device.name: d.budget.guests for d in plan.devices}
    usable = {
        d.device.name: d.budget.free - d.budget.overhead - d.budget.reserved - later[d.device.name]
        for d in plan.devices
    }
    rows = (*differences(predicted, plan.host, real), *compare_guests(guests, real))
    return Check(rows, real_shortfalls(real, usable))


def _of_dummy_load(plan: Plan) -> dict[str, Use]:
    """What a dummy load tells of the plan's devices, if the plan is right, by name."""
    devices = [d.device for d in plan.devices]
    told = dummy_compute(plan.model, devices, plan.settings, plan.placement)
    return {
        d.device.name: replace(d.use, compute=dummy.compute)
        for d, dummy in zip(plan.devices, told.devices, strict=True)
    }
