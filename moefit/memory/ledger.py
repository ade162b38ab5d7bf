"""The sizes that a strategy places: every layer slot with its cache, routed experts apart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from moefit.memory.buffers import HOST
from moefit.memory.kv import layer_bytes
from moefit.memory.memo import per_object
from moefit.memory.weights import slot_weights, tensor_sizes
from moefit.model import Role
from moefit.placement.types import LayerSize, Ledger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moefit.launch.settings import Settings
    from moefit.machine.backends import Backend
    from moefit.machine.types import Device
    from moefit.model import Model

_FFN: Final = re.compile(r"[.]ffn_(up|gate|down)[.]weight$")


def ledger(model: Model, settings: Settings, devices: Sequence[Device] = ()) -> Ledger:
    """What each slot costs the device that holds it, the output last.

    The sizes are those of `weights` and `kv`. Where the devices' backends pad differently, a slot counts its largest size.
    With --no-kv-offload caches are no part of it.
    """
    backends = list(dict.fromkeys(device.backend for device in devices)) or [HOST]
    first, *others = (
        _slots(model, settings.mtp, backend, _caches(model, settings, backend)) for backend in backends
    )
    if not others:
        return Ledger(first)
    return Ledger(
        tuple(max(sizes, key=lambda size: size.total) for sizes in zip(first, *others, strict=True))
    )


def _caches(model: Model, settings: Settings, backend: Backend) -> tuple[int, ...]:
    return layer_bytes(model, settings, backend) if settings.kv_offload else (0,) * len(model.layers)


@per_object(64)
def _slots(
    model: Model,
    mtp: bool,  # noqa: FBT001 - remembered by position
    backend: Backend,
    caches: tuple[int, ...],
) -> tuple[LayerSize, ...]:
    return tuple(
        LayerSize(slot.base + cache, slot.experts, ffn)
        for slot, cache, ffn in zip(
            slot_weights(model, mtp, backend),
            (*caches, 0),
            (*_dense_ffns(model, mtp, backend), ()),
            strict=True,
        )
    )


@per_object(64)
def _dense_ffns(model: Model, mtp: bool, backend: Backend) -> tuple[tuple[tuple[str, int], ...], ...]:  # noqa: FBT001
    """For each block without routed experts, the matrices of its FFN."""
    sizes = tensor_sizes(model, mtp, backend)
    return tuple(
        tuple(
            (t.name, sizes[t.name])
            for t in layer.tensors
            if t.role is Role.BASE and _FFN.search(t.name) and t.name in sizes
        )
        if not layer.experts
        else ()
        for layer in model.layers
    )
