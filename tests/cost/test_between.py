"""What lies between a prompt's products, against 420 kernels of an H200: eight layers of Qwen3.5-35B-A3B Q4_K_M and 4,096 tokens (b11549)."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from moefit.cost.between import passing, sorting
from moefit.cost.run import Run, run_of
from moefit.cost.token_load import Load
from moefit.cost.work import work_of
from moefit.launch.settings import Settings
from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.placement.types import Placement
from tests.oracle import model

PROFILE = Path(__file__).parents[2] / "benchmarks" / "gpu" / "results" / "kernels.csv"
ELSEWHERE = ("mul_mat", "gated_delta_net", "mm_ids_helper", "flash_attn", "gemm", "topk_moe")
"""Kernels that other terms count."""
TOKENS = 4096


def microseconds(*, of: str = "", but: tuple[str, ...] = ()) -> float:
    """What the profile says of the kernels of a name, without those of others."""
    with PROFILE.open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if of in row["kernel"]]
    return sum(float(row["microseconds"]) for row in rows if not any(one in row["kernel"] for one in but))


def layers(card: str, name: str = "qwen3.5-35b-a3b", quant: str = "Q4_K_M") -> tuple[Run, Load]:
    """A run with everything on a card, and eight layers of it."""
    gpus, whole = parse_gpus([card]), model(name, quant)
    host = Machine(gpus, Ram(1 << 38, 1 << 38), Cpu(16, 16))
    settings = Settings(context=8192, program="llama-bench", slots=1)
    return run_of(work_of(whole), host, gpus, settings, Placement((0,) * whole.slots)), work_of(whole).over(
        0, 8
    )


def test_sorting_tokens_by_expert_takes_what_the_profile_says() -> None:
    run, load = layers("h200")
    assert 1e6 * sorting(run, load, 0, TOKENS) == pytest.approx(microseconds(of="mm_ids_helper"), rel=0.01)


def test_norms_gates_and_sums_take_what_the_profile_says() -> None:
    run, load = layers("h200")
    assert 1e6 * passing(run, load, 0, TOKENS) == pytest.approx(microseconds(but=ELSEWHERE), rel=0.1)


@pytest.mark.parametrize(
    ("name", "quant", "at_once"),
    [("gpt-oss-20b", "MXFP4", 8), ("qwen3-30b-a3b", "Q4_K_M", 4), ("qwen3-next-80b-a3b", "Q4_K_M", 2)],
)
def test_a_warp_looks_at_as_many_tokens_as_their_experts_leave_it_room_for(
    name: str, quant: str, at_once: int
) -> None:
    """Four, eight and ten experts of a token: ten take the room of sixteen."""
    run, load = layers("rtx-3090", name, quant)
    steps = sorting(run, load, 0, TOKENS) / load.expert_tensors / run.rates[0].sort_step
    assert steps == pytest.approx(TOKENS / at_once)


def test_only_backends_with_that_kernel_sort_so() -> None:
    assert [sorting(*layers(card), 0, TOKENS) > 0 for card in ("rx-9070-xt", "m3-max")] == [True, False]


def test_what_all_experts_of_a_token_share_goes_in_once() -> None:
    """Qwen3-30B-A3B: 2,048 go into gate and up and 768 come out of each of eight; 768 go into each down and 2,048 come out."""
    work = work_of(model("qwen3-30b-a3b", "Q4_K_M"))
    found = {kind: work.tensors[f"blk.0.ffn_{kind}_exps.weight"].costs[-1] for kind in ("gate", "up", "down")}
    assert found == {"gate": 2048 + 8 * 768, "up": 2048 + 8 * 768, "down": 8 * (768 + 2048)}
