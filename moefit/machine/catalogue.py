"""Common cards as data: what a card that is not here can do, and what a driver does not say of one that is.

Every figure is a public one. Memory bandwidth, PCIe generation and lanes, multiprocessors and tensor throughput come from the
vendors' datasheets and architecture white papers (NVIDIA Pascal to Blackwell, AMD CDNA and RDNA, Intel Xe, Apple's technical
specifications). Total memory is what the driver offers a program on Linux, which for NVIDIA is 1-4% below the number on the
box: the memory that `llama-server --list-devices` prints, from public logs, or the box's number less the usual share.
"""

from __future__ import annotations

import re
from typing import Final

from moefit.errors import UsageError
from moefit.machine.link import pcie_bandwidth
from moefit.machine.overhead import context_overhead
from moefit.machine.types import Device
from moefit.sizes import MIB
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Card:
    """One card of the catalogue."""

    key: str
    """How a user names it: rtx-3060. Cards that come with several memories carry the memory: rtx-4060-ti-16gb."""
    description: str
    """The name its driver gives."""
    total_mib: int
    """Memory a program can see, MiB."""
    bandwidth_gbs: float
    """Memory bandwidth, GB/s (10^9)."""
    pcie: tuple[int, int] | None
    """PCIe generation and lanes; None where the memory is the host's own."""
    tensor_tflops: float
    """Dense FP16 tensor throughput (no sparsity) with FP16 accumulation, TFLOP/s: half the int8 rate that quantised matrix products run
    at on every card with tensor cores. Without tensor cores: the FP16 rate, or half the int8 dot-product rate if higher."""
    multiprocessors: int
    """Streaming multiprocessors or compute units."""
    backend: str = "CUDA"
    """The backend llama.cpp's usual build for it has."""
    other_names: tuple[str, ...] = ()
    """Further names drivers give the same card."""

    @property
    def total(self) -> int:
        """Bytes of memory a program can see."""
        return self.total_mib * MIB

    @property
    def bandwidth(self) -> int:
        """Memory bandwidth, bytes per second."""
        return int(self.bandwidth_gbs * 10**9)

    @property
    def link_bandwidth(self) -> int | None:
        """Host to device from pinned memory, bytes per second; None where there is no link."""
        return None if self.pcie is None else pcie_bandwidth(*self.pcie)

    @property
    def compute(self) -> float:
        """Dense FP16 tensor throughput, FLOP/s."""
        return self.tensor_tflops * 1e12

    @property
    def integrated(self) -> bool:
        """Shares the host's memory."""
        return self.pcie is None

    def device(self, name: str) -> Device:
        """This card with all its memory free, as the device `name`."""
        return Device(
            name=name,
            free=self.total,
            total=self.total,
            description=self.description,
            bandwidth=self.bandwidth,
            link_bandwidth=self.link_bandwidth,
            compute=self.compute,
            overhead=context_overhead(name, self.multiprocessors),
            integrated=self.integrated,
            source="catalogue",
        )


_GEFORCE: Final = "NVIDIA GeForce "

