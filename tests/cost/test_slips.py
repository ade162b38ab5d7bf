"""Terms that a slip would change without changing which plan is chosen: each is held by itself."""

from __future__ import annotations

from dataclasses import replace
from statistics import median

import pytest

from moefit.cost import predict
from moefit.cost.tally import tally
from moefit.cost.work import work_of
from moefit.launch.settings import Settings
from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Device, Machine, Ram
from moefit.memory.graph.rules import cuda_flash_attention
from moefit.placement.types import Placement
from moefit.planning.core import plan
from moefit.search.request import Request
from tests.oracle import model
from tests.planning.worlds import OPTIONS, launch

QWEN = model("qwen3-30b-a3b", "Q4_K_M")


def seconds(link: int) -> float:
    """Of a prompt whose experts all wait on the CPU, through a link of so many bytes a second."""
    card = Device("CUDA0", 1 << 34, 1 << 34, bandwidth=10**12, link_bandwidth=link, compute=1e14)
    machine = Machine((card,), Ram(1 << 38, 1 << 38, 50 * 10**9), Cpu(8, 16))
    words = (
        "llama-server",
        "-m",
        "m.gguf",
        "-c",
        "8192",
        "-ub",
        "2048",
        "-cmoe",
        "-lm",
        "none",
        "-ngl",
        "99",
    )
    return 2048 / plan(Request(QWEN, machine, launch(words), OPTIONS)).prediction.prefill_tokens_per_second


def test_a_prompt_pays_for_what_crosses_the_link() -> None:
    slow, usual, fast = (seconds(rate * 10**9) for rate in (5, 10, 20))

    assert slow - usual > 0.2
    assert 2 * (usual - fast) == pytest.approx(slow - usual, rel=0.01)


def test_the_output_on_another_device_is_a_crossing() -> None:
    work = work_of(QWEN)
    blocks = len(QWEN.layers)
    together = tally(work, Placement((0,) * (blocks + 1)), True)
    apart = tally(work, Placement((0,) * blocks + (1,)), True)

    assert ({}, {(0, 1): 1}) == (dict(together.crossings), dict(apart.crossings))


@pytest.mark.parametrize("size", [40, 64, 72, 80, 96, 112, 128, 256])
def test_every_square_head_has_a_kernel(size: int) -> None:
    """source: ggml/src/ggml-cuda/fattn.cu, ggml_cuda_get_best_fattn_kernel."""
    assert (True, False) == (cuda_flash_attention(size, size, 1), cuda_flash_attention(size, size + 8, 1))


@pytest.mark.parametrize("size", [48, 60, 71, 73, 104, 144, 255])
def test_no_other_head_has_one(size: int) -> None:
    assert not cuda_flash_attention(size, size, 8)


PUBLISHED = ((41.3, 63.5), (53.4, 101.3), (49.1, 81.1))
"""Tokens a second without and with two tokens drafted by Qwen3.8-27B's own head: on an RTX 3090 (github.com/sudoingX/qwen38-mtp,
pull request 21), an RTX 5080 (62) and three RTX 3090 (4)."""


def test_two_drafted_tokens_gain_what_public_runs_gained() -> None:
    dense = model("qwen3.5-9b", "Q4_K_M")
    work, everything = work_of(dense), Placement((0,) * dense.slots)
    (card,) = parse_gpus(["rtx-3090"])
    machine = Machine((card,), Ram(64 << 30, 64 << 30, 60 * 10**9), Cpu(8, 16))
    plain = Settings(context=32768)
    drafting = replace(plain, mtp=True, draft_tokens=2, model_draft_tokens=2)
    without, drafted = (
        predict(work, machine, (card,), settings, everything, OPTIONS.workload).decode_tokens_per_second
        for settings in (plain, drafting)
    )

    assert median(after / before for before, after in PUBLISHED) == pytest.approx(drafted / without, rel=0.2)
