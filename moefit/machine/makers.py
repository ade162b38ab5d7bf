"""Whose card a device is, by what it is called."""

from __future__ import annotations

import re
from typing import Final

_MAKERS: Final = {
    "NVIDIA": re.compile(r"\b(?:NVIDIA|GeForce|Quadro|Tesla)\b", re.IGNORECASE),
    "AMD": re.compile(r"\b(?:AMD|Radeon|gfx\d)", re.IGNORECASE),
    "Intel": re.compile(r"\bIntel\b|\bArc\b", re.IGNORECASE),
}
"""What the names of their cards have in them; the makers as sysfs.py calls them."""


def maker_of(description: str) -> str | None:
    """The maker's name; None where the words do not tell.

    >>> maker_of("AMD Radeon RX 7900 XTX (RADV NAVI31)"), maker_of("Intel(R) Arc(TM) B580 Graphics"), maker_of("llvmpipe")
    ('AMD', 'Intel', None)
    """
    return next((name for name, maker in _MAKERS.items() if maker.search(description)), None)
