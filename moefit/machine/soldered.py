"""GPUs that nobody can add to: they lie in a laptop, or are part of the processor."""

from __future__ import annotations

import re
from typing import Final

from moefit.machine.catalogue import card_of_driver
from moefit.machine.types import Device

LAPTOP: Final = re.compile(
    r"\blaptop\b|\bMax-Q Design\b|\bMobile\b|\bMX\d{3}\b|\b[A-Z]?\d{3,4}(?:MX?|S)\b", re.IGNORECASE
)
"""Drivers' names of laptops' cards: RTX 5070 Ti Laptop GPU, GTX 1070 with Max-Q Design, RX 7600M XT, RX 6700S, Arc A770M, 940MX."""


def is_soldered(device: Device) -> bool:
    """Whether it can have neither more memory of its own nor a second one like it beside it."""
    if device.integrated or LAPTOP.search(device.description):
        return True
    card = card_of_driver(device.description, device.total)
    return card is not None and (card.cores is not None or "-laptop" in card.key)
