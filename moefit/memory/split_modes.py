"""`-sm row` and `-sm tensor`: the parts of a layer lie on several devices, and moefit places nothing there.

source: src/llama-model.cpp, llama_model_base::load_tensors (row: matrices in a split buffer, everything else of the layers
on the main device) and llama_meta_device_get_split_state (tensor: every matrix and every cache in shares); common/fit.cpp, which
gives up on both modes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from moefit.memory.types import Footprint, Use
from moefit.placement.types import Ledger

SPLIT_MODES = ("row", "tensor")


def cautious(
    footprint: Footprint, ledger: Ledger, mode: str, main: int, tensor_split: Sequence[float] | None
) -> Footprint:
    """An estimate from above, from the footprint that whole layers would have.

    Shares are cut at whole rows or heads, so every device counts its part of the largest layer once more.
    """
    spare = max((size.total for size in ledger.slots), default=0)
    devices = _tensor(footprint, spare, tensor_split) if mode == "tensor" else _row(footprint, spare, main)
    note = f"-sm {mode}: nothing is placed, and memory is estimated from above: every device counts its part of the largest layer twice"
    return replace(footprint, devices=devices, notes=(*footprint.notes, note))


def _row(footprint: Footprint, spare: int, main: int) -> tuple[Use, ...]:
    """The shares follow `-ts` or what is free only roughly, and the main device holds every layer's cache."""
    context = sum(use.context for use in footprint.devices)
    return tuple(
        Use(use.model + spare, context if index == main else 0, use.compute)
        for index, use in enumerate(footprint.devices)
    )


def _tensor(footprint: Footprint, spare: int, tensor_split: Sequence[float] | None) -> tuple[Use, ...]:
    """In the shares of `-ts`, or evenly whatever is free; each device computes with whole activations."""
    count = len(footprint.devices)
    shares = [*(tensor_split or ()), *(0.0 for _ in range(count))][:count]
    if not any(shares):
        shares = [1.0] * count
    model = sum(use.model for use in footprint.devices) + spare
    context = sum(use.context for use in footprint.devices)
    compute = max((use.compute for use in footprint.devices), default=0)
    parts = [share / sum(shares) for share in shares]
    return tuple(Use(int(model * part), int(context * part), compute) for part in parts)
