"""Starts against those of rented machines, files in the page cache: benchmarks/gpu/results."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moefit.cost import predict
from moefit.cost.work import work_of
from moefit.cost.workload import Workload
from moefit.launch.settings import Settings
from moefit.machine.declared import parse_gpus
from moefit.machine.types import CPU, Cpu, Machine, Ram
from moefit.placement.types import Placement
from tests.oracle import model

MACHINE = Machine(parse_gpus(["h200"]), Ram(250 << 30, 250 << 30, 107 * 10**9), Cpu(32, 32))
PINNED = Settings(context=16384, load_mode="none", ubatch=2048)
CHAT = Workload(2048, 512)


def start(
    name: str, quant: str, moved: int, settings: Settings = PINNED, workload: Workload = CHAT
) -> tuple[float, float]:
    """(seconds until ready, seconds of a request) with the experts of the last `moved` layers on the CPU."""
    known = model(name, quant)
    experts = {t.name: CPU for layer in known.layers[len(known.layers) - moved :] for t in layer.experts}
    placement = Placement((0,) * known.slots, experts)
    made = predict(work_of(known), MACHINE, MACHINE.gpus, settings, placement, workload)
    return made.ready[0], made.seconds


@pytest.mark.parametrize(
    ("name", "moved", "measured"),
    [
        ("qwen3-30b-a3b", 48, 16.1),
        ("qwen3-30b-a3b", 36, 11.4),
        ("qwen3-30b-a3b", 23, 8.4),
        ("qwen3-next-80b-a3b", 37, 30.3),
    ],
)
def test_pinned_starts_are_predicted_within_a_third(name: str, moved: int, measured: float) -> None:
    ready, _ = start(name, "Q4_K_M", moved)
    assert abs(ready / measured - 1) < 1 / 3


def test_a_mapped_file_starts_sooner() -> None:
    assert start("qwen3-30b-a3b", "Q4_K_M", 48, replace(PINNED, load_mode="mmap"))[0] < 4


def test_a_request_bears_its_share_of_the_start() -> None:
    ready, many = start("qwen3-30b-a3b", "Q4_K_M", 48)
    _, few = start("qwen3-30b-a3b", "Q4_K_M", 48, workload=replace(CHAT, requests=4))
    assert ready / 4 == pytest.approx(few - many)
