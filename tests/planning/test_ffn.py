"""Dense models: FFN matrices on the CPU against whole layers, whichever the work is done faster with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moefit.cost.workload import Workload
from moefit.launch.resolve import resolve
from moefit.machine.declared import parse_gpus
from moefit.machine.types import CPU, Cpu, Machine, Ram
from moefit.planning.core import plan
from moefit.search.request import Options, Request
from tests.oracle import model as recorded
from tests.planning.worlds import launch

GIB = 1 << 30
MACHINE = Machine(parse_gpus(["rtx-3060,free=5GiB"]), Ram(64 * GIB, 60 * GIB, 50 * 10**9), Cpu(8, 16))
LINE = launch(("llama-server", "-m", "llama.gguf", "-c", "8192"))


@pytest.fixture(scope="module")
def dense():
    return recorded("llama-3.1-8b", "Q4_K_M")


def strategies(made):
    return {candidate.strategy for candidate in made.candidates}


def test_a_dense_model_has_a_candidate_with_its_ffns_on_the_cpu(dense):
    assert {"base-first", "ffn", "standard", "llama-fit"} == strategies(
        plan(Request(dense, MACHINE, LINE, Options(Workload(2048, 512))))
    )


def test_a_mixture_of_experts_has_none():
    made = plan(Request(recorded("qwen3-30b-a3b", "Q4_K_M"), MACHINE, LINE, Options(Workload(2048, 512))))
    assert "ffn" not in strategies(made)


def test_attention_and_kv_stay_on_the_gpu_when_the_ffns_give_way(dense):
    made = plan(Request(dense, MACHINE, LINE, Options(Workload(16384, 512), strategy="ffn", thorough=False)))
    assert (True, "ffn") == (made.fits, made.strategy)
    assert CPU not in made.placement.slots
    assert {"ffn_up", "ffn_gate", "ffn_down"} == {name.split(".")[2] for name in made.placement.overrides}
    moved = [layer for layer in made.layers if layer.elsewhere]
    assert moved
    assert {"its FFN gives way, so that its attention and KV can stay"} == {layer.why for layer in moved}


def test_llama_cpp_reads_the_line_as_the_plan_means_it(dense):
    made = plan(Request(dense, MACHINE, LINE, Options(Workload(16384, 512), strategy="ffn", thorough=False)))
    read = resolve(dense, launch(made.argv).constraints, MACHINE.gpus)
    assert (made.placement.slots, dict(made.placement.overrides)) == (read.slots, dict(read.overrides))


def test_a_users_own_ncffn_is_kept(dense):
    line = launch(("llama-server", "-m", "llama.gguf", "-c", "8192", "-ncffn", "30"))
    made = plan(Request(dense, MACHINE, line, Options(Workload(16384, 512), thorough=False)))
    assert made.fits
    assert all(made.placement.overrides[f"blk.{i}.ffn_up.weight"] == CPU for i in range(30))


def test_if_all_fits_nothing_is_moved(dense):
    roomy = replace(MACHINE, gpus=parse_gpus(["rtx-3090"]))
    made = plan(Request(dense, roomy, LINE, Options(Workload(2048, 512), thorough=False)))
    assert {} == made.placement.overrides
    assert "-ot" not in made.argv
