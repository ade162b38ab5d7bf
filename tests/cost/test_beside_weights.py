"""What crosses the link in every micro-batch of a prompt beside weights: K and V of layers on the CPU, and which experts are used."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from moefit.cost import Prediction, predict
from moefit.cost.work import work_of
from moefit.cost.workload import Workload
from moefit.launch.settings import Settings
from moefit.machine.declared import parse_gpus
from moefit.machine.types import CPU, Cpu, Machine, Ram
from moefit.placement.types import Placement
from tests.oracle import model

PAGEABLE = 8.4e9
H200 = "name=CUDA0,free=6GiB,bandwidth=4800GB/s,link=55GB/s,pageable=8.4GB/s,compute=989T,description=NVIDIA H200"
MACHINE = Machine(parse_gpus([H200]), Ram(200 << 30, 200 << 30, 120_000_000_000), Cpu(32, 32, virtual=True))
BENCH = Settings(16384, program="llama-bench", slots=1, ubatch=512, load_mode="none")


def predicted(name: str, prompt: int, on_cpu: int, settings: Settings = BENCH) -> Prediction:
    """A prompt with the first layers on the CPU."""
    known = model(name, "MXFP4" if name == "gpt-oss-20b" else "Q4_K_M")
    slots = (*(CPU,) * on_cpu, *(0,) * (known.slots - on_cpu))
    asked = Workload(prompt, 0)
    return predict(work_of(known), MACHINE, MACHINE.gpus, settings, Placement(slots, {}), asked)


def crossing(prediction: Prediction) -> float:
    """Bytes of caches that cross the link."""
    return PAGEABLE * sum(term.seconds for term in prediction.terms if term.name == "caches")


@pytest.mark.parametrize(("prompt", "measured"), [(4096, 2236.4), (16368, 1616.5)])
def test_prompts_are_as_slow_as_measured_with_22_layers_on_the_cpu(prompt: int, measured: float) -> None:
    """benchmarks/gpu/results/grid.jsonl, lease 9: Qwen3-14B with 6 GiB free."""
    rate = predicted("qwen3-14b", prompt, 22).prefill_tokens_per_second
    assert rate == pytest.approx(measured, rel=0.1)


def test_every_micro_batch_reads_all_tokens_before_it_and_its_own() -> None:
    tokens = 512 + 1024 + 1536 + 2048
    assert crossing(predicted("qwen3-14b", 2048, 22)) == pytest.approx(22 * tokens * 2 * 8 * 128 * 2)


def test_a_windowed_cache_is_no_longer_than_window_and_micro_batch() -> None:
    window, full = 512 + 768 + 768 + 768, 512 + 1024 + 1536 + 2048
    asked = crossing(predicted("gpt-oss-20b", 2048, 2))
    assert asked == pytest.approx((window + full) * 2 * 8 * 64 * 2, rel=0.05)


@pytest.mark.parametrize(
    "change",
    [{"op_offload": False}, {"kv_offload": False}, {"op_offload_min_batch": 1024}],
    ids=["no helper", "caches on the host", "batches below the threshold"],
)
def test_nothing_crosses_where_attention_stays_on_the_cpu(change: dict[str, Any]) -> None:
    assert crossing(predicted("qwen3-14b", 2048, 22, replace(BENCH, **change))) == 0.0


NEXT = replace(BENCH, ubatch=4096, batch=4096)
SKEWED = 0.42


@pytest.mark.parametrize(("prompt", "measured"), [(4096, 2800.0), (16352, 2741.8), (512, 616.0)])
def test_prompts_are_as_slow_as_measured_with_512_experts_in_ram(prompt: int, measured: float) -> None:
    """benchmarks/gpu/results/prompts.txt: the host gets the choice of experts with all 512 of each token and layer; skew.py's routers use 0.74 of them for 512 tokens."""
    known = model("qwen3-next-80b-a3b", "Q4_K_M")
    work = replace(work_of(known), evenness=SKEWED)
    moved = {t.name: CPU for layer in known.layers for t in layer.experts}
    placement = Placement((0,) * known.slots, moved)
    told = predict(work, MACHINE, MACHINE.gpus, NEXT, placement, Workload(prompt, 0))
    assert told.prefill_tokens_per_second == pytest.approx(measured, rel=0.13)
