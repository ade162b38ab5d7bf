"""Kinds of processor cores, by the processor's name: what one of each gets through in decode, and what it computes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from moefit.cost import constants as c
from moefit.machine.assumed import SMALL_CORES

if TYPE_CHECKING:
    from collections.abc import Callable

    from moefit.machine.types import Cpu


class Core(NamedTuple):
    """One kind of core."""

    work: float
    """Bytes of Q4_K per second in a matrix-vector product."""
    flops: float
    """FLOP/s in a large product of plain Q4_K."""


SERVER: Final = re.compile(
    r"xeon|epyc(?! 4\d\d[45])|threadripper|neoverse|graviton|altra|grace", re.IGNORECASE
)
"""Processors of servers and workstations."""
_LAPTOP: Final = re.compile(
    rf"^(?!.*(?:{SERVER.pattern})).*(?:\b\d{{3,5}}(?:H|HX|HX3D|HK|HS|HQ|U|V|Y|G[1-7])\b|\b1[23]\d\dP\b|\bRyzen AI)",
    re.IGNORECASE,
)
"""Processors of laptops, by the letters behind their numbers; a server's P, U, V, Y, H and N say something else, and P of a Core before the 12th generation is a desktop's."""
_EPYC: Final = re.compile(r"epyc", re.IGNORECASE)
_KINDS: Final[tuple[tuple[re.Pattern[str], Callable[[], Core]], ...]] = (
    (SMALL_CORES, lambda: Core(c.DESKTOP_CORE, c.SMALL_FLOPS)),
    (
        re.compile(r"neoverse-v1|graviton ?3", re.IGNORECASE),
        lambda: Core(c.ARM_CORE * c.NEOVERSE_V1, c.ARM_FLOPS * c.NEOVERSE_V1),
    ),
    (
        re.compile(r"neoverse-v|graviton ?4|\bgrace\b", re.IGNORECASE),
        lambda: Core(c.ARM_CORE, c.ARM_FLOPS),
    ),
    (
        re.compile(r"neoverse|graviton|altra|ampere|cortex|\bcix\b|kunpeng|snapdragon \d", re.IGNORECASE),
        lambda: Core(c.SMALL_ARM_CORE, c.SMALL_ARM_FLOPS),
    ),
    (re.compile(r"threadripper", re.IGNORECASE), lambda: Core(c.SERVER_CORE, c.DESKTOP_FLOPS)),
    (re.compile(r"epyc 4\d\d[45]", re.IGNORECASE), lambda: Core(c.DESKTOP_CORE, c.DESKTOP_FLOPS)),
    (_LAPTOP, lambda: Core(c.LAPTOP_CORE, c.LAPTOP_FLOPS)),
)


def core_of(cpu: Cpu, *, server: bool) -> Core:
    """The kind of a processor's cores; a server's that nobody knows are a Xeon's."""
    known = next((core for name, core in _KINDS if name.search(cpu.model)), None)
    if known is not None:
        return known()
    if not server:
        return Core(c.DESKTOP_CORE, c.DESKTOP_FLOPS)
    if not cpu.virtual:
        return Core(c.SERVER_CORE, c.SERVER_FLOPS)
    if _EPYC.search(cpu.model):
        return Core(c.VIRTUAL_EPYC_CORE, c.VIRTUAL_EPYC_FLOPS)
    return Core(c.VIRTUAL_CORE, c.VIRTUAL_FLOPS)
