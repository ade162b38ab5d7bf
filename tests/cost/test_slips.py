"""Terms that a slip would change without changing which plan is chosen: each is held by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moefit.cost import constants as c
from moefit.cost.tally import tally
from moefit.cost.work import work_of
from moefit.launch.defaults import settings as default_settings
from moefit.machine.types import CPU, Cpu, Device, Machine, Ram
from moefit.memory.footprint import draft_context
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


def test_three_of_four_drafted_tokens_are_accepted() -> None:
    """The median of what is published for drafts of the same family."""
    assert 0.75 == float(c.ACCEPTED)


def test_the_context_of_prediction_blocks_takes_a_fifth_more_of_the_host() -> None:
    glm = model("glm-4.5-air", "Q4_K_M")
    asked = launch(("llama-server", "-m", "m.gguf")).constraints
    settings = replace(default_settings(asked, context=4096, devices=()), mtp=True)
    placement = Placement((CPU,) * 10 + (0,) * (glm.slots - 10))

    assert ((700,), 120) == draft_context(glm, settings, placement, (700,), 100)
