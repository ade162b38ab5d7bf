"""The user's placement options, resolved onto this model and these devices."""

from __future__ import annotations

from collections.abc import Sequence

from moefit.errors import UsageError
from moefit.launch.constraints import Constraints
from moefit.launch.resolve import check_buffers, device_order, fixed_tensors, free, slot_devices
from moefit.machine.types import Device
from moefit.model import Model
from moefit.placement.arrange import Demand


def chosen_devices(constraints: Constraints, devices: Sequence[Device]) -> tuple[Device, ...]:
    """The devices that llama.cpp will use for this line, in its order.

    Raises:
        UsageError: `-dev`, `-mg` or an override name a device that the machine has not.
    """
    check_buffers(constraints.overrides, devices)
    return tuple(devices[i] for i in device_order(constraints, devices))


def demand(constraints: Constraints, model: Model, devices: Sequence[Device]) -> Demand:
    """What is fixed: the tail by `-ngl`, the runs by `-ts`, single tensors by overrides.

    Args:
        constraints: what the user set.
        model: the model.
        devices: as `chosen_devices` gives them.

    Raises:
        UsageError: an override names a buffer that no device has, or `-ngl` asks for a device where there is none.
    """
    layers = constraints.gpu_layers
    tail = None if layers in {None, "auto"} else model.slots if isinstance(layers, str) else layers
    if tail is not None:
        tail = min(tail, model.slots)
        if tail and not devices:
            raise UsageError(
                f"-ngl {layers} needs a device, and none was found", "declare one: --gpu rtx-3060"
            )
    runs = None
    if constraints.tensor_split is not None and devices:
        runs = slot_devices(model.slots, tail, constraints.tensor_split, [free(device) for device in devices])
    return Demand(
        tail=tail,
        runs=runs,
        fixed=fixed_tensors(constraints.overrides, devices, (t.name for t in model.tensors)),
        ordered=constraints.devices is not None or constraints.split_mode == "none",
    )
