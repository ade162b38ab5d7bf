from __future__ import annotations

from dataclasses import replace

import pytest

from moefit.errors import InputError
from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.memory.dummy_load import dummy_compute, dummy_heads
from moefit.memory.real import Difference, RealDevice, RealUse
from moefit.memory.types import Use
from moefit.planning.check import Check, check, corrections
from moefit.planning.core import plan
from moefit.planning.estimate import estimate
from moefit.search.request import Request
from moefit.sizes import GIB, MIB
from tests.oracle import model as recorded
from tests.planning.worlds import OPTIONS, QUICK, launch


def found(*rows: Difference) -> dict[str, int]:
    return corrections(Check(rows, {}))


def test_rounding_corrects_nothing():
    assert {} == found(
        Difference("RPC0", "model", 100 * MIB + 900_000, 100 * MIB), Difference("RPC0", "compute", 0, 0)
    )


def test_a_device_that_uses_more_is_corrected_by_all_that_it_may_use():
    assert {"RPC0": 21 * MIB} == found(Difference("RPC0", "compute", 80 * MIB, 100 * MIB))


def test_a_device_that_uses_less_gets_room():
    assert {"RPC0": -19 * MIB} == found(Difference("RPC0", "compute", 100 * MIB, 80 * MIB))


def test_terms_of_one_device_add_up_and_devices_stay_apart():
    assert {"RPC1": 22 * MIB} == found(
        Difference("RPC0", "model", 10 * MIB, 30 * MIB),
        Difference("RPC0", "compute", 42 * MIB, 20 * MIB),
        Difference("RPC1", "model", 10 * MIB, 20 * MIB),
        Difference("RPC1", "compute", 10 * MIB, 20 * MIB),
    )


def test_the_host_is_not_a_device():
    assert {} == found(Difference("Host", "model", 0, 500 * MIB))


@pytest.mark.parametrize("others", [(), ("Vulkan0",)])
def test_a_build_without_the_plans_device_is_no_witness(others):
    machine = Machine(parse_gpus(["rtx-3060"]), Ram(64 * GIB, 64 * GIB), Cpu(8, 16))
    made = plan(
        Request(
            recorded("qwen3-30b-a3b", "Q4_K_M"), machine, launch(("llama-server", "-m", "q.gguf")), OPTIONS
        )
    )
    real = RealUse(tuple(RealDevice(name, 0, 0, Use()) for name in others), Use())
    with pytest.raises(InputError, match="no CUDA0"):
        check(made, real)


def test_heads_that_a_program_measures_apart_with_the_weights_once_more_correct_nothing():
    model = recorded("qwen3.5-35b-a3b-mtp", "Q4_K_M")
    words = ("llama-server", "-m", "q.gguf", "-c", "8192", "--spec-type", "draft-mtp")
    machine = Machine(parse_gpus(["rtx-3090"]), Ram(64 * GIB, 64 * GIB), Cpu(8, 16))
    made = plan(Request(model, machine, launch(words), QUICK))
    [device], known = made.devices, (made.model, (made.devices[0].device,), made.settings, made.placement)
    [main], [heads] = dummy_compute(*known).devices, dummy_heads(*known).devices
    use = Use(device.use.model, device.use.context - heads.context, main.compute)
    told = RealDevice("CUDA0", device.device.total, device.device.free, use)
    draft = {"CUDA0": replace(heads, model=device.use.model)}
    found = check(made, RealUse((told,), Use(made.host.model), draft))
    assert ({}, {}) == (corrections(found), dict(found.lacking))


def test_a_cache_without_ts_is_held_to_what_a_dummy_load_of_b11549_splits_by_free_memory():
    """Two RPC devices with equal memory, -c 8192 -cmoe --no-repack: 1,249,443,840 and 1,114,832,896 bytes of context."""
    gpus = parse_gpus(["name=RPC0,free=3GiB,buffer=RPC0[a:1]", "name=RPC1,free=3GiB,buffer=RPC0[b:1]"])
    machine = Machine(gpus, Ram(64 * GIB, 64 * GIB), Cpu(8, 16))
    line = "llama-server -m m.gguf -c 8192 -np 1 -cmoe --no-repack -ngl 99 --fit off --moe-cache-mib 1234"
    made = estimate(Request(recorded("olmoe-1b-7b", "IQ4_XS"), machine, launch(tuple(line.split())), OPTIONS))
    real = {"RPC0": 1249443840, "RPC1": 1114832896}
    told = tuple(RealDevice(name, 0, 0, Use(context=size)) for name, size in real.items())
    rows = check(made, RealUse(told, Use())).rows
    assert real == {row.device: row.predicted for row in rows if row.term == "context" and row.device in real}
