"""Seconds from the start of a server until it answers: reading the file, filling devices, pinning memory.

Pinned memory is what makes prompts fast and starts slow: the driver locks and maps every page of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from moefit.cost import constants as c
from moefit.machine.types import CPU

if TYPE_CHECKING:
    from moefit.cost.run import Run

_GIB: Final = 1 << 30


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
    cached = c.SERVER_START + on_devices * c.LOAD_TO_DEVICE + on_host * _of_host(run)
    return cached, max(cached, c.SERVER_START + (on_devices + on_host) / c.DISK_STREAM)


def _of_host(run: Run) -> float:
    """Seconds for each byte that stays on the host.

    source: src/llama-model-loader.cpp, load_all_data
    """
    if run.settings.is_mapped:
        return c.LOAD_MAPPED
    pinned = any(device.backend.host_buffer for device in run.devices) and run.settings.host_buffers
    return c.PIN if pinned else c.LOAD_COPIED
