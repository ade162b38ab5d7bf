"""What a plan that does not fit lacks, in bytes, and what would run if the user allowed one thing more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from moefit.machine.soldered import is_soldered
from moefit.planning.types import Alternative, Plan
from moefit.sizes import MIB, format_size

_NEAR: Final = 64 * MIB
"""What buffers and whole matrices take more or less where a device is larger."""


def shortfalls(plan: Plan) -> dict[str, int]:
    """Bytes that are missing, by the name of a device; RAM; or `devices` for layers that must be on one and are on none."""
    missing = {d.device.name: -d.left for d in plan.devices if d.left < 0}
    homeless = plan.shortfall - plan.ram_shortfall - sum(missing.values())
    if homeless > 0:
        name = plan.devices[0].device.name if len(plan.devices) == 1 else "devices"
        missing[name] = missing.get(name, 0) + homeless
    return missing | ({"RAM": plan.ram_shortfall} if plan.ram_shortfall else {})


def lacking(plan: Plan) -> str:
    """Where memory is missing, and how much."""
    return ", ".join(
        f"{name} {'lack' if name == 'devices' else 'lacks'} {format_size(size)}"
        for name, size in shortfalls(plan).items()
    )


def amounts(plan: Plan) -> dict[str, int]:
    """Bytes with which it would fit, by the name of a device, or RAM: what is missing where no smaller amount is known."""
    would = plan.enough
    if would is None:
        return shortfalls(plan)
    return {**would.devices, **({"RAM": would.more} if would.more else {})}


def enough(plan: Plan) -> str:
    """The memory, or the file, with which it would fit; empty where the one cannot be had and the other is not known.

    Memory of a device that is soldered in is none that can be had.
    """
    fixed = {d.device.name for d in plan.devices if is_soldered(d.device)}
    more = f"{' and '.join(_with_more(plan))}{', placed otherwise' if _is_elsewhere(plan) else ''}"
    ways = [] if fixed & amounts(plan).keys() else [more]
    if plan.largest_file:
        ways.append(f"a file of at most {format_size(plan.largest_file)}")
    return ", or ".join(ways)


def _with_more(plan: Plan) -> Iterator[str]:
    """Each amount, and what it needs to be so little: what is missing is told of another launch."""
    for name, size in amounts(plan).items():
        yield f"{format_size(size)} more RAM" if name == "RAM" else f"{format_size(size)} more on {name}"
    would = plan.enough
    if would and would.ubatch:
        yield f"-ub {would.ubatch}"
    if would and would.context:
        yield f"-c {would.context}"


def _is_elsewhere(plan: Plan) -> bool:
    """Whether only another placement explains why that is not what is missing."""
    would, missing = plan.enough, shortfalls(plan)
    if would is None or would.ubatch or would.context:
        return False
    return any(abs(size - missing.get(name, 0)) > _NEAR for name, size in amounts(plan).items())


def remedy(plan: Plan) -> str | None:
    """One line that says what to do; None where nothing is known to help."""
    for alternative in plan.alternatives[:1]:
        return f"{alternative.words} would fit: {figures(alternative)}; {alternative.why}"
    return plan.remedy


def figures(alternative: Alternative) -> str:
    """What an alternative is predicted to do."""
    made = alternative.plan.prediction
    return f"{made.seconds:.1f} s, prompt {made.prefill_tokens_per_second:,.0f} t/s, answer {made.decode_tokens_per_second:,.1f} t/s"
