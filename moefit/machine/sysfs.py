"""AMD's and Intel's GPUs as the kernel describes them: what is known of a card before any program has been asked.

The files are those of Documentation/gpu/amdgpu/driver-misc.rst and Documentation/ABI/testing/sysfs-bus-pci of the kernel.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from moefit.machine.link import pcie_bandwidth
from moefit.machine.natural import natural
from moefit.sizes import GIB
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

_VENDORS: Final = {"0x1002": "AMD", "0x8086": "Intel", "0x10de": "NVIDIA"}
_SLOT: Final = re.compile(r"[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")
_INTEL_INTEGRATED: Final = "0000:00:02.0"
"""Where Intel's processors have their own GPU, always; cards are behind a bridge."""
_CARD_VRAM: Final = 4 * GIB
"""An AMD GPU with less is part of a processor, where the driver does not tell: what a BIOS sets aside is seldom more."""
_METRICS_OF_CARDS: Final = 1
"""format_revision of gpu_metrics: 1 is a card's, 2 and 3 are an APU's (include/kgd_pp_interface.h of amdgpu)."""
_GENERATIONS: Final = {"2.5": 1, "5.0": 2, "5": 2, "8.0": 3, "8": 3, "16.0": 4, "32.0": 5, "64.0": 6}
_NAMES: Final = "usr/share/libdrm/amdgpu.ids"
"""AMD's names by device and revision, which libdrm installs: `744C, C8, AMD Radeon RX 7900 XTX`."""
_LANES: Final = 32
_LARGEST: Final = 1 << 16
"""Bytes of a file of sysfs."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """One GPU on the PCI bus."""

    slot: str
    """Its place on the bus: 0000:03:00.0."""
    vendor: str
    """AMD, Intel or NVIDIA."""
    driver: str
    """The kernel's: amdgpu, i915, xe, nouveau; empty for none."""
    integrated: bool
    """Part of the processor: it shares the host's memory."""
    name: str = ""
    """What its vendor calls it; empty when unknown."""
    total: int = 0
    """Bytes of its own memory; of an integrated one, with what it may take of the host's. 0 when unknown."""
    free: int = 0
    link: int | None = None
    """Bytes per second from pinned host memory over the narrowest part of its path; None when unknown."""
    link_now: int | None = None
    """The same at the speed that the link has now."""
    link_most: int | None = None
    """The same with all lanes of card and slot."""


def read_adapters(root: Path) -> tuple[Adapter, ...]:
    """The GPUs in the order of their slots, read below `root`; what cannot be read is unknown."""
    found = {}
    for card in sorted((root / "sys/class/drm").glob("card*")):
        device = card / "device"
        if re.fullmatch(r"card\d+", card.name) and _read(device / "vendor") in _VENDORS:
            adapter = _adapter(root, card, device)
            found[adapter.slot] = adapter
    return tuple(found[slot] for slot in sorted(found))


def _adapter(root: Path, card: Path, device: Path) -> Adapter:
    place = device.resolve()
    slot = next((part for part in reversed(place.parts) if _SLOT.fullmatch(part)), card.name)
    vendor = _VENDORS[_read(device / "vendor")]
    integrated = _is_integrated(device, vendor, slot)
    own, own_used = _number(device / "mem_info_vram_total"), _number(device / "mem_info_vram_used")
    lent, lent_used = _number(device / "mem_info_gtt_total"), _number(device / "mem_info_gtt_used")
    if not integrated:
        lent = lent_used = 0
    link, now, most = (None, None, None) if integrated else _links(place)
    return Adapter(
        slot=slot,
        vendor=vendor,
        driver=_driver(device),
        integrated=integrated,
        name=_read(device / "product_name") or _listed_name(root, device),
        total=own + lent,
        free=max(0, own - own_used) + max(0, lent - lent_used),
        link=link,
        link_now=now,
        link_most=most,
    )


def _is_integrated(device: Path, vendor: str, slot: str) -> bool:
    if vendor == "Intel":
        return slot == _INTEL_INTEGRATED
    if vendor != "AMD":
        return False
    head = _bytes(device / "gpu_metrics")[:4]
    if len(head) == 4:
        return head[2] != _METRICS_OF_CARDS
    return _number(device / "mem_info_vram_total") < _CARD_VRAM


def _driver(device: Path) -> str:
    """The kernel's driver: what the link `driver` names, else what the device's events say."""
    link = device / "driver"
    if link.is_symlink():
        return link.readlink().name
    found = re.search(r"^DRIVER=(\S+)", _read(device / "uevent"), re.MULTILINE)
    return found[1] if found else ""


def _listed_name(root: Path, device: Path) -> str:
    """AMD's name for the device and revision, where libdrm is installed."""
    number = _read(device / "device").removeprefix("0x").upper()
    revision = _read(device / "revision").removeprefix("0x").upper()
    if not number or not (root / _NAMES).is_file():
        return ""
    wanted = re.compile(rf"^{re.escape(number)},\s*{re.escape(revision)},\s*(\S.*)$", re.MULTILINE)
    found = wanted.search(_bytes(root / _NAMES, 1 << 20).decode(errors="replace"))
    return found[1].rstrip() if found else ""


def _links(place: Path) -> tuple[int | None, int | None, int | None]:
    """What its path carries, by the slowest part of it: when it is awake, now, and at the most that the parts can do.

    A card's own port tells of the switch on the card, not of its slot. Idle links slow down, so awake is the generation that a part can
    reach with the width that it runs at.
    """
    awake, now, most = [], [], []
    for part in (place, *place.parents):
        if not _SLOT.fullmatch(part.name):
            break
        best, speed = (_generation(part / f"{which}_link_speed") for which in ("max", "current"))
        widest, width = (_number(part / f"{which}_link_width") for which in ("max", "current"))
        lanes = [n for n in (widest, width) if 0 < n <= _LANES]
        if best and lanes:
            awake.append(pcie_bandwidth(best, min(lanes)))
            most.append(pcie_bandwidth(best, max(lanes)))
        if speed and 0 < width <= _LANES:
            now.append(pcie_bandwidth(speed, width))
    return min(awake, default=None), min(now, default=None), min(most, default=None)


def _generation(path: Path) -> int | None:
    return _GENERATIONS.get(_read(path).partition(" ")[0])


_WSL: Final = "usr/lib/wsl/lib/libcuda.so.1"
"""Windows lends it where its own driver is NVIDIA's."""


def files_of_nvidia(root: Path) -> Iterator[str]:
    """The files that NVIDIA's driver has made here: for each card, for its control, on a Jetson, and Windows' driver in WSL."""
    names = [path.name for path in sorted((root / "dev").glob("nv*"))]
    for name in names:
        if re.fullmatch(r"nvidia\d+|nvidiactl|nvgpu|nvhost-gpu", name):
            yield f"/dev/{name}"
    if (root / "dev/dxg").exists() and (root / _WSL).exists():
        yield f"/{_WSL}"


def has_kfd(root: Path) -> bool:
    """Whether AMD's driver for computing is here."""
    return (root / "dev/kfd").exists()


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _number(path: Path) -> int:
    """A natural number; 0 for anything else."""
    return natural(_read(path)) or 0


def _read(path: Path) -> str:
    return _bytes(path).decode(errors="replace").strip()


def _bytes(path: Path, most: int = _LARGEST) -> bytes:
    """The beginning of a file; nothing where it cannot be read. What would have to be waited for, a pipe, has nothing."""
    try:
        with open(path, "rb", buffering=0, opener=_without_waiting) as file:
            return file.read(most) or b""
    except OSError:
        return b""
