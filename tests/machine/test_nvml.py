from __future__ import annotations

import os
import sys
from dataclasses import fields
from types import ModuleType

import psutil
import pytest

from moefit.machine import cuda_driver
from moefit.machine.link import pcie_bandwidth
from moefit.machine.nvml import read_gpus
from moefit.machine.types import Device, Ram
from moefit.sizes import GIB, MIB
from tests.machine.fake_cuda import UUIDS, FakeCuda
from tests.machine.fake_nvml import LOST, NO_LIBRARY, NOT_SUPPORTED, FakeCard, fake_nvml

RAM = Ram(total=120 * GIB, available=100 * GIB)


def read(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType | None, **environment: str
) -> tuple[tuple[Device, ...], tuple[str, ...]]:
    monkeypatch.setitem(sys.modules, "pynvml", module)
    for name in ("CUDA_DEVICE_ORDER", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    return read_gpus(environment, RAM, 5)[:2]


def test_a_card_is_described_by_what_nvml_says(monkeypatch) -> None:
    gpus, warnings = read(monkeypatch, fake_nvml(FakeCard()))
    expected = Device(
        name="CUDA0",
        free=11900 * MIB,
        total=12288 * MIB,
        description="NVIDIA GeForce RTX 3060",
        bandwidth=192 * 7501 * 10**6 * 2 // 8,
        link_bandwidth=pcie_bandwidth(4, 16),
        compute=51.2e12,
        overhead=250 * MIB,
        uuid="GPU-3060",
        source="nvml",
        link_now=pcie_bandwidth(1, 16),
        link_most=pcie_bandwidth(4, 16),
    )
    assert ((expected,), ()) == (gpus, warnings)


def test_who_holds_a_cards_memory_is_told_by_name_the_largest_first(monkeypatch) -> None:
    own, nobody = os.getpid(), 4194304 + 7
    card = FakeCard(compute=[(nobody, 300 * MIB), (nobody + 1, None)], graphics=[(own, 900 * MIB)], display=1)
    [gpu], warnings = read(monkeypatch, fake_nvml(card))
    named = psutil.Process(own).name()
    assert ((named, 900 * MIB), (f"process {nobody}", 300 * MIB)) == gpu.held
    assert (True, ()) == (gpu.display, warnings)


@pytest.mark.parametrize("answer", [NOT_SUPPORTED, 7, [(1, "many")]])
def test_a_driver_that_does_not_tell_who_holds_memory_tells_the_rest(monkeypatch, answer) -> None:
    card = fake_nvml(FakeCard())
    card.nvmlDeviceGetComputeRunningProcesses = lambda _card: answer
    [gpu], _ = read(monkeypatch, card)
    assert ((), 12288 * MIB) == (gpu.held, gpu.total)


@pytest.mark.parametrize(
    ("bus", "clock", "gigabytes"),
    [
        (192, 7501, 360),
        (384, 9751, 936),
        (384, 10501, 1008),
        (512, 14001, 1792),
        (384, 3615, 347),
        (5120, 1215, 1555),
        (5120, 2619, 3352),
    ],
)
def test_bus_width_and_clock_give_the_datasheets_bandwidth(
    monkeypatch, bus: int, clock: int, gigabytes: int
) -> None:
    """GDDR6, GDDR6X, GDDR7, GDDR5, HBM2 and HBM3 alike."""
    [gpu], _ = read(monkeypatch, fake_nvml(FakeCard(bus=bus, memory_clock=clock)))
    assert gpu.bandwidth is not None
    assert abs(gpu.bandwidth / (gigabytes * 1e9) - 1) < 0.005


def test_without_the_bindings_there_are_no_gpus_and_a_warning(monkeypatch) -> None:
    gpus, [warning] = read(monkeypatch, None)
    assert () == gpus
    assert "not looked for" in warning


@pytest.mark.parametrize("module", [fake_nvml(init=NO_LIBRARY), fake_nvml(count=LOST)])
def test_without_a_working_driver_there_are_no_gpus_and_a_warning(monkeypatch, module) -> None:
    gpus, [warning] = read(monkeypatch, module)
    assert () == gpus
    assert "NVML" in warning


@pytest.mark.parametrize("broken", [FakeCard(handle=LOST), FakeCard(name=LOST), FakeCard(free=LOST)])
def test_one_broken_card_is_left_out_with_a_warning_and_the_others_stay(
    monkeypatch, broken: FakeCard
) -> None:
    good = FakeCard(uuid="GPU-good")
    gpus, [warning] = read(monkeypatch, fake_nvml(broken, good))
    assert ["CUDA0"] == [gpu.name for gpu in gpus]
    assert "left out: NVML says GPU is lost" in warning


@pytest.mark.parametrize(
    "name", [f.name for f in fields(FakeCard) if f.name not in {"name", "total", "free", "handle", "mig"}]
)
def test_any_other_figure_that_is_not_supported_leaves_a_known_card_usable_without_a_warning(
    monkeypatch, name: str
) -> None:
    [gpu], warnings = read(monkeypatch, fake_nvml(FakeCard(**{name: NOT_SUPPORTED})))
    assert () == warnings
    assert gpu.bandwidth is not None
    assert abs(gpu.bandwidth / 360e9 - 1) < 0.001
    assert pcie_bandwidth(4, 16) == gpu.link_bandwidth


def test_an_unknown_card_without_a_memory_clock_warns_and_has_no_bandwidth(monkeypatch) -> None:
    [gpu], [warning] = read(
        monkeypatch, fake_nvml(FakeCard(name="NVIDIA Experimental", memory_clock=NOT_SUPPORTED))
    )
    assert gpu.bandwidth is None
    assert "memory bandwidth unknown" in warning


def test_an_unknown_cards_throughput_follows_from_its_multiprocessors(monkeypatch) -> None:
    [gpu], _ = read(monkeypatch, fake_nvml(FakeCard(name="NVIDIA Experimental", cores=10496, sm_clock=1695)))
    assert gpu.compute is not None
    assert abs(gpu.compute / 142.3e12 - 1) < 0.01


def test_an_unknown_card_that_says_nothing_more_is_still_a_device(monkeypatch) -> None:
    silent = dict.fromkeys(
        ("capability", "cores", "sm_clock", "memory_clock", "bus", "generation", "width", "current_width"),
        NOT_SUPPORTED,
    )
    [gpu], _ = read(monkeypatch, fake_nvml(FakeCard(name="NVIDIA Experimental", **silent)))
    assert (None, None, None, 450 * MIB) == (gpu.bandwidth, gpu.link_bandwidth, gpu.compute, gpu.overhead)


def test_gb10_shares_the_hosts_memory(monkeypatch) -> None:
    gb10 = FakeCard(
        name="NVIDIA GB10",
        free=NOT_SUPPORTED,
        bus=NOT_SUPPORTED,
        memory_clock=NOT_SUPPORTED,
        generation=1,
        width=1,
    )
    [gpu], warnings = read(monkeypatch, fake_nvml(gb10))
    assert () == warnings
    assert (True, 100 * GIB, 120 * GIB) == (gpu.integrated, gpu.free, gpu.total)
    assert (273 * 10**9, None) == (gpu.bandwidth, gpu.link_bandwidth)


def test_any_other_card_without_memory_of_its_own_shares_the_hosts_and_says_so(monkeypatch) -> None:
    [gpu], warnings = read(monkeypatch, fake_nvml(FakeCard(name="Orin (nvgpu)", free=NOT_SUPPORTED)))
    assert gpu.integrated
    assert any("taken to share the host's" in warning for warning in warnings)


def test_what_nvlink_c2c_feeds_is_not_told_by_its_pcie_link(monkeypatch) -> None:
    [gpu], _ = read(monkeypatch, fake_nvml(FakeCard(name="NVIDIA GH200 480GB", total=97871 * MIB)))
    assert 375 * 10**9 == gpu.link_bandwidth


def test_a_card_in_a_narrow_slot_gets_the_width_it_runs_at(monkeypatch) -> None:
    [gpu], _ = read(monkeypatch, fake_nvml(FakeCard(width=16, current_width=4)))
    assert pcie_bandwidth(4, 4) == gpu.link_bandwidth


def test_names_may_be_bytes(monkeypatch) -> None:
    [gpu], _ = read(
        monkeypatch,
        fake_nvml(FakeCard(name=b"NVIDIA GeForce RTX 3060", uuid=b"GPU-3060")),
        CUDA_VISIBLE_DEVICES="GPU-3060",
    )
    assert "NVIDIA GeForce RTX 3060" == gpu.description


def test_an_empty_list_of_visible_devices_hides_every_card(monkeypatch) -> None:
    assert ((), ()) == read(monkeypatch, fake_nvml(FakeCard()), CUDA_VISIBLE_DEVICES="")


def test_visible_devices_are_renumbered_in_the_order_given(monkeypatch) -> None:
    first = FakeCard(uuid="GPU-a", free=1 * GIB)
    second = FakeCard(uuid="GPU-b", free=2 * GIB)
    gpus, _ = read(monkeypatch, fake_nvml(first, second), CUDA_VISIBLE_DEVICES="1,0")
    assert [("CUDA0", 2 * GIB), ("CUDA1", 1 * GIB)] == [(gpu.name, gpu.free) for gpu in gpus]


SLOW = FakeCard(uuid="GPU-0a1b2c3d-0000-1111-2222-333344445555")
FAST = FakeCard(
    name="NVIDIA GeForce RTX 4090",
    uuid="GPU-9a1b2c3d-0000-1111-2222-333344445555",
    cores=16384,
    sm_clock=3105,
    total=24564 * MIB,
    free=24000 * MIB,
)


def test_unlike_cards_come_in_the_order_cuda_itself_lists(monkeypatch) -> None:
    monkeypatch.setattr(cuda_driver, "cuda_uuids", lambda: (SLOW.uuid[4:], FAST.uuid[4:]))
    gpus, warnings = read(monkeypatch, fake_nvml(FAST, SLOW))
    assert [("CUDA0", "NVIDIA GeForce RTX 3060"), ("CUDA1", "NVIDIA GeForce RTX 4090")] == [
        (gpu.name, gpu.description) for gpu in gpus
    ]
    assert () == warnings


@pytest.mark.parametrize("uuids", [None, (), ("ffffffff-0000-1111-2222-333344445555",)])
def test_where_cuda_does_not_tell_the_fastest_card_is_taken_to_come_first(monkeypatch, uuids) -> None:
    monkeypatch.setattr(cuda_driver, "cuda_uuids", lambda: uuids)
    gpus, [warning] = read(monkeypatch, fake_nvml(SLOW, FAST))
    assert ["NVIDIA GeForce RTX 4090", "NVIDIA GeForce RTX 3060"] == [gpu.description for gpu in gpus]
    assert "CUDA_DEVICE_ORDER=PCI_BUS_ID makes it sure" in warning


@pytest.mark.parametrize("cards", [(SLOW,), (SLOW, SLOW)])
def test_cuda_is_not_started_where_the_order_is_certain(monkeypatch, cards: tuple[FakeCard, ...]) -> None:
    monkeypatch.setattr(cuda_driver, "cuda_uuids", lambda: pytest.fail("CUDA takes its time"))
    gpus, _ = read(monkeypatch, fake_nvml(*cards))
    assert len(cards) == len(gpus)


def test_cuda_is_not_asked_about_variables_of_another_process(monkeypatch) -> None:
    monkeypatch.setattr(cuda_driver, "cuda_uuids", lambda: pytest.fail("it would answer for this process"))
    gpus, [_] = read(monkeypatch, fake_nvml(SLOW, FAST), CUDA_VISIBLE_DEVICES="1")
    assert ["NVIDIA GeForce RTX 3060"] == [gpu.description for gpu in gpus]


def test_cuda_lists_uuids_in_its_own_order(monkeypatch) -> None:
    monkeypatch.setattr(cuda_driver, "load_library", FakeCuda)
    assert tuple(map(str, UUIDS)) == cuda_driver.cuda_uuids()


@pytest.mark.parametrize("library", [None, FakeCuda({"cuInit": 100}), FakeCuda({"cuDeviceGetUuid_v2": 1})])
def test_cuda_that_is_missing_or_fails_lists_nothing(monkeypatch, library) -> None:
    monkeypatch.setattr(cuda_driver, "load_library", lambda: library)
    assert cuda_driver.cuda_uuids() is None


def test_a_part_of_a_card_has_its_own_memory_and_its_share_of_the_bandwidth(monkeypatch) -> None:
    part = FakeCard(name="part", uuid="MIG-1", total=20 * GIB, free=19 * GIB)
    whole = FakeCard(
        name="NVIDIA H100 80GB HBM3",
        uuid="GPU-h",
        total=80 * GIB,
        free=80 * GIB,
        bus=5120,
        memory_clock=2619,
        mig=[part],
    )
    [gpu], _ = read(monkeypatch, fake_nvml(whole))
    assert (20 * GIB, 19 * GIB, "NVIDIA H100 80GB HBM3 MIG") == (gpu.total, gpu.free, gpu.description)
    assert gpu.bandwidth is not None
    assert abs(gpu.bandwidth / (3352e9 / 4) - 1) < 0.001
