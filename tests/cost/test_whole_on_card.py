"""Answers of models that are whole on one NVIDIA H200 (b11549), and what limits them: the chip rather than its memory, and the server's own share.

Random weights in the shapes and types of the models; 16 virtual cores. llama-bench with flash attention generates 96 tokens after an empty context
and after 8192, llama-server 64 after a prompt of 4096.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from moefit.cost import predict
from moefit.cost.device_rates import device_rates
from moefit.cost.work import work_of
from moefit.cost.workload import Workload
from moefit.launch.settings import Settings
from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.placement.types import Placement
from tests.oracle import model

GIB = 1 << 30
H200 = parse_gpus(["h200"])
MACHINE = Machine(H200, Ram(200 * GIB, 200 * GIB), Cpu(16, 16, model="Intel(R) Xeon(R)", virtual=True))
BENCH = Settings(context=16384, program="llama-bench", slots=1, load_mode="none")
SERVER = replace(BENCH, program="llama-server")
SKEWED = {"qwen3-30b-a3b": 0.36, "gpt-oss-20b": 0.22}
MODELS = {"qwen3-14b": "Q4_K_M", "gpt-oss-20b": "MXFP4", "qwen3-30b-a3b": "Q4_K_M"}


def decoded(name: str, settings: Settings, asked: Workload) -> float:
    """Tokens per second, everything on the card."""
    whole = model(name, MODELS[name])
    made = predict(work_of(whole), MACHINE, H200, settings, Placement((0,) * whole.slots), asked)
    return made.decode_tokens_per_second


@pytest.mark.parametrize(
    ("name", "depth", "measured"),
    [
        ("qwen3-14b", 0, 144.7),
        ("qwen3-14b", 8192, 132.0),
        ("gpt-oss-20b", 0, 304.5),
        ("gpt-oss-20b", 8192, 289.1),
        ("qwen3-30b-a3b", 0, 287.6),
        ("qwen3-30b-a3b", 8192, 241.9),
    ],
)
def test_llama_bench_is_predicted_within_a_tenth(name: str, depth: int, measured: float) -> None:
    assert decoded(name, BENCH, Workload(depth, 96)) == pytest.approx(measured, rel=0.1)


@pytest.mark.parametrize(
    ("name", "measured"), [("qwen3-14b", 123.4), ("gpt-oss-20b", 258.4), ("qwen3-30b-a3b", 228.7)]
)
def test_a_server_is_predicted_within_a_tenth(name: str, measured: float) -> None:
    assert decoded(name, SERVER, Workload(4096, 64)) == pytest.approx(measured, rel=0.1)


def test_a_quantised_cache_is_unpacked_by_multiprocessors_not_by_tensor_cores() -> None:
    quantised = replace(BENCH, cache_type_k="q8_0", cache_type_v="q8_0")
    assert decoded("qwen3-30b-a3b", quantised, Workload(8192, 96)) == pytest.approx(178.1, rel=0.1)


def test_a_server_takes_longer_for_a_token_than_llama_bench() -> None:
    asked = Workload(4096, 64)
    assert decoded("qwen3-30b-a3b", SERVER, asked) < 0.93 * decoded("qwen3-30b-a3b", BENCH, asked)


def test_chips_with_the_same_multiprocessors_read_alike_whatever_their_memory() -> None:
    (h100,), (h200,) = parse_gpus(["h100"]), H200
    assert device_rates(h100).read == device_rates(h200).read


def test_a_desktop_card_reads_as_its_memory_lets_it_but_unpacks_mxfp4_slower() -> None:
    (card,) = parse_gpus(["rtx-3090"])
    rates = device_rates(card)
    assert rates.read == pytest.approx(0.81 * 936e9)
    assert rates.expert_types["mxfp4"] < 0.8 * rates.read


def test_a_windowed_cache_that_a_larger_micro_batch_made_larger_slows_the_answer() -> None:
    asked = Workload(8192, 64)
    small, large = (
        decoded("gpt-oss-20b", replace(BENCH, ubatch=ubatch, batch=4096), asked) for ubatch in (512, 4096)
    )
    assert 0.95 * small < large < small


def prompt_rate(name: str, ubatch: int, prompt: int = 4096) -> float:
    """Tokens per second of a prompt, with routers as skewed as those files have them (benchmarks/gpu/skew.py)."""
    whole, settings = model(name, MODELS[name]), replace(SERVER, ubatch=ubatch, batch=max(2048, ubatch))
    placement, asked = Placement((0,) * whole.slots), Workload(prompt, 0)
    work = replace(work_of(whole), evenness=SKEWED.get(name, 0.0))
    return predict(work, MACHINE, H200, settings, placement, asked).prefill_tokens_per_second


@pytest.mark.parametrize(
    ("name", "ubatch", "prompt", "measured"),
    [
        ("qwen3-14b", 512, 4096, 5145),
        ("qwen3-14b", 4096, 4096, 5300),
        ("qwen3-14b", 4096, 16368, 4817),
        ("gpt-oss-20b", 512, 4096, 11921),
        ("gpt-oss-20b", 4096, 4096, 10535),
        ("gpt-oss-20b", 4096, 16368, 12663),
        ("qwen3-30b-a3b", 512, 4096, 8371),
        ("qwen3-30b-a3b", 4096, 4096, 11434),
        ("qwen3-30b-a3b", 4096, 16368, 10287),
    ],
)
def test_a_prompt_is_predicted_within_a_sixth(name: str, ubatch: int, prompt: int, measured: float) -> None:
    """By llama-server, medians."""
    assert prompt_rate(name, ubatch, prompt) == pytest.approx(measured, rel=0.165)


@pytest.mark.parametrize(
    ("name", "evenness", "ubatch", "measured"),
    [
        ("qwen3-next-80b-a3b", 0.42, 512, 3436),
        ("qwen3-next-80b-a3b", 0.42, 2048, 5657),
        ("qwen3-next-80b-a3b", 0.42, 4096, 6281),
        ("qwen3.5-35b-a3b", 5.0, 512, 5933),
        ("qwen3.5-35b-a3b", 5.0, 2048, 8820),
        ("qwen3.5-35b-a3b", 5.0, 4096, 8825),
        ("qwen3-30b-a3b", 0.36, 512, 7567),
        ("qwen3-30b-a3b", 0.36, 2048, 11671),
        ("qwen3-30b-a3b", 0.36, 4096, 11728),
        ("gpt-oss-20b", 0.36, 512, 11418),
        ("gpt-oss-20b", 0.36, 2048, 14265),
        ("gpt-oss-20b", 0.36, 4096, 11666),
    ],
)
def test_llama_benchs_prompts_are_predicted_within_an_eighth_with_what_their_routers_use(
    name: str, evenness: float, ubatch: int, measured: float
) -> None:
    """4,096 tokens, routers as skew.py makes them, but Qwen3.5's, which use all experts alike (benchmarks/gpu/README.md, leases 7, 12 and 13)."""
    whole = model(name, MODELS.get(name, "Q4_K_M"))
    settings, placement = replace(BENCH, ubatch=ubatch, batch=4096), Placement((0,) * whole.slots)
    work = replace(work_of(whole), evenness=evenness)
    told = predict(work, MACHINE, H200, settings, placement, Workload(4096, 0))
    assert told.prefill_tokens_per_second == pytest.approx(measured, rel=0.125)


def test_masks_are_waited_for_once_so_that_a_longer_prompt_is_faster() -> None:
    """12,663 t/s of 16,368 tokens, 10,535 of 4096."""
    assert prompt_rate("gpt-oss-20b", 4096, 16368) > 1.1 * prompt_rate("gpt-oss-20b", 4096)


def test_masks_eat_what_a_large_micro_batch_gains_where_products_gain_little() -> None:
    """11,921 t/s at 512 tokens and 10,535 at 4096 of gpt-oss-20b, with two masks; 8371 and 11,434 of Qwen3-30B-A3B, whose experts gain more."""
    gains = {name: prompt_rate(name, 4096) / prompt_rate(name, 512) for name in MODELS}
    assert gains["gpt-oss-20b"] < 1.2
    assert gains["qwen3-30b-a3b"] > 1.25


def test_a_prompt_of_a_model_without_attention_fills_no_masks() -> None:
    whole = model("mamba-2", "Q4_K_M")
    placement, asked = Placement((0,) * whole.slots), Workload(4096, 0)
    terms = predict(work_of(whole), MACHINE, H200, SERVER, placement, asked).terms
    assert "masks" not in {term.name for term in terms}
