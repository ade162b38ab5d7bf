"""Predictions against figures that people published of their own machines.

data/published.json holds groups: one model on one machine, a source, and rows that differ in a few flags. Where the host's
memory is not stated, `ram_bandwidth` is null. Two criteria: within a group, rows more than 15% apart are in the measured order in 80%
of the pairs; over all rows the median error is below 30%. Prefill and decode each.
"""

from __future__ import annotations

import functools
import itertools
import json
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from moefit.cost import predict
from moefit.launch.settings import Settings
from moefit.machine.declared import declare_host, parse_gpus
from moefit.machine.types import CPU, Cpu, Machine, Ram
from moefit.placement.types import Placement
from moefit.work import Work, work_of
from moefit.workload import Workload
from tests.oracle import model

GROUPS = json.loads((Path(__file__).parents[1] / "data" / "published.json").read_text())
PHASES = ("prefill", "decode")
NOT_SETTINGS = {"prompt", "generated", "prefill", "decode", "n_cpu_moe", "gpu_layers"}


@functools.cache
def work(name: str, quant: str) -> Work:
    return work_of(model(name, quant))


def machine(group: dict[str, Any]) -> Machine:
    host = Ram(512 << 30, 512 << 30), Cpu(group["cores"], group["cores"])
    ram, cpu = declare_host(*host, None, group["ram_bandwidth"], group["cores"])
    return Machine(parse_gpus([group["gpu"]]), ram, cpu)


def placement(group: dict[str, Any], row: dict[str, Any]) -> Placement:
    """`-ngl` and `--n-cpu-moe` as llama.cpp takes them."""
    flags = {**group["settings"], **row}
    layers = model(group["model"], group["quant"]).layers
    offloaded = flags.get("gpu_layers", len(layers) + 1)
    slots = (*(CPU,) * (len(layers) + 1 - offloaded), *(0,) * offloaded)
    moved = layers[: flags.get("n_cpu_moe", 0)]
    return Placement(slots, {t.name: CPU for layer in moved for t in layer.experts})


def figures(group: dict[str, Any], phase: str) -> Iterator[tuple[float, float]]:
    """(measured, predicted) tokens per second of each row that has that phase."""
    host = machine(group)
    for row in group["rows"]:
        if not row[phase]:
            continue
        flags = {k: v for k, v in {**group["settings"], **row}.items() if k not in NOT_SETTINGS}
        settings = Settings(context=16384, program="llama-bench", slots=1, **flags)
        # llama-bench measures the two phases apart, generation after an empty context
        asked = Workload(row["prompt"], 0) if phase == "prefill" else Workload(0, row["generated"])
        prediction = predict(
            work(group["model"], group["quant"]),
            host,
            host.gpus,
            settings,
            placement(group, row),
            asked,
        )
        yield row[phase], getattr(prediction, f"{phase}_tokens_per_second")


def test_there_are_figures_of_many_machines_each_with_its_source() -> None:
    assert len({group["id"] for group in GROUPS}) == len(GROUPS) >= 22
    assert sum(bool(row[phase]) for group in GROUPS for row in group["rows"] for phase in PHASES) >= 122
    assert all(group["source"].startswith("https://") for group in GROUPS)


@pytest.mark.parametrize("phase", PHASES)
def test_rows_of_a_group_are_predicted_in_the_measured_order(phase: str) -> None:
    right = [
        (a[0] > b[0]) == (a[1] > b[1])
        for group in GROUPS
        for a, b in itertools.combinations(figures(group, phase), 2)
        if max(a[0], b[0]) > 1.15 * min(a[0], b[0])
    ]
    assert len(right) > 50
    assert sum(right) / len(right) >= 0.8


@pytest.mark.parametrize("phase", PHASES)
def test_the_median_error_is_below_three_tenths(phase: str) -> None:
    errors = [
        abs(predicted / measured - 1) for group in GROUPS for measured, predicted in figures(group, phase)
    ]
    assert statistics.median(errors) < 0.3
