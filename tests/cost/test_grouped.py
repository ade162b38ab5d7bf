"""Grouped products of experts, against kernels of an H200 (b11549): Qwen3-Next-80B and Qwen3.5-35B-A3B, in micro-batches of 512 and 4,096 tokens."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from moefit.cost.grouped import grouped, of_types
from moefit.cost.run import Run, run_of
from moefit.cost.token_load import Load
from moefit.cost.work import work_of
from moefit.launch.settings import Settings
from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.placement.types import Placement
from tests.oracle import model

PROFILE = Path(__file__).parents[2] / "benchmarks" / "gpu" / "results" / "tiles.csv"
NEXT, QWEN = "qwen3-next-80b-a3b", "qwen3.5-35b-a3b"
SKEWED = {NEXT: 0.42, QWEN: 5.0}
"""How even the routers of those files are: the one's as skew.py makes them, the other's choose all experts alike."""


def layer(name: str, tokens: int, kernels: str) -> float:
    """Microseconds that one layer takes for such kernels: three matrices of experts, or one step of the states."""
    with PROFILE.open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["model"] == name and int(row["tokens"]) == tokens]
    rows = [row for row in rows if row["kernel"].startswith(kernels)]
    return sum(int(row["launches"]) * float(row["microseconds"]) for row in rows) / sum(
        int(row["launches"]) for row in rows
    )


def running(card: str, name: str) -> tuple[Run, Load]:
    """A run with everything on a card, and its first layer."""
    gpus, whole = parse_gpus([card]), model(name, "Q4_K_M")
    work = replace(work_of(whole), evenness=SKEWED[name])
    host, settings = (
        Machine(gpus, Ram(1 << 38, 1 << 38), Cpu(16, 16)),
        Settings(context=8192, program="llama-bench", slots=1),
    )
    return run_of(work, host, gpus, settings, Placement((0,) * whole.slots)), work.over(0, 1)


@pytest.mark.parametrize(("name", "tokens"), [(NEXT, 512), (NEXT, 4096), (QWEN, 4096)])
def test_experts_of_a_layer_take_what_their_kernels_take(name: str, tokens: int) -> None:
    run, load = running("h200", name)
    measured = 2.0 * layer(name, tokens, "gate and up") + layer(name, tokens, "down")
    assert 1e6 * load.expert_macs * grouped(run, 0, tokens) == pytest.approx(measured, rel=0.13)


@pytest.mark.parametrize(("name", "tokens"), [(NEXT, 512), (NEXT, 4096), (QWEN, 4096)])
def test_states_of_a_layer_are_stepped_as_fast_as_measured(name: str, tokens: int) -> None:
    run, load = running("h200", name)
    seconds = 2.0 * load.recurrence_macs * tokens / run.rates[0].recurrence_flops
    assert 1e6 * seconds == pytest.approx(layer(name, tokens, "gated delta net"), rel=0.05)


def test_a_large_micro_batch_starts_a_block_for_every_tile_that_there_could_be() -> None:
    """Of 512 experts 24 tiles of rows each: rows of 512, 512 and 2,048; a multiprocessor starts 2,980 of them in 3.2 ms."""
    run, load = running("h200", NEXT)
    assert load.expert_macs * run.work.row_tiles == pytest.approx(512 * 24)
    idle = load.expert_macs * run.work.row_tiles * 32 * run.rates[0].block
    assert 1e3 * idle == pytest.approx(512 * 24 * 32 / 132 * 1.08e-3, rel=0.03)


@pytest.mark.parametrize("card", ["p40", "v100-16gb", "rx-9070-xt", "m3-max", "b580"])
def test_chips_without_those_tiles_start_no_blocks_for_them(card: str) -> None:
    run, _ = running(card, QWEN)
    assert run.rates[0].block == 0.0


@pytest.mark.parametrize(
    ("tokens", "tiles", "share"),
    [(8, 0, 0.0), (9, 1, 16 / 128), (64, 1, 0.5), (113, 1, 1.0), (130, 2, 80 / 128), (512, 4, 1.0)],
)
def test_the_narrowest_tile_is_taken_with_which_there_are_as_few(
    tokens: int, tiles: int, share: float
) -> None:
    run, _ = running("rtx-3090", QWEN)
    rate, work = run.rates[0], run.work
    padding = share * rate.padding * work.distinct(tokens) * work.experts / work.experts_used
    faster = of_types(work, rate)
    expected = 2.0 * (tokens + padding) / (rate.expert_flops * faster) + work.row_tiles * tiles * rate.block
    assert grouped(run, 0, tokens) == pytest.approx(expected)
