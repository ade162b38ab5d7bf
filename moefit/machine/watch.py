"""Watches the memory of NVIDIA GPUs while something else runs: the least that was free."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

from moefit.machine.types import Device

_PERIOD: Final = 0.05
"""Seconds between two looks: NVML answers in microseconds, and buffers live for far longer."""


class MemoryWatch:
    """For the time of a `with`, looks again and again at devices that NVML knows by UUID; others are left out.

    A device that stops answering keeps what was seen of it.
    """

    def __init__(self, devices: Sequence[Device]) -> None:
        self._wanted = {device.name: device.uuid for device in devices if device.uuid}
        self._library: Any = None
        self._handles: dict[str, Any] = {}
        self._before: dict[str, int] = {}
        self._least: dict[str, int] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def taken(self) -> dict[str, int]:
        """Device name -> bytes by which its free memory was at the least below what it was at the start."""
        self._look()
        return {name: max(0, free - self._least[name]) for name, free in self._before.items()}

    @property
    def given_back(self) -> bool:
        """Whether every device has about as much free again as at the start."""
        free = self._free()
        return all(free.get(name, before) >= before - (before >> 6) for name, before in self._before.items())

    def __enter__(self) -> Self:
        if self._wanted:
            self._open()
        self._before = self._free()
        self._least = dict(self._before)
        if self._before:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._library is not None:
            self._library.nvmlShutdown()

    def _open(self) -> None:
        try:
            import pynvml  # noqa: PLC0415 - slow to import, and most machines without NVIDIA cards do without

            pynvml.nvmlInit()
        except Exception:  # noqa: BLE001 - ImportError or any of NVML's own: then nothing is watched
            return
        self._library = pynvml
        for name, uuid in self._wanted.items():
            with suppress(Exception):
                self._handles[name] = pynvml.nvmlDeviceGetHandleByUUID(uuid)

    def _free(self) -> dict[str, int]:
        found = {}
        for name, handle in self._handles.items():
            with suppress(Exception):  # bindings raise anything; what was seen stays
                found[name] = int(self._library.nvmlDeviceGetMemoryInfo(handle).free)
        return found

    def _look(self) -> None:
        for name, free in self._free().items():
            if name in self._least:
                self._least[name] = min(self._least[name], free)

    def _run(self) -> None:
        while not self._over.wait(_PERIOD):
            self._look()
