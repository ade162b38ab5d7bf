from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moefit.errors import UsageError
from moefit.launch.resolve import (
    check_buffers,
    default_order,
    device_order,
    fixed_tensors,
    resolve,
    slot_devices,
)
from moefit.machine.declared import apply_limits
from moefit.machine.types import CPU, Cpu, Device, Machine, Ram
from tests.launch.reading import fixed
from tests.oracle import model, rows

CARDS = (Device("CUDA0", 8 << 30, 8 << 30), Device("CUDA1", 8 << 30, 8 << 30))


def names(order: tuple[int, ...], devices: tuple[Device, ...]) -> list[str]:
    return [devices[i].name for i in order]


def test_every_recorded_row_has_its_slots_where_we_say() -> None:
    wrong = []
    for row in rows():
        devices = tuple(Device(f"RPC{i}", 1 << 30, 1 << 30) for i in range(row.gpus))
        constraints = fixed(" ".join(["llama-server", *row.tokens]))
        order = device_order(constraints, devices)
        slots = slot_devices(
            sum(row.layers.values()), constraints.gpu_layers, constraints.tensor_split, [1] * len(order)
        )
        found = Counter("CPU" if slot == CPU else devices[order[slot]].name for slot in slots)
        if found != Counter(row.layers):
            wrong.append(f"{row.name}: {dict(found)} is not {dict(row.layers)}")
    assert [] == wrong


@given(st.lists(st.integers(0, 60), min_size=1, max_size=15).filter(any), st.integers(0, 20))
def test_layer_counts_as_tensor_split_land_exactly(counts: list[int], on_cpu: int) -> None:
    offloaded = sum(counts)
    slots = slot_devices(offloaded + on_cpu, offloaded, counts, [1] * len(counts))
    assert (*[CPU] * on_cpu, *(i for i, n in enumerate(counts) for _ in range(n))) == slots


def test_the_split_follows_the_drivers_free_memory_whatever_a_budget_says() -> None:
    line = fixed("llama-server -m m.gguf -ngl 99")
    small = model("small-llama", "Q4_K_M")
    machine = Machine(CARDS, Ram(1 << 35, 1 << 35), Cpu(8, 16))
    capped = apply_limits(machine, ["CUDA1=1GiB"])

    assert resolve(small, line, CARDS) == resolve(small, line, capped.gpus)


def test_without_tensor_split_free_memory_decides() -> None:
    assert (0, 0, 0, 1) == slot_devices(4, None, None, [30, 10])


def test_a_tail_is_offloaded_output_first() -> None:
    assert (CPU, CPU, CPU, 0) == slot_devices(4, 1, None, [1])


def test_without_devices_everything_is_on_the_host() -> None:
    assert (CPU, CPU) == slot_devices(2, 99, None, [])


def test_proportions_beyond_the_devices_are_ignored() -> None:
    assert (0, 0, 1, 1) == slot_devices(4, None, [1, 1, 5], [1, 1])


def test_rpc_comes_first_and_integrated_devices_only_without_discrete_ones() -> None:
    shared, card, remote = (
        Device("Vulkan0", 1, 1, integrated=True),
        Device("CUDA0", 1, 1),
        Device("RPC0", 1, 1),
    )
    orders = [
        names(device_order(fixed("llama-server"), d), d) for d in ((shared, card, remote), (shared, remote))
    ]
    assert [["RPC0", "CUDA0"], ["RPC0", "Vulkan0"]] == orders


def test_a_device_list_is_taken_in_its_order() -> None:
    assert ["CUDA1", "CUDA0"] == names(device_order(fixed("llama-server -dev CUDA1,CUDA0"), CARDS), CARDS)


@pytest.mark.parametrize(
    ("line", "expected"),
    [("-sm none", [0]), ("-sm none -mg 1", [1]), ("-sm none -mg -1", []), ("-dev CUDA1 -sm none", [1])],
)
def test_split_mode_none_leaves_the_main_device(line: str, expected: list[int]) -> None:
    assert expected == list(device_order(fixed(f"llama-server {line}"), CARDS))


@pytest.mark.parametrize("line", ["-dev CUDA7", "-sm none -mg 2"])
def test_a_device_that_is_not_there_is_an_error(line: str) -> None:
    with pytest.raises(UsageError, match="there"):
        device_order(fixed(f"llama-server {line}"), CARDS)


def test_more_devices_than_llama_cpp_takes_are_refused_until_some_are_named() -> None:
    many = tuple(Device(f"CUDA{i}", 8 << 30, 8 << 30) for i in range(16))
    with pytest.raises(UsageError, match="at most 15 devices, and these are 16") as error:
        device_order(fixed("llama-server"), many)
    assert "name those to use with -dev" == error.value.hint
    assert (15, 1) == (
        len(device_order(fixed("llama-server"), many[:15])),
        len(device_order(fixed("llama-server -dev CUDA15"), many)),
    )