CARDS: Final = (
    # key, driver's name, MiB seen, GB/s, (PCIe generation, lanes), tensor TFLOP/s, multiprocessors
    Card("gtx-1080-ti", _GEFORCE + "GTX 1080 Ti", 11165, 484, (3, 16), 22.6, 28),
    Card("rtx-2060", _GEFORCE + "RTX 2060", 5739, 336, (3, 16), 51.6, 30),
    Card("rtx-2080-ti", _GEFORCE + "RTX 2080 Ti", 10822, 616, (3, 16), 107.6, 68),
    Card("rtx-3060", _GEFORCE + "RTX 3060", 11909, 360, (4, 16), 51.2, 28),
    Card("rtx-3060-ti", _GEFORCE + "RTX 3060 Ti", 7840, 448, (4, 16), 64.8, 38),
    Card("rtx-3070", _GEFORCE + "RTX 3070", 7819, 448, (4, 16), 81.3, 46),
    Card("rtx-3070-ti", _GEFORCE + "RTX 3070 Ti", 7840, 608, (4, 16), 87.0, 48),
    Card("rtx-3080", _GEFORCE + "RTX 3080", 9875, 760, (4, 16), 119.0, 68),
    Card("rtx-3080-12gb", _GEFORCE + "RTX 3080", 11909, 912, (4, 16), 122.6, 70),
    Card("rtx-3080-ti", _GEFORCE + "RTX 3080 Ti", 11909, 912, (4, 16), 136.4, 80),
    Card("rtx-3090", _GEFORCE + "RTX 3090", 24124, 936, (4, 16), 142.3, 82),
    Card("rtx-3090-ti", _GEFORCE + "RTX 3090 Ti", 24124, 1008, (4, 16), 160.0, 84),
    Card("rtx-4060", _GEFORCE + "RTX 4060", 7806, 272, (4, 8), 60.4, 24),
    Card("rtx-4060-ti-8gb", _GEFORCE + "RTX 4060 Ti", 7806, 288, (4, 8), 88.2, 34),
    Card("rtx-4060-ti-16gb", _GEFORCE + "RTX 4060 Ti", 15946, 288, (4, 8), 88.2, 34),
    Card("rtx-4070", _GEFORCE + "RTX 4070", 11866, 504, (4, 16), 116.6, 46),
    Card("rtx-4070-super", _GEFORCE + "RTX 4070 SUPER", 11866, 504, (4, 16), 141.9, 56),
    Card("rtx-4070-ti", _GEFORCE + "RTX 4070 Ti", 11866, 504, (4, 16), 160.4, 60),
    Card("rtx-4070-ti-super", _GEFORCE + "RTX 4070 Ti SUPER", 15946, 672, (4, 16), 176.4, 66),
    Card("rtx-4080", _GEFORCE + "RTX 4080", 15946, 717, (4, 16), 194.9, 76),
    Card("rtx-4080-super", _GEFORCE + "RTX 4080 SUPER", 15946, 736, (4, 16), 208.9, 80),
    Card("rtx-4090", _GEFORCE + "RTX 4090", 24080, 1008, (4, 16), 330.3, 128),
    Card("rtx-5060-ti-8gb", _GEFORCE + "RTX 5060 Ti", 7707, 448, (5, 8), 94.9, 36),
    Card("rtx-5060-ti-16gb", _GEFORCE + "RTX 5060 Ti", 15847, 448, (5, 8), 94.9, 36),
    Card("rtx-5070", _GEFORCE + "RTX 5070", 11774, 672, (5, 16), 123.5, 48),
    Card("rtx-5070-ti", _GEFORCE + "RTX 5070 Ti", 15808, 896, (5, 16), 175.8, 70),
    Card("rtx-5080", _GEFORCE + "RTX 5080", 15847, 960, (5, 16), 225.1, 84),
    Card("rtx-5090", _GEFORCE + "RTX 5090", 32106, 1792, (5, 16), 419.0, 170),
    Card("a2000-12gb", "NVIDIA RTX A2000 12GB", 11909, 288, (4, 16), 32.0, 26),
    Card("a4000", "NVIDIA RTX A4000", 15992, 448, (4, 16), 76.7, 48),
    Card("a5000", "NVIDIA RTX A5000", 24124, 768, (4, 16), 111.1, 64),
    Card("a6000", "NVIDIA RTX A6000", 48541, 768, (4, 16), 154.8, 84),
    Card("rtx-6000-ada", "NVIDIA RTX 6000 Ada Generation", 48508, 960, (4, 16), 364.2, 142),
    Card(
        "rtx-pro-6000",
        "NVIDIA RTX PRO 6000 Blackwell Workstation Edition",
        97247,
        1792,
        (5, 16),
        503.8,
        188,
        other_names=(
            "NVIDIA RTX PRO 6000 Blackwell Server Edition",
            "NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition",
        ),
    ),
    Card("t4", "Tesla T4", 14913, 320, (3, 16), 65.0, 40),
    Card("p40", "Tesla P40", 24443, 347, (3, 16), 23.5, 30),
    Card(
        "p100", "Tesla P100-PCIE-16GB", 16276, 732, (3, 16), 18.7, 56, other_names=("Tesla P100-SXM2-16GB",)
    ),
    Card(
        "v100-16gb",
        "Tesla V100-PCIE-16GB",
        16144,
        900,
        (3, 16),
        112.0,
        80,
        other_names=("Tesla V100-SXM2-16GB",),
    ),
    Card(
        "v100-32gb",
        "Tesla V100-PCIE-32GB",
        32494,
        900,
        (3, 16),
        112.0,
        80,
        other_names=("Tesla V100-SXM2-32GB",),
    ),
    Card("a10", "NVIDIA A10", 22589, 600, (4, 16), 125.0, 72, other_names=("NVIDIA A10G",)),
    Card(
        "a100-40gb",
        "NVIDIA A100-PCIE-40GB",
        40326,
        1555,
        (4, 16),
        312.0,
        108,
        other_names=("NVIDIA A100-SXM4-40GB",),
    ),
    Card(
        "a100-80gb",
        "NVIDIA A100 80GB PCIe",
        81037,
        1935,
        (4, 16),
        312.0,
        108,
        other_names=("NVIDIA A100-SXM4-80GB",),
    ),
    Card("l4", "NVIDIA L4", 22478, 300, (4, 16), 121.0, 58),
    Card("l40s", "NVIDIA L40S", 45469, 864, (4, 16), 362.0, 142),
    Card("h100", "NVIDIA H100 80GB HBM3", 81079, 3350, (5, 16), 989.0, 132),
    Card("h100-pcie", "NVIDIA H100 PCIe", 81079, 2000, (5, 16), 756.0, 114),
    Card("h200", "NVIDIA H200", 143156, 4800, (5, 16), 989.0, 132),
    Card("gb10", "NVIDIA GB10", 122564, 273, None, 125.0, 48),
    Card("mi50-16gb", "AMD Instinct MI50", 16368, 1024, (4, 16), 26.5, 60, "ROCm"),
    Card("mi50-32gb", "AMD Instinct MI50", 32752, 1024, (4, 16), 26.5, 60, "ROCm"),
    Card("mi100", "AMD Instinct MI100", 32752, 1229, (4, 16), 184.6, 120, "ROCm"),
    Card("rx-6800", "AMD Radeon RX 6800", 16368, 512, (4, 16), 32.3, 60, "ROCm"),
    Card("rx-6800-xt", "AMD Radeon RX 6800 XT", 16368, 512, (4, 16), 41.5, 72, "ROCm"),
    Card("rx-6900-xt", "AMD Radeon RX 6900 XT", 16368, 512, (4, 16), 46.1, 80, "ROCm"),
    Card("rx-7600-xt", "AMD Radeon RX 7600 XT", 16368, 288, (4, 8), 45.1, 32, "ROCm"),
    Card("rx-7800-xt", "AMD Radeon RX 7800 XT", 16368, 624, (4, 16), 74.7, 60, "ROCm"),
    Card("rx-7900-xt", "AMD Radeon RX 7900 XT", 20464, 800, (4, 16), 103.2, 84, "ROCm"),
    Card("rx-7900-xtx", "AMD Radeon RX 7900 XTX", 24560, 960, (4, 16), 122.8, 96, "ROCm"),
    Card("rx-9070-xt", "AMD Radeon RX 9070 XT", 16304, 640, (5, 16), 194.6, 64, "ROCm"),
    Card("r9700", "AMD Radeon AI PRO R9700", 32624, 640, (5, 16), 191.0, 64, "ROCm"),
    Card(
        "strix-halo", "AMD Radeon 8060S", 98304, 256, None, 59.4, 40, "ROCm", ("AMD Radeon 8060S Graphics",)
    ),
    Card("arc-a770", "Intel(R) Arc(TM) A770 Graphics", 15473, 560, (4, 16), 137.6, 32, "Vulkan"),
    Card("arc-b580", "Intel(R) Arc(TM) B580 Graphics", 11605, 456, (4, 8), 116.5, 20, "Vulkan"),
)
"""The catalogue, NVIDIA first, then AMD and Intel."""

