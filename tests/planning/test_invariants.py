"""What holds for every plan, whatever the model, the machine and the line."""

import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, seed, settings
from hypothesis import strategies as st

from moefit.errors import UsageError
from moefit.launch.resolve import resolve
from moefit.machine.types import CPU
from moefit.planning.core import plan
from moefit.search.request import Request
from tests.drawn import SEED
from tests.planning.worlds import OPTIONS, QUICK, launch, lines, machines, models

ROOT = Path(__file__).parents[2]
MANY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


SAME_WORLDS = seed(SEED)
"""Tests that ask the same of one plan draw the same worlds, so that each is planned once."""


MADE = {}
"""(model, machine, line) -> its plan, with all that a page lists; what is printed is the same without (test_search.py)."""


def planned(model, machine, words):
    key = id(model), machine, words  # of equal models there is one
    try:
        if key not in MADE:
            MADE[key] = plan(Request(model, machine, launch(words), OPTIONS))
        return MADE[key]
    except UsageError:
        assume(False)  # a contradiction, such as -ngl without a device
        raise


def homes(model, devices, placement):
    """Every tensor's place, by device name; a tied embedding stands on the host and with the output."""
    found = Counter()
    for tensor in model.input:
        found[tensor.name, "CPU"] += 1
    slots = [
        *((t, layer.index) for layer in model.layers for t in layer.tensors),
        *((t, -1) for t in model.output),
    ]
    for tensor, slot in slots:
        index = placement.overrides.get(tensor.name, placement.slots[slot])
        found[tensor.name, "CPU" if index == CPU else devices[index].name] += 1
    return found


@MANY
@SAME_WORLDS
@given(models(), machines(), lines())
def test_no_device_gives_more_than_it_has(model, machine, words):
    made = planned(model, machine, words)
    assume(made.fits)
    for device in made.devices:
        assert device.use.total + device.budget.overhead + device.budget.reserved <= device.device.free
    assert made.host.total <= machine.ram.available or made.settings.load_mode == "mmap"


@MANY
@SAME_WORLDS
@given(models(), machines(), lines())
def test_llama_cpp_reads_the_line_as_the_plan_means_it(model, machine, words):
    """Every tensor is placed exactly once, and the patterns move exactly the intended ones."""
    made = planned(model, machine, words)
    assume(made.fits)
    given_back = resolve(model, launch(made.argv).constraints, machine.gpus)
    devices = [d.device for d in made.devices]
    assert homes(model, devices, made.placement) == homes(model, machine.gpus, given_back)


@MANY
@SAME_WORLDS
@given(models(), machines(), lines())
def test_planning_an_emitted_line_again_changes_nothing(model, machine, words):
    made = planned(model, machine, words)
    assume(made.fits)
    assert made.argv == plan(Request(model, machine, launch(made.argv), QUICK)).argv


@MANY
@SAME_WORLDS
@given(models(), machines(), lines())
def test_no_fitting_candidate_is_faster_than_the_plan(model, machine, words):
    """Another order of devices counts as slower than it is."""
    made = planned(model, machine, words)
    assume(made.fits)
    best = min((c for c in made.candidates if c.fits), key=lambda c: c.weight)
    assert made.prediction.seconds == best.prediction.seconds


@MANY
@given(models(), machines(most=1), st.integers(1, 512))
def test_more_memory_never_makes_it_slower(model, machine, more):
    assume(machine.gpus)
    words = ("llama-server", "-m", "random.gguf", "-c", "4096")
    larger = replace(machine, gpus=tuple(replace(g, free=g.free + (more << 20)) for g in machine.gpus))
    small, large = (plan(Request(model, one, launch(words), QUICK)) for one in (machine, larger))
    assume(small.fits)
    assert large.fits
    assert large.prediction.seconds <= small.prediction.seconds * (1 + 1e-9)


PLANS = """
from moefit.formats.plan_json import plan_json
from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.planning.core import plan
from moefit.planning.what_if import what_if
from moefit.search.request import Request
from tests.oracle import model
from tests.planning.worlds import GIB, OPTIONS, launch

for name, cards, ram, line in (
    ("qwen3-30b-a3b", "rtx-3060", 32, ""),
    ("qwen3-30b-a3b", "rtx-3060 gtx-1080-ti", 32, "-c 16384"),
    ("gpt-oss-20b", "8GiB", 32, "-c 65536"),
    ("glm-4.5-air", "rtx-3090", 32, ""),
    ("qwen3-14b", "rtx-3060 rtx-3060", 32, "-c 40960 -np 1"),
    ("mixtral-8x7b", "", 64, "-ub 512"),
    ("llama-3.1-8b", "6GiB name=Vulkan0,free=4GiB", 16, "-c 8192"),
    ("deepseek-v2-lite", "rtx-2060", 8, "-ot exps=CPU"),
):
    quant = "MXFP4" if "oss" in name else "Q4_K_M"
    machine = Machine(parse_gpus(cards.split()), Ram(ram * GIB, ram * GIB, 50 * 10**9), Cpu(8, 16))
    request = Request(model(name, quant), machine, launch(("llama-server", "-m", "m.gguf", *line.split())), OPTIONS)
    made = plan(request)
    print(plan_json(made), made.fits, len(cards.split()) == 1 and what_if(request, made, planned=False))
"""


def test_the_same_input_gives_the_same_bytes_in_another_process():
    """Nothing may depend on the order of a set: each process hashes with a seed of its own."""
    said = [
        subprocess.run(
            [sys.executable, "-c", PLANS],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]

    assert len(said[0]) > 100_000
    assert said[0] == said[1]


@pytest.mark.parametrize("strategy", ["base-first", "two-pass", "standard"])
def test_a_strategy_that_is_asked_for_is_the_one_that_is_used(strategy):
    from moefit.machine.types import Cpu, Device, Machine, Ram
    from tests.planning.worlds import make_model

    machine = Machine(
        (Device("CUDA0", 900 << 20, 900 << 20, bandwidth=400 * 10**9),), Ram(64 << 30, 64 << 30), Cpu(8, 16)
    )
    made = plan(
        Request(
            make_model(4, 2, 64, 0, "q8_0", tied=False),
            machine,
            launch(("llama-server", "-m", "random.gguf")),
            replace(OPTIONS, strategy=strategy),
        )
    )
    assert (strategy, True) == (made.strategy, made.fits)