def test_a_buffer_that_is_not_there_is_an_error_that_lists_those_there_are() -> None:
    with pytest.raises(UsageError, match="-ot exps=CUDA9: there is no buffer CUDA9") as error:
        check_buffers(fixed("llama-server -ot exps=CUDA9").overrides, CARDS)
    assert "there are CPU, CUDA0, CUDA1" == error.value.hint


def test_a_tensor_goes_to_no_device_that_is_not_used() -> None:
    rules = fixed("llama-server -ot exps=CUDA1").overrides
    check_buffers(rules, CARDS)
    assert {} == fixed_tensors(rules, CARDS[:1], ["blk.0.attn_q.weight"])
    with pytest.raises(UsageError, match="-ot exps=CUDA1: there is no buffer CUDA1"):
        fixed_tensors(rules, CARDS[:1], ["blk.0.ffn_up_exps.weight"])


def test_an_rpc_buffer_has_a_name_of_its_own() -> None:
    devices = (Device("RPC0", 1, 1, buffer="RPC0[h:1]"), Device("RPC1", 1, 1, buffer="RPC0[h:2]"))
    rules = fixed("llama-server -ot a=RPC0[h:2],b=RPC0[h:1]").overrides
    assert {"a": 1, "b": 0} == fixed_tensors(rules, devices, ["a", "b"])


def test_tensors_that_an_override_leaves_at_home_are_no_exceptions() -> None:
    placement = resolve(model("qwen3-30b-a3b", "Q4_K_M"), fixed("llama-server -ngl 40 -ncmoe 20"), CARDS[:1])
    assert (9, 40) == (placement.slots.count(CPU), placement.slots.count(0))
    assert {*range(9, 20)} == {int(name.split(".")[1]) for name in placement.overrides}
    assert {CPU} == set(placement.overrides.values())


def test_overrides_can_bring_tensors_to_a_device() -> None:
    placement = resolve(
        model("qwen3-30b-a3b", "Q4_K_M"), fixed("llama-server -ngl 0 -ot blk.0.attn_q.weight=CUDA1"), CARDS
    )
    assert {"blk.0.attn_q.weight": 1} == dict(placement.overrides)


def test_indexes_count_in_the_machines_order_whatever_device_asks_for() -> None:
    placement = resolve(
        model("qwen3-30b-a3b", "Q4_K_M"), fixed("llama-server -dev CUDA1,CUDA0 -ts 30,19"), CARDS
    )
    assert (*[1] * 30, *[0] * 19) == placement.slots


def test_a_tied_embedding_can_be_kept_on_the_host() -> None:
    gemma = model("gemma-3-12b", "Q4_K_M")
    assert gemma.tied
    placement = resolve(gemma, fixed("llama-server -ot ^token_embd[.]weight=CPU"), CARDS[:1])
    assert {"token_embd.weight": CPU} == dict(placement.overrides)


@pytest.mark.parametrize(
    ("listed", "integrated", "expected"),
    [
        (("CUDA0", "Vulkan1"), (1,), [0]),
        (("Vulkan0", "Vulkan1"), (0,), [1]),
        (("Vulkan0", "ROCm0"), (0, 1), [0]),
        (("Vulkan0", "Vulkan1"), (0, 1), [0, 1]),
        (("CUDA0", "RPC0"), (0,), [1, 0]),
        (("GPUOpenCL", "Vulkan0"), (0, 1), [0]),
        (("MTL0", "RPC0"), (0,), [1, 0]),
    ],
)
def test_integrated_devices_are_left_out_beside_a_card_and_beside_another_backends(
    listed, integrated, expected
) -> None:
    """What llama.cpp calls integrated is what the backend tells it: OpenCL and Metal call everything a GPU."""
    devices = [
        Device(name=name, free=1, total=1, integrated=i in integrated) for i, name in enumerate(listed)
    ]
    assert expected == default_order(devices)


def test_a_device_is_found_in_capitals_or_not() -> None:
    assert ["CUDA1", "CUDA0"] == names(device_order(fixed("llama-server -dev cuda1,Cuda0"), CARDS), CARDS)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("CUDA0,cuda0", "-dev CUDA0,CUDA0: CUDA0 stands there twice"),
        ("", "-dev '': there is no such device"),
        ("CUDA0,", "-dev '': there is no such device"),
        ("CUDA0, CUDA1", "-dev ' CUDA1': there is no such device"),
    ],
)
def test_a_list_that_llama_cpp_does_not_take_or_takes_a_device_twice_is_an_error(value, said) -> None:
    with pytest.raises(UsageError) as error:
        device_order(replace(fixed("llama-server"), devices=tuple(value.split(","))), CARDS)
    assert said == error.value.message
