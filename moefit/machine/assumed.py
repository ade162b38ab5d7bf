"""What moefit assumes where a machine does not say: one place for every stated default. A plan that rests on a rate of RAM or of a GPU here is `guessed`."""

from __future__ import annotations

import re
from math import inf
from typing import TYPE_CHECKING, Final

from moefit.machine.link import pcie_bandwidth
from moefit.machine.modules import parse_modules

if TYPE_CHECKING:
    from moefit.machine.types import Device, Machine

_DESKTOP_RAM: Final = 34_000_000_000
"""Bytes per second that all cores of a desktop of unknown age read in decode: the upper end of two channels of DDR4 (modules.py)."""
_EITHER_RAM: Final = 42_000_000_000
"""The same of processors that take DDR4 or DDR5, 12th to 14th generation of Intel's: between the two."""
_DESKTOP_DDR5: Final = 50_000_000_000
"""The same of processors that take nothing older: two channels of DDR5-4800 to -5600, about where a Ryzen's fabric ends."""
_EITHER_NAMES: Final = re.compile(r"1[2-4]th Gen Intel|\bi[3579]-1[2-4]\d{3}", re.IGNORECASE)
_DDR5_NAMES: Final = re.compile(
    r"Ryzen \d [79]\d{3}X?(?:3D)? |Ryzen \d [89]\d{3}|Ryzen AI|Core\(TM\) Ultra|\bi[579]-1[34]\d{3}HX",
    re.IGNORECASE,
)
_NEW_LAPTOP: Final = re.compile(r"(?>.*?RTX [45]0\d0\b).*Laptop")
"""Chips of laptops whose processors take DDR5 or LPDDR5."""
_ONE_CHANNEL: Final = 16_000_000_000
"""The same of processors that have one channel: an N100 14, of DDR4 19."""
SMALL_CORES: Final = re.compile(r"\bIntel(?:\(R\))?(?: Processor| Core\(TM\) i3-)? ?N\d{2,3}\b")
"""Intel's N series: efficiency cores only, and one channel of memory."""
_SERVER_CORE_RAM: Final = 4_700_000_000
"""Bytes per second for each core of a server with 6-12 channels: 95.6 GB/s read on 16 threads of a Xeon, of which decode got 0.79."""
_CORE_RAM: Final = (
    (re.compile(r"epyc 4\d\d[45]", re.IGNORECASE), inf),
    (re.compile(r"epyc|threadripper", re.IGNORECASE), 9_500_000_000),
    (re.compile(r"neoverse|graviton|\bgrace\b", re.IGNORECASE), 13_000_000_000),
)
"""The same of other makers' cores: two of an EPYC 7763 decode Qwen3-30B-A3B in Q2_K, 1.2 GB a token, at 15.2 t/s and two of a 9V74 at 14.4, four of a Graviton3E gpt-oss-20b,
2.5 GB, at 20.8, eight at 37.9 (2026-09). An EPYC 4004 is a desktop's processor."""
_DRAWN: Final = re.compile(r"Ryzen AI MAX", re.IGNORECASE), 95_000_000_000
"""Processors whose cores draw less than their memory gives, and how much: with a thread for each of 32 the two dies of a Ryzen AI Max+ 395 get 73 to 88 GB/s of 256 from gpt-oss-20b
(30.4 t/s, b6842; under Windows 23.9 to 33.4, b7541), which twice as many threads as cores cost a sixth."""
_SERVER_RAM: Final = 118_000_000_000
"""Bytes per second of one socket of a server nobody knows: eight channels of DDR4-3200 are taken, of which cores read three quarters, and decode 0.77 of those, as on other machines."""
_SERVERS: Final = tuple(
    (re.compile(name, re.IGNORECASE), parse_modules(modules))
    for name, modules in (
        (r"graviton ?3", "ddr5-4800x8"),
        (r"graviton ?4", "ddr5-5600x12"),
        (r"\bgrace\b", "lpddr5-8000x8"),
        (r"threadripper [123]\d{3}X", "ddr4-3200x4"),
        (r"threadripper [79]\d{3}X", "ddr5-5200x4"),
        (r"threadripper pro [35]\d{3}WX", "ddr4-3200x8"),
        (r"threadripper pro [79]\d{3}WX", "ddr5-5200x8"),
        (r"epyc 9\d{2}[45]", "ddr5-4800x12"),
        (r"epyc 8\d{2}[45]", "ddr5-4800x6"),
        (r"epyc 4\d{2}[45]", "ddr5-5200x2"),
        (r"xeon(?:\(r\))? w[3579]-2[45]\d\d", "ddr5-4800x4"),
        (r"xeon(?:\(r\))? w[3579]-3[45]\d\d", "ddr5-4800x8"),
    )
)
"""Channels of servers' and workstations' processors, and the slowest memory that they come with, by their makers' pages; all channels taken to hold a
module. Others are taken by their cores."""
_NODES_SHARE: Final = 0.3
"""Of what all channels give, what decode gets where memory is parted in NUMA nodes and nobody said --numa: the pages of a file lie where its reader ran, so
that one node's channels and the links to them serve all cores. Of the modules' rating, 0.68 of which one node sustains, an EPYC 9655 with two nodes gets 0.21
(Qwen2.5-32B Q4_K_M, 5.7 t/s), a 9534 with four 0.20 (Qwen3-8B Q5_K_M, 15.7 t/s)."""
_SERVER_NAMES: Final = re.compile(r"xeon|epyc|threadripper|neoverse|graviton|altra|grace", re.IGNORECASE)
_UNIFIED_SHARE: Final = 0.62
"""Of a unified memory's bandwidth, what the processor's own cores get in decode: taken to be 0.77 of four fifths that they read. Nobody measured it; where it was, less (_DRAWN)."""
_DEVICE_BANDWIDTH: Final = 300_000_000_000
"""Bytes per second of a GPU nobody knows: the low end of cards people run models on (RTX 4060, T4)."""