# Not compiled here: most plans name no card, and compiling takes longer than all else in this module.
_VENDOR_WORDS: Final = (
    r"\((?:r|tm)\)|\b(?:nvidia|geforce|tesla|quadro|amd|radeon|instinct|intel|graphics|generation)\b"
)
_FAMILY: Final = r"^(?:rtx|gtx|rx|arc|mi(?=\d)|)"


def find_card(text: str) -> Card | None:
    """The card a user means by `text` (`rtx-3060`, `RTX 3060`, `3060`, `NVIDIA GeForce RTX 3060`), or None for no card.

    Raises:
        UsageError: `text` names a card that comes with several memories without saying which.
    """
    wanted = _compact(text)
    if not wanted:
        return None
    exact = [card for card in CARDS if wanted in _spellings(card.key)]
    if exact:
        return exact[0]
    named = [
        card for card in CARDS if wanted in {_compact(name) for name in (card.description, *card.other_names)}
    ]
    if len(named) == 1:
        return named[0]
    variants = named or [card for card in CARDS if wanted in _spellings(re.sub(r"-\d+gb$", "", card.key))]
    if variants:
        keys = " or ".join(card.key for card in variants)
        raise UsageError(f"{text} comes with more than one memory size", f"say {keys}")
    return None


def card_of_driver(description: str, total: int) -> Card | None:
    """The card whose driver calls itself `description` and shows `total` bytes, or None for one not in the catalogue.

    Variants of one name are told apart by memory; one more than 15% away from every variant is another card, unless its memory
    is the host's, of which it may be given any part.
    """
    wanted = _compact(description)
    same = [
        card for card in CARDS if wanted in {_compact(name) for name in (card.description, *card.other_names)}
    ]
    if not same:
        return None
    nearest = min(same, key=lambda card: abs(card.total - total))
    return nearest if nearest.integrated or abs(nearest.total - total) <= 0.15 * nearest.total else None


def is_discrete(description: str) -> bool:
    """Whether every card whose driver calls itself `description` has memory of its own; not of names that are not in the catalogue."""
    wanted = _compact(description)
    same = [
        card for card in CARDS if wanted in {_compact(name) for name in (card.description, *card.other_names)}
    ]
    return bool(same) and not any(card.integrated for card in same)


def similar_cards(text: str) -> list[str]:
    """Up to three catalogue keys that look like `text`, for a hint."""
    from difflib import get_close_matches  # noqa: PLC0415 - only an error needs it

    return get_close_matches(text.lower(), [card.key for card in CARDS], n=3)


def _compact(text: str) -> str:
    """`text` without vendor words and punctuation: what different spellings of one card share."""
    return re.sub(r"[^a-z0-9]", "", re.sub(_VENDOR_WORDS, " ", text.lower()))


def _spellings(key: str) -> set[str]:
    """The compact spellings of a catalogue key: with and without its family (rtx3060, 3060)."""
    full = _compact(key)
    bare = re.sub(_FAMILY, "", full)
    return {full, bare} if any(c.isdigit() for c in bare) else {full}
