"""Measures how fast each NVIDIA GPU is fed from host memory, through the CUDA driver itself: no toolkit, no package."""

from __future__ import annotations

import ctypes
import statistics
import sys
import time
import uuid
from contextlib import contextmanager
from ctypes import byref, c_char_p, c_int, c_size_t, c_uint, c_uint64, c_void_p
from typing import TYPE_CHECKING, Any, Final

from moefit.machine.calibration import LinkRate
from moefit.sizes import MIB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Progress = Callable[[str, float], None]

_SIZE: Final = 128 * MIB
"""Bytes of one copy: 2.5 ms over the fastest link, so that starting it does not count, and beyond most caches."""
_WARM_UP: Final = 0.3
"""Seconds of copies that do not count: an idle link runs at its lowest speed and takes some copies to wake."""
_SECONDS: Final = 0.5
"""Of copies that count, for each kind of memory."""

# cuda.h of CUDA 11 and later; a _v2 is the present meaning of the plain name, which stays what it was in CUDA 3
_SIGNATURES: Final[dict[str, list[Any]]] = {
    "cuInit": [c_uint],
    "cuGetErrorString": [c_int, ctypes.POINTER(c_char_p)],
    "cuDeviceGetCount": [ctypes.POINTER(c_int)],
    "cuDeviceGet": [ctypes.POINTER(c_int), c_int],
    "cuDeviceGetName": [c_char_p, c_int, c_int],
    "cuDeviceGetUuid_v2": [c_char_p, c_int],  # writes 16 bytes; that of the part in MIG mode
    "cuDevicePrimaryCtxRetain": [ctypes.POINTER(c_void_p), c_int],
    "cuDevicePrimaryCtxRelease_v2": [c_int],
    "cuCtxSetCurrent": [c_void_p],
    "cuCtxSynchronize": [],
    "cuMemAlloc_v2": [ctypes.POINTER(c_uint64), c_size_t],
    "cuMemFree_v2": [c_uint64],
    "cuMemHostAlloc": [ctypes.POINTER(c_void_p), c_size_t, c_uint],
    "cuMemFreeHost": [c_void_p],
    "cuMemcpyHtoD_v2": [c_uint64, c_void_p, c_size_t],
}


class CudaError(Exception):
    """The CUDA driver refused something."""


def measure_links(progress: Progress, library: Any = None) -> tuple[tuple[LinkRate, ...], tuple[str, ...]]:
    """The link of every GPU that CUDA_VISIBLE_DEVICES shows, and what could not be measured; without a driver neither.

    Each figure is the median of half a second of synchronous copies of 128 MiB (cuMemcpyHtoD) from pinned memory
    (cuMemHostAlloc) and from pageable memory that was written before. `library` stands in for the CUDA driver.
    """
    library = library or _load()
    if library is None:
        return (), ()
    links: list[LinkRate] = []
    warnings: list[str] = []
    try:
        driver = _Driver(library)
        count = driver.count()
    except CudaError as error:
        return (), (f"GPUs are not measured: {error}",)
    for index in range(count):
        progress(f"link of GPU {index}", index / count)
        try:
            links.append(driver.measure(index))
        except CudaError as error:
            warnings.append(f"the link of GPU {index} is not measured: {error}")
    progress("links", 1.0)
    return tuple(links), tuple(warnings)


def _load() -> Any:
    """The CUDA driver's library, or None where there is none."""
    try:
        return ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return None


class _Driver:
    """The CUDA driver, initialised, with every failure an exception."""

    def __init__(self, library: Any) -> None:
        self._library = library
        try:
            for name, arguments in _SIGNATURES.items():
                function = getattr(library, name)
                function.argtypes, function.restype = arguments, c_int
        except AttributeError as error:
            raise CudaError(f"the driver is too old: {error}") from None
        self._call("cuInit", 0)

    def count(self) -> int:
        """Devices a CUDA program sees."""
        count = c_int()
        self._call("cuDeviceGetCount", byref(count))
        return count.value

    def measure(self, index: int) -> LinkRate:
        """The link of one device.

        Raises:
            CudaError: the driver refuses: no memory, nothing to pin, a device in exclusive use.
        """
        device = c_int()
        self._call("cuDeviceGet", byref(device), index)
        name = ctypes.create_string_buffer(256)
        self._call("cuDeviceGetName", name, len(name), device)
        number = ctypes.create_string_buffer(16)
        self._call("cuDeviceGetUuid_v2", number, device)
        with self._context(device), self._device_memory() as target:
            with self._pinned_memory() as source:
                pinned = self._rate(target, source)
            pageable_memory = ctypes.create_string_buffer(_SIZE)
            ctypes.memset(pageable_memory, 1, _SIZE)
            pageable = self._rate(target, ctypes.addressof(pageable_memory))
        description = name.value.decode(errors="replace")
        return LinkRate(str(uuid.UUID(bytes=number.raw)), description, pinned, pageable)

    def _rate(self, target: c_uint64, source: int) -> int:
        """Bytes per second of copies from host memory at `source`, once the link is awake."""
        seconds: list[float] = []
        awake = time.perf_counter() + _WARM_UP
        end = awake + _SECONDS
        while not seconds or time.perf_counter() < end:
            begin = time.perf_counter()
            self._call("cuMemcpyHtoD_v2", target, source, _SIZE)
            self._call("cuCtxSynchronize")  # a copy from pageable memory returns when it has been staged
            done = time.perf_counter()
            if begin >= awake:
                seconds.append(done - begin)
        return int(_SIZE / statistics.median(seconds))

    @contextmanager
    def _context(self, device: c_int) -> Iterator[None]:
        """The device's primary context, current for this thread."""
        context = c_void_p()
        self._call("cuDevicePrimaryCtxRetain", byref(context), device)
        try:
            self._call("cuCtxSetCurrent", context)
            yield
        finally:
            self._library.cuCtxSetCurrent(None)
            self._library.cuDevicePrimaryCtxRelease_v2(device)

    @contextmanager
    def _device_memory(self) -> Iterator[c_uint64]:
        """Memory on the current device."""
        address = c_uint64()
        self._call("cuMemAlloc_v2", byref(address), _SIZE)
        try:
            yield address
        finally:
            self._library.cuMemFree_v2(address)

    @contextmanager
    def _pinned_memory(self) -> Iterator[int]:
        """Pinned host memory, written once."""
        address = c_void_p()
        self._call("cuMemHostAlloc", byref(address), _SIZE, 0)
        if address.value is None:
            raise CudaError("cuMemHostAlloc: no address")
        try:
            ctypes.memset(address, 1, _SIZE)
            yield address.value
        finally:
            self._library.cuMemFreeHost(address)

    def _call(self, name: str, *arguments: Any) -> None:
        """Calls the driver; anything but success is an error with the driver's words for it."""
        code = getattr(self._library, name)(*arguments)
        if code != 0:
            text = c_char_p()
            self._library.cuGetErrorString(code, byref(text))
            raise CudaError(f"{name}: {(text.value or b'unknown error').decode(errors='replace')} ({code})")
