"""When llama.cpp lets several devices work on several micro-batches at once, which holds every input in copies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from moefit.machine.types import CPU

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moefit.launch.settings import Settings
    from moefit.machine.types import Device
    from moefit.placement.types import Placement

COPIES: Final = 4
"""source: ggml/src/ggml-backend.cpp, GGML_SCHED_MAX_COPIES"""


def pipelines(devices: Sequence[Device], settings: Settings, placement: Placement) -> bool:
    """Whether it does: with every slot on one of several devices that all compute asynchronously, and nothing that overrides where tensors are.

    source: src/llama-context.cpp, llama_context::llama_context, pipeline_parallel
    """
    return may_pipeline(devices, settings) and CPU not in placement.slots and not placement.overrides


def may_pipeline(devices: Sequence[Device], settings: Settings) -> bool:
    """Whether it does with some placement: all that does not hang on where tensors are."""
    return (
        len(devices) > 1
        and settings.split_mode == "layer"
        and settings.kv_offload
        and not settings.overridden
        and not settings.moe_cache
        and all(device.backend.pipelines for device in devices)
    )
