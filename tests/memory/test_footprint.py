"""Weights, caches and compute buffers together, and the sizes that strategies place."""

from dataclasses import replace

import pytest

from moefit import memory
from moefit.launch.settings import Settings
from moefit.machine.types import CPU, Device
from moefit.memory.compute import compute_buffers
from moefit.memory.footprint import draft_context
from moefit.memory.kv import kv
from moefit.memory.weights import weights
from moefit.placement.types import Placement
from tests import oracle
from tests.oracle.launches import launch

CARD = Device("CUDA0", 80 << 30, 80 << 30)
LAUNCH = Settings(8192)
SOME = [
    "qwen3-30b-a3b",
    "deepseek-v3.1",
    "glm-4.5-air",
    "gemma4-26b-a4b",
    "granite-4.0-h-small",
    "llama-3.1-8b",
]


def first_quant(name):
    return next(iter(oracle.models()[name]["types"]))


def replicated(model):
    """Rope factors belong to no slot: every device with a block has a copy."""
    return sum(-(-t.bytes // 128) * 128 for layer in model.layers for t in layer.tensors if t.replicated)


@pytest.mark.parametrize("name", SOME)
def test_the_ledger_adds_up_to_what_one_device_with_everything_holds(name):
    model = oracle.model(name, first_quant(name))
    everything = Placement((0,) * model.slots)
    ledger = memory.ledger(model, LAUNCH, [CARD])
    held = weights(model, [CARD], LAUNCH, everything)[0][0] + kv(model, [CARD], LAUNCH, everything)[0][0]

    assert held == sum(slot.total for slot in ledger.slots) + replicated(model)


@pytest.mark.parametrize("name", SOME)
def test_a_slot_moved_to_the_cpu_takes_its_ledger_size_off_the_device(name):
    model = oracle.model(name, first_quant(name))
    ledger = memory.ledger(model, LAUNCH, [CARD])
    on = Placement((0,) * model.slots)
    off = Placement((CPU, *(0,) * (model.slots - 1)))

    def held(placement):
        return weights(model, [CARD], LAUNCH, placement)[0][0] + kv(model, [CARD], LAUNCH, placement)[0][0]

    assert ledger.slots[0].total == held(on) - held(off)


def test_an_expert_tensor_moved_to_the_cpu_takes_its_ledger_size_off_the_device():
    model = oracle.model("qwen3-30b-a3b", "Q4_K_M")
    name, size = memory.ledger(model, LAUNCH, [CARD]).slots[5].experts[1]
    slots = (0,) * model.slots
    moved = weights(model, [CARD], LAUNCH, Placement(slots, {name: CPU}))

    assert size == weights(model, [CARD], LAUNCH, Placement(slots))[0][0] - moved[0][0]


def test_a_nextn_block_has_a_slot_that_holds_nothing_until_it_is_asked_for():
    model = oracle.model("glm-4.5-air", "Q4_K_M")
    without, with_mtp = (memory.ledger(model, replace(LAUNCH, mtp=mtp), [CARD]) for mtp in (False, True))

    assert model.slots == len(without.slots)
    assert 0 == without.slots[-2].total
    assert with_mtp.slots[-2].total > with_mtp.slots[-2].base > 0


def test_without_kv_offload_the_ledger_holds_weights_alone():
    model = oracle.model("llama-3.1-8b", "Q4_K_M")
    ledger = memory.ledger(model, replace(LAUNCH, kv_offload=False), [CARD])

    assert model.layers[1].base_bytes == ledger.slots[1].base


def test_devices_that_pad_differently_count_the_larger_size():
    model = oracle.model("deepseek-v2-lite", "Q4_K_M")
    alone = [memory.ledger(model, LAUNCH, [Device(n, 0, 0)]).slots[3].total for n in ("CUDA0", "RPC0")]
    both = memory.ledger(model, LAUNCH, [Device("RPC0", 0, 0), CARD]).slots[3].total

    assert max(alone) == both > min(alone)


def test_a_footprint_is_weights_caches_and_compute_by_device():
    model = oracle.model("qwen3-30b-a3b", "Q4_K_M")
    placement = Placement((CPU,) * 10 + (0,) * (model.slots - 10))
    used = memory.footprint(model, [CARD], LAUNCH, placement)

    assert weights(model, [CARD], LAUNCH, placement) == ((used.devices[0].model,), used.host.model)
    assert kv(model, [CARD], LAUNCH, placement) == ((used.devices[0].context,), used.host.context)
    reserved = compute_buffers(model, [CARD], LAUNCH, placement)
    assert (reserved.devices, reserved.host) == ((used.devices[0].compute,), used.host.compute)
    assert used.host.output == 4 * 4 * 151936
    assert () == used.notes


MTP_ROWS = [row for row in oracle.extra_rows() if row.mtp]


@pytest.mark.parametrize("row", MTP_ROWS, ids=lambda row: f"{row.model}-{row.mode}")
def test_the_context_for_multi_token_prediction_is_never_counted_too_low(row):
    told = launch(row)
    used = memory.footprint(oracle.model(row.model, row.quant), told.devices, told.settings, told.placement)
    without = replace(told.settings, mtp=False)
    main = memory.footprint(oracle.model(row.model, row.quant), told.devices, without, told.placement)

    assert used.devices[0].compute - main.devices[0].compute >= 0.98 * row.mtp["RPC0"].compute
    assert used.host.compute - main.host.compute >= row.mtp["Host"].compute


def test_the_context_for_multi_token_prediction_takes_a_fifth_more_than_the_main_one_on_the_host():
    """Of recorded ones none took more than 118%, so that more would only waste RAM."""
    model = oracle.model("glm-4.5-air", "Q4_K_M")
    everything = Placement((0,) * model.slots)

    assert ((700,), 6000) == draft_context(model, replace(LAUNCH, mtp=True), everything, (700,), 5000)
