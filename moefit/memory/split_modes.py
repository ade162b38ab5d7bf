"""`-sm row` and `-sm tensor`: the parts of a layer lie on several devices, and moefit places nothing there.

source: src/llama-model.cpp, llama_model_base::load_tensors (row: matrices in a split buffer, everything else of the layers
on the main device) and llama_meta_device_get_split_state (tensor: every matrix and every cache in shares); common/fit.cpp, which
gives up on both modes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from moefit.memory.footprint import footprint
from moefit.memory.ledger import ledger
from moefit.memory.tensor_split import tensor_split
from moefit.memory.types import Footprint, Use

if TYPE_CHECKING:
    from moefit.launch.settings import Settings
    from moefit.machine.types import Device
    from moefit.model import Model
    from moefit.placement.types import Ledger, Placement

SPLIT_MODES = ("row", "tensor")


def split_footprint(
    model: Model,
    devices: Sequence[Device],
    settings: Settings,
    placement: Placement,
    split: Sequence[float] | None,
) -> Footprint:
    """What a launch takes whose layers lie on several devices: exact for most models with `-sm tensor`, else from above."""
    exact = None
    if settings.split_mode == "tensor" and devices:
        exact = tensor_split(model, devices, settings, placement, split)
    if exact is not None:
        return exact
    in_layers = footprint(model, devices, settings, placement)
    return cautious(
        in_layers, ledger(model, settings, devices), settings.split_mode, settings.main_gpu, split
    )


def cautious(
    in_layers: Footprint, sizes: Ledger, mode: str, main: int, split: Sequence[float] | None
) -> Footprint:
    """An estimate from above, from the footprint that full layers would have.

    Shares are cut at whole rows or heads, so every device counts its part of the largest layer once more.
    """
    spare = max((size.total for size in sizes.slots), default=0)
    devices = _tensor(in_layers, spare, split) if mode == "tensor" else _row(in_layers, spare, main)
    note = f"-sm {mode}: nothing is placed, and memory is estimated from above: every device counts its part of the largest layer twice"
    return replace(in_layers, devices=devices, notes=(*in_layers.notes, note))


def _row(in_layers: Footprint, spare: int, main: int) -> tuple[Use, ...]:
    """The shares follow `-ts` or what is free only roughly, and the main device holds every layer's cache."""
    context = sum(use.context for use in in_layers.devices)
    return tuple(
        Use(use.model + spare, context if index == main else 0, use.compute)
        for index, use in enumerate(in_layers.devices)
    )


def _tensor(in_layers: Footprint, spare: int, split: Sequence[float] | None) -> tuple[Use, ...]:
    """In the shares of `-ts`, or evenly whatever is free; each device computes with whole activations."""
    count = len(in_layers.devices)
    shares = [*(split or ()), *(0.0 for _ in range(count))][:count]
    if not any(shares):
        shares = [1.0] * count
    model = sum(use.model for use in in_layers.devices) + spare
    context = sum(use.context for use in in_layers.devices)
    compute = max((use.compute for use in in_layers.devices), default=0)
    parts = [share / sum(shares) for share in shares]
    return tuple(Use(int(model * part), int(context * part), compute) for part in parts)
