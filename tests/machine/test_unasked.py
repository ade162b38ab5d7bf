"""Where no program or driver tells of a device, sysfs may."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from moefit.machine.detect import MachineOptions, detect
from moefit.machine.sysfs import Adapter
from moefit.machine.unasked import from_sysfs
from moefit.sizes import GIB, MIB
from tests.machine.fake_nvml import NO_LIBRARY, FakeCard, fake_nvml
from tests.machine.tree import write

XTX = Adapter("0000:03:00.0", "AMD", "amdgpu", integrated=False, name="AMD Radeon RX 7900 XTX", total=24560 * MIB, free=24000 * MIB, link=10**10)  # fmt: skip
APU = Adapter("0000:05:00.0", "AMD", "amdgpu", integrated=True, name="AMD Radeon Graphics", total=16 * GIB, free=16 * GIB)  # fmt: skip
HALO = Adapter("0000:c4:00.0", "AMD", "amdgpu", integrated=True, name="AMD Radeon 8060S", total=96 * GIB, free=95 * GIB)  # fmt: skip
ARC = Adapter("0000:04:00.0", "Intel", "xe", integrated=False)
IGPU = Adapter("0000:00:02.0", "Intel", "i915", integrated=True)


def test_an_amd_card_is_a_device_with_its_own_memory_and_link() -> None:
    [gpu], _ = from_sysfs([XTX], computing=True)
    assert ("ROCm0", 24000 * MIB, 960 * 10**9, 10**10, "sysfs") == (
        gpu.name,
        gpu.free,
        gpu.bandwidth,
        gpu.link_bandwidth,
        gpu.source,
    )


def test_without_amds_driver_for_computing_it_is_taken_for_vulkans() -> None:
    assert ["Vulkan0", "Vulkan1"] == [gpu.name for gpu in from_sysfs([XTX, XTX], computing=False)[0]]


def test_a_processor_that_people_compute_on_is_a_device_that_shares_memory() -> None:
    [gpu], _ = from_sysfs([HALO], computing=True)
    assert (True, 95 * GIB, None) == (gpu.integrated, gpu.free, gpu.link_bandwidth)


@pytest.mark.parametrize(
    ("adapter", "word"),
    [
        (XTX, "an AMD card is here (AMD Radeon RX 7900 XTX at 0000:03:00.0), taken for ROCm0"),
        (APU, "an AMD GPU of the processor is here (AMD Radeon Graphics at 0000:05:00.0)"),
        (ARC, "an Intel card is here (at 0000:04:00.0)"),
        (IGPU, "an Intel GPU of the processor is here (at 0000:00:02.0)"),
    ],
    ids=["card", "APU", "Arc", "Intel's own"],
)
def test_no_gpu_is_passed_over_without_a_word(adapter: Adapter, word: str) -> None:
    _, words = from_sysfs([adapter], computing=True)
    assert (f"{word}: put a llama-server on the PATH, which names it",) == words


CARD = {
    "sys/class/drm/card0/device/vendor": "0x1002\n",
    "sys/class/drm/card0/device/uevent": "DRIVER=amdgpu\n",
    "sys/class/drm/card0/device/mem_info_vram_total": f"{24 * GIB}\n",
    "dev/kfd": "",
}


def test_a_machine_without_a_program_has_the_card_that_sysfs_shows(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", fake_nvml(init=NO_LIBRARY))
    machine = detect(MachineOptions(), {}, root=write(tmp_path, CARD))
    assert (["ROCm0"], "") == ([gpu.name for gpu in machine.gpus], machine.unseen)


def test_a_program_that_does_not_see_the_card_leaves_it_unseen(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", fake_nvml(init=NO_LIBRARY))
    machine = detect(MachineOptions(), {}, root=write(tmp_path, CARD), ask_server=lambda _: ())
    assert ((), True) == (machine.gpus, "an AMD card is here" in machine.unseen)


def test_a_card_beside_those_of_the_driver_that_answered_is_named(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", fake_nvml(FakeCard()))
    machine = detect(MachineOptions(), {}, root=write(tmp_path, CARD))
    assert ("CUDA0", True) == (
        machine.gpus[0].name,
        any(word.startswith("an AMD card is here") for word in machine.warnings),
    )
