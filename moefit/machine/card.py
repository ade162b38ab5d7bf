"""One card of the catalogue, as the vendors' public figures describe it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from moefit.machine.link import pcie_bandwidth
from moefit.machine.overhead import context_overhead
from moefit.machine.types import Device
from moefit.sizes import MIB
from moefit.values import dataclass

_SHARE: Final = 0.75
_SMALL_SHARE: Final = 2 / 3
_SMALL: Final = 32
"""Of a unified memory of more GB than this a GPU may have three quarters, of less two thirds: what Metal recommends at most on Macs of 16
to 512 GB by public logs, and how Ryzen AI Max machines of 128 GB are set up for models."""
_BOXES: Final = (3, 4, 5, 6, 8, 10, 11, 12, 16, 20, 24, 32, 40, 48, 64, 72, 80, 96, 128, 141, 144, 192, 288)
"""GB that cards are sold with."""


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
    other_keys: tuple[str, ...] = ()
    """Further names users give it: dgx-spark is gb10."""
    link_gbs: float | None = None
    """Host to device from pinned memory, GB/s, where that is not what PCIe carries: NVLink-C2C."""
    cores: int | None = None
    """Of a chip that is also the processor, its largest kind of cores; None of a card, and where the GPU comes with several processors."""

    @property
    def total(self) -> int:
        """Bytes of memory a program can see."""
        return self.total_mib * MIB

    @property
    def box(self) -> int:
        """GB on its box; of a unified memory all of it, of which the GPU may have a part."""
        seen = self.total_mib / 1024
        if self.pcie is not None or self.backend == "CUDA":
            return min(_BOXES, key=lambda size: (abs(size - seen * 1.03), size))
        small = round(seen / _SMALL_SHARE)
        return small if small <= _SMALL else round(seen / _SHARE)

    def of_memory(self, box: int) -> Card | None:
        """The same chip with so many GB on its box: itself, or with a unified memory what its GPU may have of that; else None."""
        if box == self.box:
            return self
        if not self.integrated or self.backend == "CUDA":
            return None
        return replace(self, total_mib=int(box * 1024 * (_SMALL_SHARE if box <= _SMALL else _SHARE)))

    @property
    def bandwidth(self) -> int:
        """Memory bandwidth, bytes per second."""
        return int(self.bandwidth_gbs * 10**9)

    @property
    def link_bandwidth(self) -> int | None:
        """Host to device from pinned memory, bytes per second; None where there is no link."""
        if self.link_gbs is not None:
            return int(self.link_gbs * 10**9)
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
