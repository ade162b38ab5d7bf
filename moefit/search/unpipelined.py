"""Every layer on devices without the copies of pipelining: for those a tensor would have to go to the CPU, where an override ends pipelining anyway.

Any override does, also one that moves nothing. source: src/llama-context.cpp, llama_context::llama_context, pipeline_parallel
(llama_model::has_tensor_overrides)
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from moefit.memory.pipelining import pipelines
from moefit.memory.weights import EMBEDDING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moefit.launch.settings import Settings
    from moefit.machine.types import Device
    from moefit.model import Model
    from moefit.placement.types import Placement


def unpipelined(
    model: Model, devices: Sequence[Device], settings: Settings, placement: Placement
) -> Placement | None:
    """The placement with an override of the output's norm to where it is; None where nothing is pipelined, or there is no such tensor."""
    if not pipelines(devices, settings, placement):
        return None
    smallest = min(model.output, key=lambda tensor: tensor.bytes, default=None)
    if smallest is None or smallest.name == EMBEDDING:
        return None
    return replace(placement, overrides={smallest.name: placement.slots[-1]})
