"""Whether the GPUs that should be there are: a failing driver is no reason to serve from the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from moefit.errors import DriverError

if TYPE_CHECKING:
    from moefit.launch.constraints import Constraints
    from moefit.machine.types import Machine
    from moefit.planning.types import Plan


def check_seen(
    machine: Machine, wanted: Constraints, expected: Sequence[str], *, allow_cpu: bool
) -> DriverError | None:
    """What is wrong with the machine's GPUs, to be raised by what starts a server and shown first by what only looks; None for nothing.

    Args:
        machine: as it was read.
        wanted: the line; `-dev none` wants no GPU.
        expected: names of devices that must be there.
        allow_cpu: the CPU will do.
    """
    missing = [name for name in expected if name not in {gpu.name for gpu in machine.gpus}]
    if missing:
        there = ", ".join(gpu.name for gpu in machine.gpus) or "none"
        reason = f": {machine.warnings[0]}" if machine.warnings else ""
        return DriverError(
            f"{', '.join(missing)} should be here, and the devices are: {there}{reason}", _HINT
        )
    if not machine.unseen or allow_cpu or wanted.devices == ():
        return None
    others = [said for said in machine.warnings if machine.unseen not in said]
    why = f": {others[0]}" if others else ""
    return DriverError(f"{machine.unseen}, and no GPU answers{why}", _HINT)


def expected_of(plan: Plan) -> list[str]:
    """The devices of a plan that must be there whenever it is made again: those of this host, and no declared ones."""
    names = [use.device.name for use in plan.devices if use.device.is_seen]
    return [",".join(names)] if names else []


_HINT = "mend the driver or wait for it; --allow-cpu or -dev none plans for the CPU"
