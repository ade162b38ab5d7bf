"""A CUDA driver library that copies at a chosen speed, and fails where it is told to."""

from __future__ import annotations

import ctypes
import time
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

UUIDS = (uuid.UUID(int=1), uuid.UUID(int=2))
PINNED_SECONDS = 0.002
PAGEABLE_SECONDS = 0.02


class Function:
    """One function of the library; like ctypes' own it lets its types be set."""

    def __init__(self, call: Callable[..., int | None]) -> None:
        self._call = call

    def __call__(self, *arguments: Any) -> int:
        return self._call(*arguments) or 0


class FakeCuda:
    """Two devices. A function in `failing` gives that code; `broken_device` has no context."""

    def __init__(self, failing: dict[str, int] | None = None, broken_device: int | None = None) -> None:
        self.alive: Counter[str] = Counter()
        """What is allocated and not freed, by kind."""
        self._broken = broken_device
        self._pinned: dict[int, Any] = {}
        self.cuInit = Function(lambda *_: 0)
        self.cuGetErrorString = Function(lambda _, text: _set(text, b"out of memory"))
        self.cuDeviceGetCount = Function(lambda count: _set(count, len(UUIDS)))
        self.cuDeviceGet = Function(_set)
        self.cuDeviceGetName = Function(self._name)
        self.cuDeviceGetUuid_v2 = Function(self._uuid)
        self.cuDevicePrimaryCtxRetain = Function(self._retain)
        self.cuDevicePrimaryCtxRelease_v2 = Function(lambda _: self._count("context", -1))
        self.cuCtxSetCurrent = Function(lambda *_: 0)
        self.cuCtxSynchronize = Function(lambda *_: 0)
        self.cuMemAlloc_v2 = Function(self._alloc)
        self.cuMemFree_v2 = Function(lambda _: self._count("device", -1))
        self.cuMemHostAlloc = Function(self._host_alloc)
        self.cuMemFreeHost = Function(lambda _: self._count("host", -1))
        self.cuMemcpyHtoD_v2 = Function(self._copy)
        for name, code in (failing or {}).items():
            setattr(self, name, _failing(code))

    def _count(self, kind: str, by: int) -> None:
        self.alive[kind] += by

    def _name(self, name: Any, _size: int, device: Any) -> None:
        name.value = f"card {device.value}".encode()

    def _uuid(self, number: Any, device: Any) -> None:
        number.raw = UUIDS[device.value].bytes

    def _retain(self, context: Any, device: Any) -> int:
        if device.value == self._broken:
            return 2
        self._count("context", 1)
        _set(context, 1)
        return 0

    def _alloc(self, address: Any, _size: int) -> None:
        self._count("device", 1)
        _set(address, 4096)

    def _host_alloc(self, address: Any, size: int, _flags: int) -> None:
        self._count("host", 1)
        memory = ctypes.create_string_buffer(size)
        _set(address, ctypes.addressof(memory))
        self._pinned[ctypes.addressof(memory)] = memory

    def _copy(self, _target: Any, source: int, _size: int) -> None:
        time.sleep(PINNED_SECONDS if source in self._pinned else PAGEABLE_SECONDS)


def _set(reference: Any, value: Any) -> None:
    """Writes through what `byref` gave."""
    reference._obj.value = value


def _failing(code: int) -> Function:
    """A function that fails."""
    return Function(lambda *_: code)
