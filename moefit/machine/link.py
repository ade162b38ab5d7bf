"""What a PCI Express link carries from pinned host memory to a device."""

from __future__ import annotations

from typing import Final

LINK_EFFICIENCY: Final = 0.85
"""Share of the raw rate that a large copy from pinned memory reaches. PCIe 5 x16 measured on an H100: 54.5 GB/s of 63.0 (0.865);
public bandwidthTest figures for PCIe 4 x16 are 25-26.5 of 31.5 (0.79-0.84), for PCIe 3 x16 12.3-13.1 of 15.75 (0.78-0.83)."""

_LANE_RATE: Final = {
    1: 0.25e9,
    2: 0.5e9,
    3: 8e9 * 128 / 130 / 8,
    4: 16e9 * 128 / 130 / 8,
    5: 32e9 * 128 / 130 / 8,
    6: 8e9,
}
"""Bytes per second of one lane in one direction by generation: the transfer rate less 8b/10b or 128b/130b coding (PCI-SIG base
specifications); generation 6 loses a few percent more to its flits, which the efficiency covers."""


def pcie_bandwidth(generation: int, lanes: int) -> int:
    """Bytes per second from pinned memory over `lanes` of a PCIe `generation`; a generation above 6 counts as 6.

    >>> pcie_bandwidth(5, 16)
    53563076923
    """
    rate = _LANE_RATE[max(1, min(generation, max(_LANE_RATE)))]
    return int(rate * lanes * LINK_EFFICIENCY)
