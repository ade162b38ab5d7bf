"""What devices and processors do per second, where their names say more than their figures."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from moefit.cost import predict
from moefit.cost.constants import LAUNCHED_ANEW, ONE_SCALE, RECURRENCE_SHARE
from moefit.cost.device_rates import device_rates
from moefit.cost.host_rates import barrier, host_rates
from moefit.cost.link_rates import copy_rate
from moefit.cost.uncertainty import doubt
from moefit.cost.work import work_of
from moefit.cost.workload import Workload
from moefit.launch.settings import Settings
from moefit.machine.assumed import ram_bandwidth
from moefit.machine.declared import parse_gpus
from moefit.machine.types import CPU, Cpu, Machine, Ram
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
    assert after > 1.2 * before
    assert work_of(model("qwen3-30b-a3b", "Q4_K_M")).in_fp4 == 0.0
    assert device_rates(parse_gpus(["rtx-4080"])[0]).fp4 < 1.0


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
    [("rtx-3090", 1.0), ("rtx-2080", 0.5), ("arc-b580", 0.5), ("mi100", 0.5), ("h200", 0.392)],
)
def test_states_are_stepped_by_plain_units_of_which_some_chips_have_few(
    card: str, of_the_usual: float
) -> None:
    """Their FP32 rate against a quarter of their FP16 tensor rate: MI100 23 of 185 TFLOP/s; an H200 steps as measured."""
    (device,) = parse_gpus([card])
    assert device.compute is not None
    rate = device_rates(device).recurrence_flops / (RECURRENCE_SHARE * device.compute)
    assert rate == pytest.approx(of_the_usual)


def seconds_of_token(card: str, depth: int, file: str = "qwen3-14b", quant: str = "Q4_K_M") -> float:
    (device,) = parse_gpus([card])
    whole = model(file, quant)
    roomy = (replace(device, total=96 * GIB, free=95 * GIB),)
    host = Machine(roomy, RAM, Cpu(8, 16))
    found = predict(work_of(whole), host, roomy, BENCH, Placement((0,) * whole.slots), Workload(depth, 32))
    return 1 / found.decode_tokens_per_second


def test_chips_of_pascals_kind_replay_no_graph_and_draw_what_their_units_unpack() -> None:
    """source: ggml/src/ggml-cuda/ggml-cuda.cu, ggml_cuda_graph_set_enabled."""
    pascal, turing = (device_rates(parse_gpus([card])[0]) for card in ("gtx-1080", "rtx-2080"))
    assert pascal.layer > turing.layer + 0.9 * LAUNCHED_ANEW
    assert pascal.read < 0.9 * 320e9


def test_an_mi50_draws_a_third_of_what_its_memory_gives() -> None:
    assert 0.25 < device_rates(parse_gpus(["mi50-32gb"])[0]).read / 1024e9 < 0.4


def test_with_metal_each_query_head_reads_the_cache_for_itself() -> None:
    """Five heads of Qwen3-14B share a head of keys."""
    apple, cuda = (
        seconds_of_token(card, 16384) - seconds_of_token(card, 512) for card in ("m2-ultra", "rtx-3090")
    )
    assert apple > 1.5 * cuda
    assert device_rates(parse_gpus(["gtx-1080"])[0]).each_head == inf


def test_with_cuda_heads_that_share_a_compressed_cache_are_multiplied_for_longer_than_it_is_read() -> None:
    """Twenty heads of GLM-4.7-Flash share one: 17.7e9 multiplications for 32,768 cells (github.com/ggml-org/llama.cpp/pull/19092)."""
    rates = device_rates(parse_gpus(["rtx-3090"])[0])
    read, multiplied = 47 * 576 * 32768 * 2 / rates.read, 47 * 20 * 576 * 32768 / rates.each_head
    assert 1.3 * read < multiplied < 0.0063


def test_amds_chips_multiply_mxfp4_faster_than_k_quants() -> None:
    assert device_rates(parse_gpus(["rx-9070-xt"])[0]).fp4 == ONE_SCALE > 1
    assert device_rates(parse_gpus(["m2-ultra"])[0]).fp4 == 1.0


def test_a_layer_with_more_matrices_and_norms_takes_more_kernels() -> None:
    plain, many = (work_of(model(name, "Q4_K_M")).over(0, 30) for name in ("qwen3-30b-a3b", "gemma4-26b-a4b"))
    assert plain.kernels == 0
    assert many.kernels >= 100


@pytest.mark.parametrize(
    ("name", "quant", "counted"),
    [
        ("qwen3-14b", "Q4_K_M", 1089),
        ("qwen3-30b-a3b", "Q4_K_M", 2073),
        ("gpt-oss-20b", "MXFP4", 1017),
        ("qwen3-next-80b-a3b", "Q4_K_M", 3453),
    ],
)
def test_threads_wait_for_each_other_as_often_as_llama_cpps_graph_has_it(
    name: str, quant: str, counted: int
) -> None:
    """Counted in the nodes that b11549 prints with GGML_SCHED_DEBUG=2 (NODES), those of the output and of shared experts included."""
    of = model(name, quant)
    rates = host_rates(Machine((), RAM, Cpu(8, 8)), BENCH, 8)
    waits = rates.barriers(work_of(of).over(0, len(of.layers))) / barrier(8)
    assert waits == pytest.approx(counted, rel=0.06)


def test_weights_laid_on_all_nodes_are_read_faster() -> None:
    parted = Machine((), RAM, Cpu(64, 64, model="AMD EPYC 9554 64-Core Processor", numa_nodes=4))
    near, spread = (host_rates(parted, replace(BENCH, numa=numa), None).read for numa in (None, "distribute"))
    assert spread > 2 * near


def test_ranges_of_answers_are_wider_where_no_backend_of_cuda_gives_them() -> None:
    nvidia, amd = (
        predict(
            work_of(whole),
            Machine(gpus, RAM, Cpu(8, 16)),
            gpus,
            BENCH,
            Placement((0,) * whole.slots),
            Workload(512, 32),
        ).doubt
        for whole in (model("qwen3-14b", "Q4_K_M"),)
        for gpus in (parse_gpus(["rtx-3090"]), parse_gpus(["rx-7900-xtx"]))
    )
    (low, high), (lower, higher) = nvidia.decode, amd.decode
    assert lower < low < high < higher
    assert nvidia.prefill == amd.prefill
    assert doubt("measured", (), elsewhere=True) == doubt("measured", ())


def test_a_processor_alone_has_the_range_of_a_guess_until_it_is_calibrated() -> None:
    assert doubt("catalogue", (), alone=True) == doubt("guessed", ()) != doubt("catalogue", ())
    assert doubt("calibrated", (), alone=True) == doubt("calibrated", ())
    whole, known = model("qwen3-14b", "Q4_K_M"), replace(RAM, bandwidth=60 * 10**9)
    slots, host = Placement((CPU,) * whole.slots), Machine((), known, Cpu(8, 16))
    assert doubt("guessed", ()) == predict(work_of(whole), host, (), BENCH, slots, Workload(512, 32)).doubt


def test_answers_of_recurrent_models_may_be_slower_where_nothing_was_measured() -> None:
    gpus = parse_gpus(["rtx-3090"])
    attention, recurrent = (
        predict(
            work_of(whole),
            Machine(gpus, RAM, Cpu(8, 16)),
            gpus,
            BENCH,
            Placement((0,) * whole.slots),
            Workload(512, 32),
        ).doubt
        for whole in (model("qwen3-14b", "Q4_K_M"), model("qwen3.5-9b", "Q4_K_M"))
    )
    assert recurrent.decode[0] < attention.decode[0]
    assert (recurrent.decode[1], recurrent.prefill) == (attention.decode[1], attention.prefill)
    assert doubt("calibrated", (), recurrent=True) == doubt("calibrated", ())
