"""What llama.cpp's dummy load reports, which its own fit goes by: buffers that are reserved, nothing that a real run adds.

source: common/fit.cpp, common_get_device_memory_data_impl
"""

from __future__ import annotations

from dataclasses import replace
from operator import add, sub
from typing import TYPE_CHECKING

from moefit.memory.compute import dummy_buffers
from moefit.memory.footprint import contexts, draft_context
from moefit.memory.kv import kv
from moefit.memory.rough import rough_compute
from moefit.memory.types import Footprint, HostUse, Use
from moefit.memory.weights import weights
from moefit.model import MissingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moefit.launch.settings import Settings
    from moefit.machine.types import Device
    from moefit.model import Model
    from moefit.placement.types import Placement


def weights_and_caches(
    model: Model, devices: Sequence[Device], settings: Settings, placement: Placement
) -> Footprint:
    """Bytes of the main context alone, without that of prediction blocks, and without compute buffers; arguments as of `footprint`."""
    model_on, model_host = weights(model, devices, settings, placement)
    context_on, context_host, _ = contexts(model, devices, replace(settings, mtp=False), placement)
    return Footprint(
        tuple(Use(*sizes) for sizes in zip(model_on, context_on, strict=True)),
        HostUse(model_host, context_host),
    )


def dummy_compute(
    model: Model, devices: Sequence[Device], settings: Settings, placement: Placement
) -> Footprint:
    """Its compute buffers."""
    on, host = _compute(model, devices, settings, placement)
    return Footprint(tuple(Use(compute=size) for size in on), HostUse(compute=host))


def dummy_heads(
    model: Model, devices: Sequence[Device], settings: Settings, placement: Placement
) -> Footprint:
    """Bytes of the context that runs prediction blocks on the weights of the model itself."""
    trunk = replace(settings, mtp=False)
    both, both_host = kv(model, devices, settings, placement)
    without, without_host = kv(model, devices, trunk, placement)
    on, host = _compute(model, devices, settings, placement)
    compute_on, compute_host = draft_context(model, settings, placement, on, host)
    caches = map(sub, both, without)
    return Footprint(
        tuple(Use(0, *sizes) for sizes in zip(caches, compute_on, strict=True)),
        HostUse(0, both_host - without_host, compute_host),
    )


def combined(one: Footprint, other: Footprint) -> Footprint:
    """Both, on the same devices."""

    def both(a: Use, b: Use) -> Use:
        return Use(a.model + b.model, a.context + b.context, a.compute + b.compute)

    host = tuple(map(add, _host(one), _host(other)))
    return Footprint(tuple(map(both, one.devices, other.devices)), HostUse(*host))


def _host(footprint: Footprint) -> tuple[int, int, int]:
    host = footprint.host
    return host.model, host.context, host.compute


def _compute(
    model: Model, devices: Sequence[Device], settings: Settings, placement: Placement
) -> tuple[tuple[int, ...], int]:
    try:
        return dummy_buffers(model, devices, settings, placement)
    except MissingError:
        return rough_compute(model, devices, settings, placement)
