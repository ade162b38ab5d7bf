"""What `moefit run` looks at once more just before the server starts: whether the plan still fits the memory of that moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from moefit.errors import Warn
from moefit.machine.system import ROOT, has_swap, lock_limit
from moefit.sizes import GIB, MIB, format_size

if TYPE_CHECKING:
    from moefit.machine.types import Machine
    from moefit.planning.types import Plan
    from moefit.search.request import Request

_NEAR: Final = GIB
"""Bytes of RAM: with less to spare and no swap, other programs' growth ends the server."""
_ALWAYS_MOVES: Final = 64 * MIB
"""Bytes of RAM that come and go by themselves; the plan counts more than that for the program."""
_DEVICE: Final = frozenset({"-dev", "--device"})
"""Without it a server takes every device there is."""


def look_again(
    request: Request, made: Plan, look: Callable[[], Machine], plan: Callable[[Request], Plan]
) -> tuple[Plan, tuple[Warn, ...]]:
    """The plan for the memory of this moment: the same, or made anew, once, where it no longer fits or a device has come.

    Args:
        request: what the plan was made for.
        made: the plan.
        look: the machine now; its cgroups' limits count in its RAM.
        plan: makes a plan that fits.

    Raises:
        DoesNotFitError: nothing fits any more.
    """
    machine = look()
    changed = what_has_changed(made, request.machine, machine)
    if not changed:
        return made, ()
    if request.machine.gpus and not machine.gpus:  # a driver that has failed since is no machine without GPUs
        machine = replace(machine, unseen=machine.unseen or changed)
    note = Warn("changed", f"{changed} since the plan was made; it is made again", note=True)
    return plan(replace(request, machine=machine)), (note,)


def what_has_changed(made: Plan, before: Machine, now: Machine) -> str:
    """What a plan lacks now, as words: a device, memory of one, RAM; or a device that its line would take, too. Empty where nothing matters."""
    then, free = ({gpu.name: gpu.free for gpu in machine.gpus} for machine in (before, now))
    if (come := [name for name in free if name not in then]) and _DEVICE.isdisjoint(made.argv):
        return f"{come[0]} has come"
    for use in made.devices:
        name = use.device.name
        if name not in free:
            return f"{name} has gone"
        taken = then.get(name, 0) - free[name]
        if taken > max(0, use.left):
            return f"{format_size(taken)} of {name} have been taken"
    taken = before.ram.available - now.ram.available
    spare = max(_ALWAYS_MOVES, made.host_left)
    return f"{format_size(taken)} of RAM have been taken" if taken > spare else ""


def warn_of_limits(made: Plan, root: Path = ROOT) -> tuple[Warn, ...]:
    """What the process's limits do to a plan that fits: memory that may not be locked, RAM without swap behind it."""
    found = []
    limit = lock_limit(root)
    if "mlock" in made.settings.load_mode and limit is not None and limit < made.host.total:
        found.append(
            Warn(
                "memlock",
                f"{made.settings.load_mode} locks {format_size(made.host.total)}, and this process may lock"
                f" {format_size(limit)}: llama.cpp will say so, and go on without",
                "raise it: ulimit -l unlimited, or LimitMEMLOCK=infinity in a unit",
            )
        )
    if made.host_left < _NEAR and not has_swap(root):
        found.append(
            Warn(
                "no-swap",
                f"{format_size(max(0, made.host_left))} of RAM are left and there is no swap: what other programs"
                " take may end the server",
                note=True,
            )
        )
    return tuple(found)
