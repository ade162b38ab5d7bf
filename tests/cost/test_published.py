"""Predictions against figures that people published of their own machines.

data/published.json holds groups: one model on one machine, a source, and rows that differ in a few flags. Where the host's
memory is not stated, `ram_bandwidth` is null; where the model's quantisation is not at hand, `types` says which types of the
nearest one to exchange. Two criteria: within a group, rows more than 15% apart are in the measured order in 80%
of the pairs; over all rows the median error is below 30%. Prefill and decode each.
"""

from __future__ import annotations

import functools
import itertools
import json
import statistics
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from moefit.cost import predict
from moefit.cost.ranges import doubt
from moefit.cost.work import work_of
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


@functools.cache
def figures(index: int, phase: str) -> tuple[tuple[float, float], ...]:
    """(measured, predicted) tokens per second of each row of a group that has that phase."""
    return tuple(_figures(GROUPS[index], phase))


def _figures(group: dict[str, Any], phase: str) -> Iterator[tuple[float, float]]:
    host, model = machine(group), standing_in(group)
    work = work_of(model)
    for row in group["rows"]:
        if not row[phase]:
            continue
        flags = {k: v for k, v in {**group["settings"], **row}.items() if k not in NOT_SETTINGS}
        settings = Settings(context=16384, program="llama-bench", slots=1, **flags)
        # llama-bench measures the two phases apart, generation after an empty context
        asked = Workload(row["prompt"], 0) if phase == "prefill" else Workload(0, row["generated"])
        prediction = predict(
            work,
            host,
            host.gpus,
            settings,
            placement(model, group, row),
            asked,
        )
        yield row[phase], getattr(prediction, f"{phase}_tokens_per_second")


def test_there_are_figures_of_many_machines_each_with_its_source() -> None:
    assert len({group["id"] for group in GROUPS}) == len(GROUPS) >= 30
    assert sum(bool(row[phase]) for group in GROUPS for row in group["rows"] for phase in PHASES) >= 200
    assert all(group["source"].startswith("https://") for group in GROUPS)


@pytest.mark.parametrize("phase", PHASES)
def test_rows_of_a_group_are_predicted_in_the_measured_order(phase: str) -> None:
    right = [
        (a[0] > b[0]) == (a[1] > b[1])
        for index in range(len(GROUPS))
        for a, b in itertools.combinations(figures(index, phase), 2)
        if max(a[0], b[0]) > 1.15 * min(a[0], b[0])
    ]
    assert len(right) > 50
    assert sum(right) / len(right) >= 0.8


@pytest.mark.parametrize("phase", PHASES)
def test_the_median_error_is_below_three_tenths(phase: str) -> None:
    errors = [
        abs(predicted / measured - 1)
        for index in range(len(GROUPS))
        for measured, predicted in figures(index, phase)
    ]
    assert statistics.median(errors) < 0.3


@pytest.mark.parametrize("phase", PHASES)
def test_four_of_five_rows_lie_within_the_range_that_is_shown(phase: str) -> None:
    inside = [
        low <= measured / predicted <= high
        for index in range(len(GROUPS))
        for low, high in [
            getattr(
                doubt("catalogue" if GROUPS[index]["ram_bandwidth"] else "guessed", (), turns=False), phase
            )
        ]
        for measured, predicted in figures(index, phase)
    ]
    assert 0.75 <= sum(inside) / len(inside) <= 0.95
