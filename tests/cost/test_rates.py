"""What devices and processors do per second, where their names say more than their figures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moefit.cost import predict
from moefit.cost.constants import RECURRENCE_SHARE
from moefit.cost.rates import copy_rate, device_rates, host_rates
from moefit.cost.work import work_of
from moefit.cost.workload import Workload
from moefit.launch.settings import Settings
from moefit.machine.assumed import ram_bandwidth
from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.placement.types import Placement
from tests.oracle import model

GIB = 1 << 30
RAM = Ram(64 * GIB, 64 * GIB)
BENCH = Settings(context=8192, program="llama-bench", slots=1)


def test_blackwell_multiplies_mxfp4_as_it_is_and_other_types_as_before() -> None:
    gpus = parse_gpus(["rtx-5080"])
    whole, host = model("gpt-oss-20b", "MXFP4"), Machine(gpus, RAM, Cpu(8, 16))
    work = work_of(whole)
    rates = [
        predict(one, host, gpus, BENCH, Placement((0,) * whole.slots), Workload(512, 0))
        for one in (replace(work, in_fp4=0.0), work)
    ]
    before, after = (one.prefill_tokens_per_second for one in rates)
    assert after > 1.25 * before
    assert work_of(model("qwen3-30b-a3b", "Q4_K_M")).in_fp4 == 0.0
    assert device_rates(parse_gpus(["rtx-4080"])[0]).fp4 == 1.0


@pytest.mark.parametrize(
    ("processor", "expected"),
    [
        ("Intel(R) N100", 16_000_000_000),
        ("Intel(R) Core(TM) i3-N305", 16_000_000_000),
        ("Intel(R) Processor N200", 16_000_000_000),
        ("Intel(R) Core(TM) i7-10700K CPU @ 3.80GHz", 34_000_000_000),
    ],
)
def test_processors_of_the_n_series_have_one_channel(processor: str, expected: int) -> None:
    assert ram_bandwidth(Machine((), RAM, Cpu(4, 4, model=processor))) == expected


def test_cores_of_the_n_series_compute_slower() -> None:
    small, usual = (
        host_rates(Machine((), RAM, Cpu(4, 4, model=name)), BENCH, None).flops
        for name in ("Intel(R) N100", "Intel(R) Core(TM) i3-10100")
    )
    assert small < 0.3 * usual


@pytest.mark.parametrize(("link", "share"), [(2.75, 0.97), (13.4, 0.6), (54.0, 0.2)])
def test_pageable_memory_feeds_a_slow_link_fully_and_a_fast_one_as_it_can(link: float, share: float) -> None:
    (card,) = parse_gpus([f"rtx-3090,link={link}GB/s"])
    machine = Machine((card,), replace(RAM, bandwidth=34_000_000_000), Cpu(8, 16))
    rate = copy_rate(host_rates(machine, BENCH, None), card, BENCH)
    assert share < rate / (link * 1e9) < share + 0.3


@pytest.mark.parametrize(
    ("card", "of_the_usual"),
    [("rtx-3090", 1.0), ("rtx-2080", 0.5), ("arc-b580", 0.5), ("mi100", 0.5), ("h200", 0.27)],
)
def test_states_are_stepped_by_plain_units_of_which_some_chips_have_few(
    card: str, of_the_usual: float
) -> None:
    """Their FP32 rate against a quarter of their FP16 tensor rate: MI100 23 of 185 TFLOP/s, H200 67 of 989."""
    (device,) = parse_gpus([card])
    assert device.compute is not None
    rate = device_rates(device).recurrence_flops / (RECURRENCE_SHARE * device.compute)
    assert rate == pytest.approx(of_the_usual)
