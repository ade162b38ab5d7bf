"""A launch's whole memory: weights, caches, compute buffers, and the host's share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moefit.memory.compute import compute_buffers
from moefit.memory.host import caches, output_buffer
from moefit.memory.kv import kv
from moefit.memory.types import Footprint, HostUse, Use
from moefit.memory.unknown import notes
from moefit.memory.weights import weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moefit.launch.settings import Settings
    from moefit.machine.types import Device
    from moefit.model import Model
    from moefit.placement.types import Placement


def footprint(model: Model, devices: Sequence[Device], settings: Settings, placement: Placement) -> Footprint:
    """Bytes that a launch takes on each device and on the host.

    Args:
        model: as its header describes it.
        devices: those that the placement's indices mean, in llama.cpp's order.
        settings: every value concrete.
        placement: where each slot and each overridden tensor goes.

    Raises:
        UsageError: a KV cache type that llama.cpp does not have.
    """
    model_on, model_host = weights(model, devices, settings, placement)
    context_on, context_host = kv(model, devices, settings, placement)
    compute = compute_buffers(model, devices, settings, placement)
    return Footprint(
        devices=tuple(
            Use(*of_device) for of_device in zip(model_on, context_on, compute.devices, strict=True)
        ),
        host=HostUse(
            model=model_host,
            context=context_host,
            compute=compute.host,
            cache=sum(term.bytes for term in caches(model, settings)),
            output=output_buffer(model, settings),
        ),
        notes=tuple(dict.fromkeys((*notes(model), *compute.notes))),
    )
