"""A plan held to what the real llama.cpp says of its line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from moefit.errors import InputError
from moefit.launch.resolve import free
from moefit.machine.types import Device
from moefit.memory.dummy_load import combined, dummy_compute, dummy_heads
from moefit.memory.moe_cache import moe_cache
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
    real = _with_own_heads(plan, real)
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
    if _runs_own_heads(plan):
        told = combined(told, dummy_heads(plan.model, devices, plan.settings, plan.placement))
    return {
        d.device.name: replace(d.use, compute=dummy.compute, context=d.use.context + more)
        for d, dummy, more in zip(plan.devices, told.devices, _more_cache(plan, devices), strict=True)
    }


def _runs_own_heads(plan: Plan) -> bool:
    """Whether a second context runs the model's own prediction blocks, which a plan counts with the first."""
    return plan.settings.mtp and not any(guest.kind in {"draft", "mtp"} for guest in plan.guests)


def _with_own_heads(plan: Plan, real: RealUse) -> RealUse:
    """The real use with that context where the plan has it; its weights are the model's, told once more.

    source: common/fit.cpp, common_params_fit_impl (shares_model)
    """
    if not _runs_own_heads(plan):
        return real
    devices = tuple(replace(d, use=_both(d.use, real.draft.get(d.name, Use()))) for d in real.devices)
    return replace(real, devices=devices, host=_both(real.host, real.draft.get(HOST_ROW, Use())), draft={})


def _both(main: Use, heads: Use) -> Use:
    return replace(main, context=main.context + heads.context, compute=main.compute + heads.compute)


def _more_cache(plan: Plan, devices: Sequence[Device]) -> tuple[int, ...]:
    """Bytes of an expert cache that a dummy load puts elsewhere: without -ts it goes by free memory, which there no weights have taken.

    source: src/llama-moe-cache.cpp, llama_moe_cache::impl::impl
    """
    held = plan.moe_cache
    options = (*(a.option for a in plan.kept), *(g.option for g in plan.inherited))
    split = any("-ts" in o.spellings for o in options) or any(a.option == "-ts" for a in plan.added)
    if held is None or split:
        return (0,) * len(devices)
    shared = replace(plan.settings, tensor_split=tuple(float(free(device)) for device in devices))
    told = moe_cache(plan.model, devices, shared, plan.placement)
    return tuple(b - a for a, b in zip(held.devices, told.devices if told else held.devices, strict=True))
