"""Seconds from the start of a server until it answers: reading the file, filling devices, pinning memory.

Pinned memory is what makes prompts fast and starts slow: the driver locks and maps every page of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from moefit.cost.rates import DISK_STREAM
from moefit.machine.types import CPU

if TYPE_CHECKING:
    from moefit.cost.run import Run

_GIB: Final = 1 << 30
_START: Final = 2.0
"""Seconds of a start with nothing to load: runtime, vocabulary, graphs, a warm-up."""
_TO_DEVICE: Final = 0.2 / _GIB
"""Seconds for each byte that goes to a device from a file in the page cache."""
_PINNED: Final = 0.75 / _GIB
"""Seconds for each byte of pinned memory: allocated, locked and filled."""
_COPIED: Final = 0.35 / _GIB
"""Seconds for each byte that is read into plain memory."""
_MAPPED: Final = 0.03 / _GIB
"""Seconds for each mapped byte: its pages are touched by the warm-up alone.

From starts on rented H200 (b11434, b11549), files in the page cache: Qwen3-30B-A3B with 16.4, 12.2, 8.9 and 3.3 GiB pinned 16.1, 11.4, 8.4 and
6.0 s; Qwen3-Next-80B, 35 GiB pinned, 30 s, mapped 4 to 8; gpt-oss-120b, 30 GiB pinned, 32 s, mapped 4 to 17 with its own fit."""


def ready(run: Run) -> tuple[float, float]:
    """Seconds until the server answers: with the file in the page cache, and from a disk."""
    host, output = run.tally.places[CPU], run.tally.output.get(CPU)
    on_host = host.base_bytes + host.expert_bytes + run.work.input_bytes
    on_host += output.base_bytes if output else 0.0
    on_devices = sum(
        load.base_bytes + load.expert_bytes
        for places in (run.tally.places, run.tally.output)
        for place, load in places.items()
        if place != CPU
    )
    cached = _START + on_devices * _TO_DEVICE + on_host * _of_host(run)
    return cached, max(cached, _START + (on_devices + on_host) / DISK_STREAM)


def _of_host(run: Run) -> float:
    """Seconds for each byte that stays on the host.

    source: src/llama-model-loader.cpp, load_all_data
    """
    if "mmap" in run.settings.load_mode:
        return _MAPPED
    pinned = any(device.backend.host_buffer for device in run.devices) and run.settings.host_buffers
    return _PINNED if pinned else _COPIED
