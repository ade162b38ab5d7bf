"""Figures that people published of their own machines, and what is predicted for them.

data/published.json and data/held.json hold groups: one model on one machine, a source, and rows that differ in a few flags. Rows of
held.json were predicted before anything was changed for them, and a group that shapes a constant moves to published.json; docs/speed.md says where
those that stayed were looked at. `unseen` groups came when all constants stood, and none was changed since. A `note` says what its source leaves open and was assumed. Where the host's memory is not stated, `ram_bandwidth` is null; where the model's
quantisation is not at hand, `types` says which types of the nearest one to exchange. A row's `depth` are tokens in the context before the
measured ones; `with_prompt` says that it is a server's whole answers, the prompt's time counted as well. `virtual` a virtual machine's processor. `fp4: false` is a group whose llama.cpp had no products in FP4 yet.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import json
import re
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from moefit.cost import predict
from moefit.cost.uncertainty import Doubt
from moefit.cost.work import Work
from moefit.cost.workload import Workload
from moefit.launch.settings import Settings
from moefit.machine.declared import declare_host, parse_gpus
from moefit.machine.types import CPU, Cpu, Device, Machine, Ram
from moefit.model import Model, build
from moefit.placement.types import Placement
from moefit.search.problem import known_work
from tests.cost.dense import SHAPES, dense_header
from tests.cost.hybrid import HYBRIDS, hybrid_header
from tests.oracle import QUANT_TYPES, header

DATA = Path(__file__).parents[1] / "data"
GROUPS = json.loads((DATA / "published.json").read_text())
HELD = json.loads((DATA / "held.json").read_text())
UNSEEN = [group for group in HELD if group.get("unseen")]
PHASES = ("prefill", "decode")
NOT_SETTINGS = {
    *("prompt", "generated", "prefill", "decode", "n_cpu_moe", "gpu_layers", "depth", "with_prompt")
}
KINDS = (
    ("Apple", r"Apple"),
    ("AMD", r"AMD|Radeon"),
    ("laptop", r"Laptop"),
    ("Intel", r"Arc|Intel"),
    ("one NVIDIA card", r"."),
)
"""Kinds of machines by the names of their devices, the first that fits."""


def standing_in(group: dict[str, Any]) -> Model:
    """The group's model, its quantisation's types exchanged as the group says."""
    return _model(group["model"], group["quant"], tuple(group["types"].items()))


@functools.cache
def _model(name: str, quant: str, exchanged: tuple[tuple[str, str], ...]) -> Model:
    make = dense_header if name in SHAPES else hybrid_header if name in HYBRIDS else header
    recorded = make(name, quant)
    types = {**{name: name for name in QUANT_TYPES}, **dict(exchanged)}
    tensors = tuple(replace(t, quant=QUANT_TYPES[types[t.quant.name]]) for t in recorded.tensors)
    return build("model.gguf", replace(recorded, tensors=tensors))


def machine(group: dict[str, Any]) -> Machine:
    """The group's machine; without a GPU where it names none."""
    host = Ram(512 << 30, 512 << 30), Cpu(group["cores"], group["cores"])
    ram, cpu = declare_host(*host, None, group["ram_bandwidth"], group["cores"])
    gpus = parse_gpus(group["gpu"].split(" + ")) if group["gpu"] else ()
    nodes = group.get("numa_nodes", 1)
    told = {"model": group.get("cpu", ""), "numa_nodes": nodes, "virtual": group.get("virtual", False)}
    return Machine(gpus, ram, replace(cpu, **told))


def kind_of(group: dict[str, Any]) -> str:
    """What kind of machine a group was measured on."""
    gpus = machine(group).gpus
    if len(gpus) != 1:
        return "two and more cards" if gpus else "processor alone"
    return next(kind for kind, pattern in KINDS if re.search(pattern, gpus[0].description or gpus[0].name))


def placement(
    model: Model, group: dict[str, Any], row: dict[str, Any], devices: Sequence[Device]
) -> Placement:
    """`-ngl` and `--n-cpu-moe` as llama.cpp takes them, several devices by their free memory."""
    flags = {**group["settings"], **row}
    layers = model.layers
    offloaded = min(flags.get("gpu_layers", len(layers) + 1), len(layers) + 1) if devices else 0
    shares = list(itertools.accumulate(device.free for device in devices))
    split = (bisect.bisect_right(shares, shares[-1] * i / offloaded) for i in range(offloaded))
    slots = (*(CPU,) * (len(layers) + 1 - offloaded), *split)
    moved = layers[: flags.get("n_cpu_moe", 0)]
    return Placement(slots, {t.name: CPU for layer in moved for t in layer.experts})


class Figure(NamedTuple):
    """One measured rate, and all that its prediction needs."""

    group: dict[str, Any]
    phase: str
    measured: float
    """Tokens per second."""
    work: Work
    machine: Machine
    settings: Settings
    placement: Placement
    row: dict[str, Any]

    @property
    def predicted(self) -> float:
        """Tokens per second, by the constants as they are now."""
        prompt, generated, depth = self.row["prompt"], self.row["generated"], self.row.get("depth", 0)
        if self.row.get("with_prompt"):
            return float(generated / self._predict(prompt, generated).seconds)
        if (
            self.phase == "decode"
        ):  # llama-bench measures the two phases apart, generation after a context of `depth`
            return float(self._predict(depth, generated).decode_tokens_per_second)
        if not depth:
            return float(self._predict(prompt, 0).prefill_tokens_per_second)
        return float(prompt / (self._predict(depth + prompt, 0).seconds - self._predict(depth, 0).seconds))

    @property
    def doubt(self) -> Doubt:
        """The range that is shown beside it."""
        return self._predict(self.row["prompt"], self.row["generated"]).doubt

    def _predict(self, prompt: int, generated: int) -> Any:
        asked = Workload(prompt, generated)
        return predict(self.work, self.machine, self.machine.gpus, self.settings, self.placement, asked)


def spread(ratios: Iterable[float]) -> tuple[float, float, float]:
    """Of predicted rates against measured ones: the median error, and the 10th and the 90th percentile."""
    found = sorted(ratios)
    error = statistics.median(abs(ratio - 1) for ratio in found)
    return error, found[len(found) // 10], found[9 * len(found) // 10]


def figures(groups: Sequence[dict[str, Any]], phase: str) -> list[Figure]:
    """The rows of all groups that have that phase."""
    return [figure for group in groups for figure in figures_of(group["id"], phase)]


@functools.cache
def figures_of(name: str, phase: str) -> tuple[Figure, ...]:
    """The rows of a group, by its id, that have that phase."""
    group = next(group for group in (*GROUPS, *HELD) if group["id"] == name)
    return tuple(_figures(group, phase))


def _figures(group: dict[str, Any], phase: str) -> Iterator[Figure]:
    host, model = machine(group), standing_in(group)
    work = known_work(model)
    if not group.get("fp4", True):
        work = replace(work, in_fp4=0.0)
    for row in group["rows"]:
        if not row[phase]:
            continue
        flags = {k: v for k, v in {**group["settings"], **row}.items() if k not in NOT_SETTINGS}
        program = "llama-server" if row.get("with_prompt") else "llama-bench"
        settings = Settings(**{"context": 65536, "program": program, "slots": 1, **flags})
        where = placement(model, group, row, host.gpus)
        yield Figure(group, phase, row[phase], work, host, settings, where, row)
