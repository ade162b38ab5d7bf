"""GPUs that are part of a system on a chip: no bus lists them, and what they can do only a program tells."""

from __future__ import annotations

import platform
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAKERS: Final = {"asahi": "an Apple", "panthor": "a Mali", "panfrost": "a Mali", "msm": "an Adreno", "msm_dpu": "an Adreno"}  # fmt: skip
"""By the kernel's driver (drivers/gpu/drm), whose GPU it is: those that a backend of llama.cpp runs on."""


def soc_gpus(root: Path, system: str = sys.platform, processor: str | None = None) -> tuple[str, ...]:
    """A word for each kind of GPU that is evidently here, read below `root` on Linux; on a Mac with Apple's own processor it always has one."""
    if system == "darwin":
        kinds = ["an Apple"] if (processor or platform.machine()) == "arm64" else []
    else:
        kinds = list(dict.fromkeys(_of_drivers(root)))
    return tuple(f"{kind} GPU is here: put a llama-server on the PATH, which names it" for kind in kinds)


def _of_drivers(root: Path) -> Iterator[str]:
    for card in sorted((root / "sys/class/drm").glob("card*")):
        try:
            told = (card / "device/uevent").read_text("utf-8", errors="replace")
        except OSError:
            continue
        driver = re.search(r"^DRIVER=(\S+)", told, re.MULTILINE)
        if driver and driver[1] in _MAKERS:
            yield _MAKERS[driver[1]]
