"""What the user fixed is taken off before a strategy places the rest: off the layers, and off the devices."""

from __future__ import annotations

from moefit.machine.types import CPU
from moefit.placement.arrange import less_fixed, without_fixed
from moefit.placement.types import LayerSize, Ledger, Room
from tests import oracle

MODEL = oracle.model("tiny-olmoe-4l", min(oracle.models()["tiny-olmoe-4l"]["types"]))
LAYER = MODEL.layers[1]
EXPERTS = tuple((t.name, t.bytes) for t in LAYER.experts)
BASE = sum(t.bytes for t in LAYER.tensors) - sum(size for _, size in EXPERTS) + 1000
"""Weights of its base, and 1000 bytes of KV."""
LAYERS = [LayerSize(BASE, tuple((t.name, t.bytes) for t in one.experts)) for one in MODEL.layers]
LEDGER = Ledger((*LAYERS, LayerSize(BASE)))


def base_of(*fixed: str) -> int:
    """Bytes that are left of the layer's base."""
    return without_fixed(LEDGER, MODEL, dict.fromkeys(fixed, CPU)).slots[1].base


def test_a_fixed_tensor_of_the_base_is_taken_off_it():
    (norm, *_) = [t for t in LAYER.tensors if t not in LAYER.experts]

    assert BASE - norm.bytes == base_of(norm.name)


def test_a_fixed_expert_is_taken_off_the_experts_alone():
    name, size = EXPERTS[0]
    slot = without_fixed(LEDGER, MODEL, {name: CPU}).slots[1]

    assert (BASE, sum(n for _, n in EXPERTS) - size) == (slot.base, slot.expert_bytes)


def test_with_all_of_a_base_fixed_its_kv_stays():
    assert 1000 == base_of(*(t.name for t in LAYER.tensors))


def test_a_fixed_output_is_taken_off_its_slot():
    whole = without_fixed(LEDGER, MODEL, {t.name: CPU for t in MODEL.output}).slots[-1]

    assert max(0, BASE - sum(t.bytes for t in MODEL.output)) == whole.base


def test_a_device_has_less_room_by_what_is_fixed_to_it_and_never_less_than_none():
    name, size = EXPERTS[0]
    rooms = [Room(10 * size), Room(size // 2)]
    left = [[room.capacity for room in less_fixed(rooms, MODEL, {name: device})] for device in (0, 1, CPU)]

    assert [[9 * size, size // 2], [10 * size, 0], [10 * size, size // 2]] == left
