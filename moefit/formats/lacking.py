"""What a plan that does not fit lacks, in bytes, and what would run if the user allowed one thing more."""

from __future__ import annotations

from moefit.planning.types import Alternative, Plan
from moefit.sizes import format_size


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
    """The memory, or the file, with which it would fit."""
    more = [
        f"{format_size(size)} more RAM" if name == "RAM" else f"{format_size(size)} more on {name}"
        for name, size in amounts(plan).items()
    ]
    would = plan.enough
    if would and would.context:
        more.append(f"-c {would.context}")
    file = f", or a file of at most {format_size(plan.largest_file)}" if plan.largest_file else ""
    return f"{' and '.join(more)}{file}"


def remedy(plan: Plan) -> str | None:
    """One line that says what to do; None where nothing is known to help."""
    for alternative in plan.alternatives[:1]:
        return f"{alternative.words} would fit: {figures(alternative)}; {alternative.why}"
    return plan.remedy


def figures(alternative: Alternative) -> str:
    """What an alternative is predicted to do."""
    made = alternative.plan.prediction
    return (
        f"prompt {made.prefill_tokens_per_second:,.0f} t/s, answer {made.decode_tokens_per_second:,.1f} t/s"
    )
