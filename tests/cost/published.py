"""Figures that people published of their own machines, and what is predicted for them.

data/published.json holds groups: one model on one machine, a source, and rows that differ in a few flags. Where the host's
memory is not stated, `ram_bandwidth` is null; where the model's quantisation is not at hand, `types` says which types of the
nearest one to exchange.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from moefit.cost import predict
from moefit.cost.work import Work, work_of
from moefit.cost.workload import Workload
from moefit.launch.settings import Settings
from moefit.machine.declared import declare_host, parse_gpus
from moefit.machine.types import CPU, Cpu, Machine, Ram
from moefit.model import Model, build
from moefit.placement.types import Placement
from tests.oracle import QUANT_TYPES, header

GROUPS = json.loads((Path(__file__).parents[1] / "data" / "published.json").read_text())
PHASES = ("prefill", "decode")
NOT_SETTINGS = {"prompt", "generated", "prefill", "decode", "n_cpu_moe", "gpu_layers"}


def standing_in(group: dict[str, Any]) -> Model:
    """The group's model, its quantisation's types exchanged as the group says."""
    recorded = header(group["model"], group["quant"])
    exchanged = {**{name: name for name in QUANT_TYPES}, **group["types"]}
    tensors = tuple(replace(t, quant=QUANT_TYPES[exchanged[t.quant.name]]) for t in recorded.tensors)
    return build("model.gguf", replace(recorded, tensors=tensors))


def machine(group: dict[str, Any]) -> Machine:
    host = Ram(512 << 30, 512 << 30), Cpu(group["cores"], group["cores"])
    ram, cpu = declare_host(*host, None, group["ram_bandwidth"], group["cores"])
    return Machine(parse_gpus([group["gpu"]]), ram, cpu)


def placement(model: Model, group: dict[str, Any], row: dict[str, Any]) -> Placement:
    """`-ngl` and `--n-cpu-moe` as llama.cpp takes them."""
    flags = {**group["settings"], **row}
    layers = model.layers
    offloaded = flags.get("gpu_layers", len(layers) + 1)
    slots = (*(CPU,) * (len(layers) + 1 - offloaded), *(0,) * offloaded)
    moved = layers[: flags.get("n_cpu_moe", 0)]
    return Placement(slots, {t.name: CPU for layer in moved for t in layer.experts})


class Figure(NamedTuple):
    """One measured rate, and all that its prediction needs."""

    group: int
    """Index in GROUPS."""
    phase: str
    measured: float
    """Tokens per second."""
    work: Work
    machine: Machine
    settings: Settings
    placement: Placement
    workload: Workload

    @property
    def predicted(self) -> float:
        """Tokens per second, by the constants as they are now."""
        made = predict(
            self.work, self.machine, self.machine.gpus, self.settings, self.placement, self.workload
        )
        rate: float = getattr(made, f"{self.phase}_tokens_per_second")
        return rate


@functools.cache
def figures(index: int, phase: str) -> tuple[Figure, ...]:
    """The rows of a group that have that phase."""
    return tuple(_figures(index, phase))


def _figures(index: int, phase: str) -> Iterator[Figure]:
    group = GROUPS[index]
    host, model = machine(group), standing_in(group)
    work = work_of(model)
    for row in group["rows"]:
        if not row[phase]:
            continue
        flags = {k: v for k, v in {**group["settings"], **row}.items() if k not in NOT_SETTINGS}
        settings = Settings(context=16384, program="llama-bench", slots=1, **flags)
        # llama-bench measures the two phases apart, generation after an empty context
        asked = Workload(row["prompt"], 0) if phase == "prefill" else Workload(0, row["generated"])
        yield Figure(index, phase, row[phase], work, host, settings, placement(model, group, row), asked)
