"""Watches the memory of NVIDIA GPUs while something else runs: the least that was free."""

from __future__ import annotations

import mmap
import os
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Final, NoReturn

from moefit.machine.adopted import adopting
from moefit.machine.child import end_child, start_child

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Any, Self

    from moefit.machine.types import Device

_PERIOD: Final = 0.05
"""Seconds between two looks: NVML answers in microseconds, and buffers live for far longer."""
_SECONDS: Final = 5.0
"""That a look may take: as long as NVML has to list the devices."""
_UNSEEN: Final = -1
_MOST: Final = 1 << 50
"""Bytes that a card can have free; a driver that says more is not believed."""


class MemoryWatch:
    """For the time of a `with`, looks again and again at devices that NVML knows by UUID; others are left out.

    NVML is asked in a child process, which may hang or crash: then, and where a device stops answering, what was seen stays. What both
    share is a row of numbers: how often all were looked at, and for each device what is free now and what was free at the least.
    """

    def __init__(self, devices: Sequence[Device], seconds: float = _SECONDS) -> None:
        self._wanted = {device.name: device.uuid for device in devices if device.uuid}
        self._seconds = seconds
        self._page = mmap.mmap(-1, 8 * (1 + 2 * len(self._wanted)))
        self._row = memoryview(self._page).cast("q")
        self._child: int | None = None
        self._before: dict[str, int] = {}
        self._adopting = ExitStack()

    @property
    def taken(self) -> dict[str, int]:
        """Device name -> bytes by which its free memory was at the least below what it was at the start."""
        self._look()
        return {name: max(0, free - self._row[2 + 2 * at]) for at, name, free in self._seen()}

    @property
    def given_back(self) -> bool:
        """Whether every device has about as much free again as at the start."""
        self._look()
        return all(self._row[1 + 2 * at] >= before - (before >> 6) for at, _, before in self._seen())

    def __enter__(self) -> Self:
        for at in range(1, len(self._row)):
            self._row[at] = _UNSEEN
        if self._wanted:
            self._adopting.callback(self._adopting.enter_context(adopting()))
            watcher = os.getpid()
            self._child = start_child(lambda: _watch(self._row, list(self._wanted.values()), watcher))
            self._look(looks=1)
        free = {name: self._row[1 + 2 * at] for at, name in enumerate(self._wanted)}
        self._before = {name: size for name, size in free.items() if size != _UNSEEN}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._child is not None:
            end_child(self._child)
            self._child = None
        self._adopting.close()

    def _seen(self) -> list[tuple[int, str, int]]:
        """Of each device that was seen at the start: its place in the row, its name, what was free then."""
        return [
            (at, name, self._before[name]) for at, name in enumerate(self._wanted) if name in self._before
        ]

    def _look(self, looks: int = 2) -> None:
        """Wait for the child's next look, two of which have one that began after this call; one that hangs or is gone is waited for once."""
        end, wanted = time.monotonic() + self._seconds, self._row[0] + looks
        while self._child is not None and self._row[0] < wanted:
            if time.monotonic() > end or not _lives(self._child):
                end_child(self._child)
                self._child = None
            time.sleep(0.001)


def _lives(child: int) -> bool:
    """Whether a child has not ended; it stays to be waited for."""
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def _watch(row: memoryview[Any], uuids: Sequence[str], watcher: int) -> NoReturn:
    """The child's life: looks, until it is ended or the process that started it is gone."""
    import pynvml  # noqa: PLC0415 - slow to import, and most machines without NVIDIA cards do without

    pynvml.nvmlInit()
    handles = {}
    for at, uuid in enumerate(uuids):
        with suppress(Exception):  # bindings raise anything; another card may answer
            handles[at] = pynvml.nvmlDeviceGetHandleByUUID(uuid)
    while os.getppid() == watcher:
        for at, handle in handles.items():
            with suppress(Exception):  # what was seen stays
                free = int(pynvml.nvmlDeviceGetMemoryInfo(handle).free)
                if 0 <= free <= _MOST:
                    least = row[2 + 2 * at]
                    row[1 + 2 * at], row[2 + 2 * at] = free, free if least == _UNSEEN else min(least, free)
        row[0] += 1
        time.sleep(_PERIOD)
    os._exit(0)
