"""One memory for processor and GPU: counted once, and nothing is won by experts on the CPU."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moefit.cost.workload import Workload
from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.memory.host import PROCESS
from moefit.planning.core import plan
from moefit.planning.estimate import estimate
from moefit.search.request import Options, Request
from tests.oracle import model as recorded
from tests.planning.worlds import launch

GIB = 1 << 30
OPTIONS = Options(Workload(2048, 512), thorough=False)
LINE = launch(("llama-server", "-m", "qwen3.gguf", "-c", "16384"))


@pytest.fixture(scope="module")
def experts():
    return recorded("qwen3-30b-a3b", "Q4_K_M")


def machine(size: int, *, total: int | None = None) -> Machine:
    """A GB10 with `size` bytes of memory, all of it free; `total` is what its GPU says it has."""
    [gpu] = parse_gpus(["gb10"])
    return Machine(
        (replace(gpu, free=size, total=total or size),), Ram(size, size), Cpu(20, 20, "NVIDIA Grace")
    )


def test_what_the_gpu_holds_is_taken_from_ram(experts):
    made = plan(Request(experts, machine(32 * GIB), LINE, OPTIONS))
    [gpu] = made.devices
    held = gpu.use.total + gpu.budget.overhead + gpu.budget.reserved
    assert made.fits
    assert 32 * GIB == held + made.host.total + PROCESS + made.host_left
    assert made.host_left >= 0


def test_a_model_larger_than_the_one_memory_does_not_fit(experts):
    """18 GiB of weights and caches in 16 GiB, though GPU and RAM have 16 each."""
    assert not plan(Request(experts, machine(16 * GIB), LINE, OPTIONS)).fits


def test_a_part_of_the_memory_that_was_set_aside_is_not_ram(experts):
    """16 GiB of RAM and 48 of the GPU's own."""
    made = plan(Request(experts, replace(machine(16 * GIB), gpus=machine(48 * GIB).gpus), LINE, OPTIONS))
    assert made.fits
    assert {} == made.placement.overrides


def test_where_all_fits_everything_is_on_the_gpu(experts):
    made = plan(Request(experts, machine(64 * GIB), LINE, OPTIONS))
    assert ({}, experts.slots) == (made.placement.overrides, made.placement.offloaded)


def test_the_prompt_cache_shrinks_to_what_is_left(experts):
    made = plan(Request(experts, machine(24 * GIB), LINE, OPTIONS))
    assert made.fits
    assert "-cram" in made.argv
    assert {} == made.placement.overrides


def strix_halo(size: int) -> Machine:
    """A Ryzen AI Max whose GPU may have 47,000 MiB of `size` bytes."""
    gpus = parse_gpus(["name=ROCm0,free=47000MiB,bandwidth=256GB/s,integrated=yes"])
    return Machine(gpus, Ram(size, size), Cpu(16, 16))


def on_halo(*words: str) -> Request:
    """gpt-oss-120b, which leaves 1.5 GiB of its RAM."""
    line = launch(("llama-server", "-m", "m.gguf", "-c", "8192", "-np", "1", *words))
    return Request(recorded("gpt-oss-120b", "MXFP4"), strix_halo(60 * GIB + GIB // 2), line, OPTIONS)


def test_a_runtime_that_sets_up_every_device_takes_its_ram_beside_the_cpu():
    """ROCm does, whatever -dev says."""
    asked = on_halo("-dev", "none")
    made = plan(asked)
    [gpu] = asked.machine.gpus
    assert asked.machine.ram.total == made.host.total + PROCESS + gpu.overhead + made.host_left


def test_the_only_device_is_turned_off_by_name_where_a_plan_leaves_it_out():
    """With -ngl 0 alone llama.cpp would still compute large batches on it, and keep buffers for that."""
    made = plan(on_halo())
    asked = made.argv[made.argv.index("-dev") + 1]
    printed = estimate(replace(on_halo(), launch=launch(made.argv)))
    assert ("none", made.host_left) == (asked, printed.host_left)


@pytest.mark.parametrize("words", ["-sm none", "-sm none -ngl 0", "-ngl 0"])
@pytest.mark.parametrize("cards", [1, 2])
def test_a_card_without_room_for_its_runtime_is_turned_off_by_name(experts, words, cards):
    """Else llama.cpp would set it up, and compute there."""
    gpus = parse_gpus([f"name=CUDA{i},free=300MiB,overhead=250MiB" for i in range(cards)])
    many = Machine(gpus, Ram(64 * GIB, 64 * GIB), Cpu(8, 16))
    asked = Request(experts, many, launch((*LINE.command.argv, *words.split())), OPTIONS)
    made = plan(asked)
    assert (True, "none") == (made.fits, made.argv[made.argv.index("-dev") + 1])
    again = estimate(replace(asked, launch=launch(made.argv)))
    assert (True, made.host_left) == (again.fits, again.host_left)
