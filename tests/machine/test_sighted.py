"""What a program lists, and what the drivers know of it."""

from __future__ import annotations

import pytest

from moefit.errors import UsageError
from moefit.machine.sighted import Sighted, by_names, fold, sight
from moefit.machine.sysfs import Adapter
from moefit.machine.types import Cpu, Device, Machine, Ram
from moefit.sizes import MIB


def device(name: str, description: str, mib: int, **more) -> Device:
    return Device(name=name, free=mib * MIB, total=mib * MIB, description=description, **more)


def nvml(name: str, description: str, mib: int, uuid: str) -> Device:
    return device(name, description, mib, uuid=uuid, source="nvml", bandwidth=10**9, overhead=300 * MIB)


BIG = nvml("CUDA0", "NVIDIA GeForce RTX 3090", 24576, "GPU-big")
SMALL = nvml("CUDA1", "NVIDIA GeForce RTX 3060", 12288, "GPU-small")


def names(seen: Sighted) -> list[tuple[str, str]]:
    return [(gpu.name, gpu.uuid) for gpu in seen.devices]


def test_a_vulkan_build_may_list_cards_in_another_order_than_nvml() -> None:
    listed = (
        device("Vulkan0", "NVIDIA GeForce RTX 3060", 12288),
        device("Vulkan1", "NVIDIA GeForce RTX 3090", 24576),
    )
    assert [("Vulkan0", "GPU-small"), ("Vulkan1", "GPU-big")] == names(sight(listed, (BIG, SMALL)))


def test_the_program_decides_the_name_and_the_driver_the_figures() -> None:
    [gpu] = sight((device("Vulkan0", "NVIDIA GeForce RTX 3060", 11909),), (SMALL,)).devices
    assert ("Vulkan0", SMALL.free, SMALL.bandwidth, 120 * MIB) == (
        gpu.name,
        gpu.free,
        gpu.bandwidth,
        gpu.overhead,
    )


def test_one_card_seen_by_two_backends_is_one_card() -> None:
    listed = (
        device("CUDA0", "NVIDIA GeForce RTX 3060", 11909),
        device("Vulkan0", "NVIDIA GeForce RTX 3060", 12288),
        device("Vulkan1", "Intel(R) UHD Graphics 770 (ADL-S GT1)", 32000, integrated=True),
    )
    kept, duplicates = fold(listed)
    assert (["CUDA0", "Vulkan1"], (("Vulkan0", "CUDA0"),)) == ([gpu.name for gpu in kept], duplicates)


def test_two_cards_of_one_name_are_two_cards_in_each_backend() -> None:
    listed = [
        device(f"{backend}{i}", "NVIDIA GeForce RTX 3060", 12000)
        for backend in ("CUDA", "Vulkan")
        for i in (0, 1)
    ]
    assert (("Vulkan0", "CUDA0"), ("Vulkan1", "CUDA1")) == fold(listed)[1]


def test_cards_of_one_name_and_different_memory_are_different_cards() -> None:
    listed = (
        device("CUDA0", "NVIDIA GeForce RTX 3080", 9875),
        device("Vulkan0", "NVIDIA GeForce RTX 3080", 12288),
    )
    assert () == fold(listed)[1]


@pytest.mark.parametrize("swapped", [False, True])
def test_of_cards_of_one_name_each_is_folded_into_the_one_of_its_size(swapped: bool) -> None:
    large, small = (
        device(f"Vulkan{i ^ swapped}", "NVIDIA GeForce RTX 3060", n) for i, n in enumerate((12288, 8192))
    )
    cuda = (
        device("CUDA0", "NVIDIA GeForce RTX 3060", 11900),
        device("CUDA1", "NVIDIA GeForce RTX 3060", 7900),
    )
    listed = (*cuda, *sorted((large, small), key=lambda one: one.name))
    assert {(large.name, "CUDA0"), (small.name, "CUDA1")} == set(fold(listed)[1])