def ram_bandwidth(machine: Machine, *, spread: bool = False) -> int:
    """Bytes per second that all cores together read in decode: measured, what their modules sustain, or else assumed.

    A unified memory follows its GPU's figure, a server's name means many channels and then the cores are the limit, and
    everything else is taken for a desktop with two, of what its processor takes.

    Args:
        machine: the machine.
        spread: whether --numa lays weights on all nodes.
    """
    if machine.ram.bandwidth is not None:
        return machine.ram.bandwidth
    given = _given(machine, spread=spread)
    named, most = _DRAWN
    if not named.search(machine.cpu.model):
        return given
    return min(given, most) if machine.gpus or machine.ram.modules else most


def _given(machine: Machine, *, spread: bool) -> int:
    """Bytes per second that the memory gives."""
    unified = [gpu.bandwidth for gpu in machine.gpus if gpu.integrated and gpu.bandwidth]
    if unified:
        return int(max(unified) * _UNIFIED_SHARE)
    parted = _NODES_SHARE if machine.cpu.numa_nodes > 1 and not spread else 1.0
    if machine.ram.modules is not None:
        return int(machine.ram.modules.sustained * parted)
    if _SERVER_NAMES.search(machine.cpu.model):
        return max(_DESKTOP_RAM, int(_of_server(machine) * parted))
    if not machine.cpu.model and any(_NEW_LAPTOP.match(gpu.description) for gpu in machine.gpus):
        return _DESKTOP_DDR5
    return _of_desktop(machine.cpu.model)


def _of_server(machine: Machine) -> float:
    """Of all channels of a server: those of its processor, as far as the name tells them, or as many as its cores need."""
    sockets = 1 if machine.cpu.numa_nodes < 2 else 2
    known = (modules for name, modules in _SERVERS if modules and name.search(machine.cpu.model))
    channels = next((modules.sustained for modules in known), sockets * _SERVER_RAM)
    drawn = next((of for name, of in _CORE_RAM if name.search(machine.cpu.model)), _SERVER_CORE_RAM)
    return min(machine.cpu.cores * drawn, channels)


def _of_desktop(processor: str) -> int:
    """Of two channels of what the processor takes, or of its one."""
    if SMALL_CORES.search(processor):
        return _ONE_CHANNEL
    if _DDR5_NAMES.search(processor):
        return _DESKTOP_DDR5
    return _EITHER_RAM if _EITHER_NAMES.search(processor) else _DESKTOP_RAM


def device_bandwidth(device: Device) -> int:
    """Bytes per second of the device's own memory: known, or else assumed."""
    return device.bandwidth or _DEVICE_BANDWIDTH


def link_bandwidth(device: Device) -> int:
    """Bytes per second from pinned host memory: known, or else that of PCIe 4 with eight lanes; a unified memory has no link."""
    if device.link_bandwidth is not None:
        return device.link_bandwidth
    return device_bandwidth(device) if device.integrated else pcie_bandwidth(4, 8)
