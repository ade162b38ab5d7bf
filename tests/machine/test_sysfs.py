from __future__ import annotations

import os
from pathlib import Path

import pytest

from moefit.machine.link import pcie_bandwidth
from moefit.machine.sysfs import Adapter, read_adapters
from moefit.sizes import GIB, MIB
from tests.machine.tree import write


def adapter(root: Path, slot: str, card: str = "card0", **files: str) -> Path:
    """One card of DRM whose device is at `slot` (a path of slots, the bridge first)."""
    device = write(
        root / "sys/devices/pci0000:00" / slot, {name: f"{text}\n" for name, text in files.items()}
    )
    folder = root / "sys/class/drm" / card
    folder.mkdir(parents=True)
    (folder / "device").symlink_to(device)
    return device


CARD = {"vendor": "0x1002", "uevent": "DRIVER=amdgpu", "mem_info_vram_total": str(24 * GIB), "mem_info_vram_used": str(GIB)}  # fmt: skip
LANES = {"max_link_speed": "16.0 GT/s PCIe", "current_link_speed": "2.5 GT/s PCIe", "max_link_width": "16", "current_link_width": "16"}  # fmt: skip


def test_an_amd_card_has_memory_of_its_own(tmp_path) -> None:
    adapter(tmp_path, "0000:00:01.0/0000:03:00.0", **CARD, mem_info_gtt_total=str(64 * GIB))
    expected = Adapter("0000:03:00.0", "AMD", "amdgpu", integrated=False, total=24 * GIB, free=23 * GIB)
    assert (expected,) == read_adapters(tmp_path)


def test_an_apu_is_told_by_its_metrics_and_may_take_of_the_hosts_memory(tmp_path) -> None:
    memory = {"mem_info_vram_total": str(96 * GIB), "mem_info_gtt_total": str(16 * GIB), "mem_info_gtt_used": str(GIB)}  # fmt: skip
    adapter(tmp_path, "0000:c4:00.0", **CARD | memory, gpu_metrics="\x08\x01\x03\x00")
    [apu] = read_adapters(tmp_path)
    assert (True, 112 * GIB, 110 * GIB) == (apu.integrated, apu.total, apu.free)


@pytest.mark.parametrize(("revision", "integrated"), [(1, False), (2, True), (3, True)])
def test_the_metrics_of_cards_and_apus_have_formats_of_their_own(tmp_path, revision, integrated) -> None:
    adapter(tmp_path, "0000:03:00.0", **CARD, gpu_metrics=f"\x08\x01{chr(revision)}\x00")
    assert integrated is read_adapters(tmp_path)[0].integrated


def test_an_amd_gpu_with_little_memory_is_an_apu_where_its_driver_does_not_tell(tmp_path) -> None:
    adapter(tmp_path, "0000:03:00.0", **CARD | {"mem_info_vram_total": str(512 * MIB)})
    assert read_adapters(tmp_path)[0].integrated


@pytest.mark.parametrize(("slot", "integrated"), [("0000:00:02.0", True), ("0000:03:00.0", False)])
def test_intels_processors_have_their_gpu_at_one_place(tmp_path, slot, integrated) -> None:
    adapter(tmp_path, slot, vendor="0x8086", uevent="DRIVER=xe")
    assert ("Intel", integrated) == (read_adapters(tmp_path)[0].vendor, read_adapters(tmp_path)[0].integrated)


def test_a_cards_link_is_the_narrowest_part_of_its_path(tmp_path) -> None:
    """A card's own port speaks to the switch on the card, sixteen lanes wide whatever the slot has."""
    adapter(tmp_path, "0000:00:01.0/0000:01:00.0/0000:02:00.0/0000:03:00.0", **CARD, **LANES)
    slot = tmp_path / "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0"
    write(slot, {name: f"{text}\n" for name, text in (LANES | {"current_link_width": "4"}).items()})
    assert pcie_bandwidth(4, 4) == read_adapters(tmp_path)[0].link


def test_a_name_comes_from_libdrms_list(tmp_path) -> None:
    write(tmp_path, {"usr/share/libdrm/amdgpu.ids": "1.0.0\n744C,\tC8,\tAMD Radeon RX 7900 XTX\n"})
    adapter(tmp_path, "0000:03:00.0", **CARD, device="0x744c", revision="0xc8")
    assert "AMD Radeon RX 7900 XTX" == read_adapters(tmp_path)[0].name


def test_cards_come_in_the_order_of_their_slots(tmp_path) -> None:
    adapter(tmp_path, "0000:04:00.0", "card0", **CARD)
    adapter(tmp_path, "0000:03:00.0", "card1", **CARD)
    assert ["0000:03:00.0", "0000:04:00.0"] == [found.slot for found in read_adapters(tmp_path)]


@pytest.mark.parametrize("junk", ["", "-1", "N/A", "9" * 400, "\x00\xff", "²"])
def test_a_figure_that_is_no_number_is_unknown(tmp_path, junk) -> None:
    adapter(
        tmp_path, "0000:03:00.0", **CARD | {"mem_info_vram_total": junk, "gpu_metrics": "\x08\x01\x01\x00"}
    )
    assert 0 == read_adapters(tmp_path)[0].total


def test_a_pipe_in_the_place_of_a_figure_is_not_waited_for(tmp_path) -> None:
    device = adapter(tmp_path, "0000:03:00.0", **CARD)
    (device / "mem_info_vram_total").unlink()
    os.mkfifo(device / "mem_info_vram_total")
    assert [0] == [card.total for card in read_adapters(tmp_path)]


def test_a_host_without_a_gpu_has_none(tmp_path) -> None:
    assert () == read_adapters(tmp_path)


def test_a_link_is_told_as_it_is_now_and_as_it_could_be(tmp_path) -> None:
    adapter(tmp_path, "0000:00:01.0/0000:03:00.0", **CARD, **LANES | {"current_link_width": "4"})
    [card] = read_adapters(tmp_path)
    found = (card.link, card.link_now, card.link_most)
    assert (pcie_bandwidth(4, 4), pcie_bandwidth(1, 4), pcie_bandwidth(4, 16)) == found
