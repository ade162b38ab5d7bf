"""A line as it is once a placement is on it: its devices, layers and split, whether the user or the plan says them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from moefit.launch.constraints import Constraints
from moefit.launch.resolve import default_order
from moefit.machine.types import Device
from moefit.placement.types import Placement


def as_placed(
    constraints: Constraints,
    placement: Placement,
    devices: Sequence[Device],
    machine: Sequence[Device],
    *,
    hidden: bool = False,
) -> Constraints:
    """The user's constraints, with what a placement needs said beside them.

    Args:
        constraints: what the user set, which stays.
        placement: the slots, in terms of `devices`.
        devices: those that it uses, in the order of its runs.
        machine: all that there are, in llama.cpp's own order: of several, which it takes by itself is not left to it.
        hidden: there are more devices than `machine` has, which the plan leaves out.
    """
    names = tuple(device.name for device in devices)
    if constraints.split_mode == "none" and devices:  # -mg counts in the whole list
        names = tuple(machine[i].name for i in default_order(machine))
    undeclared = bool(constraints.rpc) and not any(device.name.startswith("RPC") for device in machine)
    several = hidden or undeclared or len(machine) > 1 or len(names) < len(machine)
    by_none = constraints.split_mode == "none" and (constraints.main_gpu or 0) < 0  # -mg -1 says so already
    named = constraints.devices is None and several and not by_none
    open_layers = constraints.gpu_layers in {None, "auto"}
    split = constraints.tensor_split
    if split is None and len(devices) > 1 and placement.offloaded:
        split = tuple(float(placement.slots.count(i)) for i in range(len(devices)))
    return replace(
        constraints,
        devices=names if named else constraints.devices,
        gpu_layers=placement.offloaded if open_layers else constraints.gpu_layers,
        tensor_split=split,
    )
