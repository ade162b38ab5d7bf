"""A launch's whole memory: weights, caches, compute buffers, and the host's share."""

from __future__ import annotations

from dataclasses import replace
from operator import add
from typing import TYPE_CHECKING

from moefit.memory.compute import real_buffers, sketched_buffers
from moefit.memory.host import caches, output_buffer
from moefit.memory.kv import kv
from moefit.memory.lazy import lazy
from moefit.memory.moe_cache import moe_cache
from moefit.memory.rough import rough_compute
from moefit.memory.types import Footprint, HostUse, Use
from moefit.memory.unknown import notes
from moefit.memory.weights import weights
from moefit.model import MissingError
from moefit.model.architectures import is_known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moefit.launch.settings import Settings
    from moefit.machine.types import Device
    from moefit.memory.moe_cache import MoeCache
    from moefit.model import Model, Tensor
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
    lazily = lazy(model, settings.lazy_mode)
    placement = _less(placement, lazily)
    model_on, model_host = weights(model, devices, settings, placement)
    context_on, context_host, cache = contexts(model, devices, settings, placement)
    compute_on, compute_host, remarks = _compute(model, devices, settings, placement)
    draft_on, draft_host = draft_context(model, settings, placement, compute_on, compute_host)
    return Footprint(
        devices=tuple(
            Use(*of_device)
            for of_device in zip(model_on, context_on, map(add, compute_on, draft_on), strict=True)
        ),
        host=HostUse(
            model=model_host,
            context=context_host,
            compute=compute_host + draft_host,
            cache=sum(term.bytes for term in caches(model, settings)),
            output=output_buffer(model, settings),
            lazy=sum(tensor.bytes for tensor in lazily),
        ),
        moe_cache=cache,
        notes=tuple(dict.fromkeys((*notes(model), *remarks))),
    )


def contexts(
    model: Model, devices: Sequence[Device], settings: Settings, placement: Placement
) -> tuple[tuple[int, ...], int, MoeCache | None]:
    """Caches and states, the expert cache included, of each device and the host; and the expert cache."""
    on, host = kv(model, devices, settings, placement)
    cache = moe_cache(model, devices, settings, placement)
    if cache is None:
        return on, host, None
    return tuple(map(add, on, cache.devices)), host + cache.host, cache


def compute_sketch(
    model: Model, devices: Sequence[Device], settings: Settings, placement: Placement
) -> tuple[int, ...]:
    """About the compute buffer of each device, in bytes, many times as fast as `footprint`."""
    try:
        return sketched_buffers(model, devices, settings, placement)
    except MissingError:
        return rough_compute(model, devices, settings, placement)[0]


def _less(placement: Placement, fixed: Sequence[Tensor]) -> Placement:
    """The placement without overrides of tensors that none moves."""
    names = {tensor.name for tensor in fixed} & placement.overrides.keys()
    if not names:
        return placement
    return replace(placement, overrides={n: i for n, i in placement.overrides.items() if n not in names})


def _compute(
    model: Model, devices: Sequence[Device], settings: Settings, placement: Placement
) -> tuple[tuple[int, ...], int, tuple[str, ...]]:
    """Compute buffers on each device and the host, what a real run keeps beyond a dummy load included, and remarks.

    Where the graph of an architecture is not known, or may be another than it seems, the rough bound counts.
    """
    try:
        on, own, notes = real_buffers(model, devices, settings, placement)
    except MissingError as error:
        on, host = rough_compute(model, devices, settings, placement)
        return (
            on,
            host,
            (f"{model.architecture}: the file lacks {error.name}: compute buffers are a rough bound",),
        )
    if is_known(model.architecture) and not notes:
        return on, own, ()
    bound, host = rough_compute(model, devices, settings, placement)
    return tuple(map(max, on, bound)), max(own, host), notes


def most_of_draft(host: int) -> int:
    """The most that buffers in RAM of a context of prediction blocks take, by those of the main context: at most 118% in every recorded row."""
    return host * 6 // 5


def draft_context(
    model: Model, settings: Settings, placement: Placement, main: Sequence[int], host: int
) -> tuple[tuple[int, ...], int]:
    """Compute buffers of the context that runs the nextn blocks, for each device and the host: a bound.

    It runs one block and the output, on their devices, and copies experts to device 0 as the main context does. In every
    recorded row its buffers take at most 98% of the main context's on a device; on the host see `most_of_draft`.
    """
    if not settings.mtp or not any(layer.mtp for layer in model.layers):
        return (0,) * len(main), 0
    busy = {placement.slots[layer.index] for layer in model.layers if layer.mtp} | {placement.slots[-1], 0}
    return tuple(size if index in busy else 0 for index, size in enumerate(main)), most_of_draft(host)
