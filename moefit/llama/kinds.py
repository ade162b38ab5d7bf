"""Which devices share the host's memory, by the names that drivers give them: --list-devices does not say.

source: the runtimes' own answers that ggml's backends go by: deviceType of Vulkan, `integrated` of CUDA and HIP, the kind that
Level Zero tells SYCL; Metal, OpenCL, WebGPU, CANN and RPC call everything a GPU (get_type of each backend's device).
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from moefit.sizes import MIB

_MI50_MIB: Final = frozenset({16368, 32752})
"""AMD's runtime calls every APU `AMD Radeon Graphics`, and an MI50 too: only its memory tells it apart."""

_INTEL_CARDS: Final = (
    r"\bArc(?:\(tm\))? (?:Pro )?(?:A\d{2,3}M?|B(?:50|60|65|70)|B[57]\d\d)\b"
    r"|\bData Center GPU|\bFlex \d|\bMax \d{4}|\bXe MAX\b|\bDG[12]\b|\bBMG\b|\bATS-M\b|\bPVC\b"
)
"""Intel's own cards; every other GPU of Intel's is part of a processor, an Arc B390 or 140V as well."""

_AMD_APUS: Final = (
    r"\bRadeon(?:\(tm\))? (?:R\d |HD )?\d{3,4}[MS]\b"
    r"|\b(?:RX )?Vega (?:3|5|6|7|8|9|10|11)\b|\bCustom GPU\b|\bRadeon(?:\(tm\))? R[2-7] Graphics\b"
    r"|\b(?:RAVEN2?|PICASSO|RENOIR|LUCIENNE|CEZANNE|BARCELO|VANGOGH|REMBRANDT|YELLOW_CARP|MENDOCINO|RAPHAEL\w*|PHOENIX2?"
    r"|HAWK_POINT\d?|STRIX\w*|KRACKAN\w*|GORGON\w*|STONEY|CARRIZO|KAVERI|KABINI|MULLINS|GFX90C|GFX1035|GFX1036|GFX1037"
    r"|GFX103[5-7]|GFX1103\w*|GFX115\d)\b"
)
"""AMD's processors: names of their graphics, and of their chips as Mesa adds them (RADV VANGOGH)."""

_AMD_CARDS: Final = r"\b(?:NAVI\d+\w*|POLARIS\d+|VEGA(?:10|12|20)|FIJI|TONGA|HAWAII|TAHITI|PITCAIRN|BONAIRE|ARCTURUS|ALDEBARAN|GFX120\d|GFX94\d|GFX950)\b"
"""Chips of AMD's own cards as Mesa adds them, where it knows no better name than AMD Radeon Graphics (RADV GFX1201)."""

_OTHERS: Final = (
    r"\bTegra|\bXavier\b|\bOrin\b|\bThor\b|\bGB10\b|\bnvgpu\b|^Apple |\bAdreno\b|\bMali\b|\bImmortalis\b|\bPowerVR\b"
    r"|\bXclipse\b|\bV3D\b|\bVivante\b|\bVideoCore\b|\bBC-250\b|\bllvmpipe\b|\bSwiftShader\b"
)
"""Systems on a chip, and processors that draw for want of a GPU: they count the host's memory as theirs."""


def is_integrated(description: str, total: int) -> bool:
    """Whether the device of that name and so many bytes shares the host's memory."""
    if re.search(r"\bIntel\b", description, re.IGNORECASE):
        return not _pattern(_INTEL_CARDS).search(description)
    if re.search(r"\bRadeon(?:\(tm\))? Graphics\b", description, re.IGNORECASE):
        return total // MIB not in _MI50_MIB and not _pattern(_AMD_CARDS).search(description)
    return bool(_pattern(_AMD_APUS).search(description) or _pattern(_OTHERS).search(description))


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)
