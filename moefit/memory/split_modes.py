"""`-sm row` and `-sm tensor`: the parts of a layer lie on several devices, and moefit places nothing there.

source: src/llama-model.cpp, llama_model_base::load_tensors (row: matrices in a split buffer, everything else of the layers
on the main device) and common/fit.cpp, which gives up on both modes.
"""

from __future__ import annotations

from dataclasses import replace

from moefit.memory.types import Footprint, Use
from moefit.placement.types import Ledger

SPLIT_MODES = ("row", "tensor")


def cautious(footprint: Footprint, ledger: Ledger, mode: str, main: int) -> Footprint:
    """An estimate from above, from the footprint that whole layers would have.

    Rows are cut to tiles and the shares follow `-ts` only roughly, so every device counts its largest layer once more; with
    `row` the main device holds every layer's cache.
    """
    spare = max((size.total for size in ledger.slots), default=0)
    context = sum(use.context for use in footprint.devices)
    devices = []
    for index, use in enumerate(footprint.devices):
        caches = use.context if mode == "tensor" else context if index == main else 0
        devices.append(Use(use.model + spare, caches, use.compute))
    note = f"-sm {mode}: nothing is placed, and memory is estimated from above: every device counts its largest layer twice"
    return replace(footprint, devices=tuple(devices), notes=(*footprint.notes, note))