def test_a_build_for_cuda_and_rocm_has_both_kinds_of_cards() -> None:
    listed = (
        device("CUDA0", "NVIDIA GeForce RTX 3060", 11909),
        device("ROCm0", "AMD Radeon RX 7900 XTX", 24560),
        device("Vulkan0", "AMD Radeon RX 7900 XTX (RADV NAVI31)", 24560),
        device("Vulkan1", "NVIDIA GeForce RTX 3060", 12288),
    )
    seen = sight(listed, (SMALL,))
    assert [("CUDA0", "GPU-small"), ("ROCm0", "")] == names(seen)
    assert (("Vulkan0", "ROCm0"), ("Vulkan1", "CUDA0")) == seen.duplicates
    assert seen.unmatched


def test_servers_of_other_machines_are_never_folded() -> None:
    listed = [device(f"RPC{i}", "box:50052", 8000, buffer=f"RPC{i}[box:50052]") for i in (0, 1)]
    assert (tuple(listed), ()) == fold(listed)
    assert not sight(listed, ()).unmatched


def test_what_a_driver_knows_and_the_program_does_not_list_is_told() -> None:
    assert (BIG,) == sight((device("CUDA0", SMALL.description, 11909),), (BIG, SMALL)).unlisted


@pytest.mark.parametrize("listed", ["NVIDIA H100 80GB HBM3 MIG 1g.10gb", "NVIDIA H100 80GB HBM3 MIG"])
def test_a_part_of_a_card_is_known_by_its_cards_name(listed: str) -> None:
    part = nvml("CUDA0", "NVIDIA H100 80GB HBM3 MIG", 9728, "MIG-1")
    assert [("CUDA0", "MIG-1")] == names(sight((device("CUDA0", listed, 9728),), (part,)))


def on_bus(*vendors: str, integrated: bool = False) -> list[Adapter]:
    return [Adapter(f"0000:0{i}:00.0", vendor, "", integrated=integrated) for i, vendor in enumerate(vendors)]


ROCM = device("ROCm0", "AMD Radeon Graphics", 24560)
RADV = device("Vulkan0", "AMD Radeon RX 7900 XTX (RADV NAVI31)", 24576)


def test_the_only_card_of_a_maker_is_one_card_whatever_each_backend_calls_it() -> None:
    assert (("Vulkan0", "ROCm0"),) == fold([ROCM, RADV], on_bus("AMD", "NVIDIA"))[1]


@pytest.mark.parametrize("cards", [(), on_bus("AMD", "AMD"), on_bus("NVIDIA")])
def test_what_the_bus_does_not_rule_out_stays_a_card_of_its_own(cards) -> None:
    assert () == fold([ROCM, RADV], cards)[1]


def test_two_cards_of_other_names_are_paired_by_their_memory() -> None:
    listed = [
        device("ROCm0", "gfx1100", 24560),
        device("ROCm1", "gfx1102", 8176),
        device("Vulkan0", "AMD Radeon RX 7600 (RADV NAVI33)", 8192),
        device("Vulkan1", "AMD Radeon RX 7900 XTX (RADV NAVI31)", 24576),
    ]
    assert (("Vulkan0", "ROCm1"), ("Vulkan1", "ROCm0")) == fold(listed, on_bus("AMD", "AMD"))[1]


def test_a_processors_gpu_is_no_card_of_its_maker() -> None:
    shared = device("Vulkan1", "Intel(R) Graphics (ARL)", 32000, integrated=True)
    listed = [device("SYCL0", "Intel(R) Arc(TM) B580 Graphics", 12000), shared]
    assert () == fold(listed, [*on_bus("Intel"), *on_bus("Intel", integrated=True)])[1]


def test_a_card_is_called_as_the_line_calls_it() -> None:
    listed = (
        device("CUDA0", BIG.description, 24124),
        device("CUDA1", SMALL.description, 11909),
        device("Vulkan0", BIG.description, 24576),
        device("Vulkan1", SMALL.description, 12288),
    )
    kept, duplicates = fold(listed)
    machine = Machine(kept, Ram(1, 1), Cpu(1, 1), duplicates=duplicates)
    named = by_names(machine, ["vulkan1"])
    assert ["CUDA0", "Vulkan1"] == [gpu.name for gpu in named.gpus]
    assert ("Vulkan0", "CUDA1") == named.hidden
    assert machine == by_names(machine, ["CUDA1", "CPU"])
    with pytest.raises(UsageError, match="Vulkan1 and CUDA1 are one card"):
        by_names(machine, ["CUDA1", "Vulkan1"])
