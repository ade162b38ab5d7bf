"""The CUDA driver by ctypes: no toolkit, no package. Every failure is an exception."""

from __future__ import annotations

import ctypes
import sys
import uuid
from contextlib import contextmanager
from ctypes import byref, c_char_p, c_int, c_size_t, c_uint, c_uint64, c_void_p
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

# cuda.h of CUDA 11 and later; a _v2 is the present meaning of the plain name, which stays what it was in CUDA 3
_SIGNATURES: Final[dict[str, list[Any]]] = {
    "cuInit": [c_uint],
    "cuGetErrorString": [c_int, ctypes.POINTER(c_char_p)],
    "cuDeviceGetCount": [ctypes.POINTER(c_int)],
    "cuDeviceGet": [ctypes.POINTER(c_int), c_int],
    "cuDeviceGetName": [c_char_p, c_int, c_int],
    "cuDeviceGetUuid_v2": [c_char_p, c_int],  # writes 16 bytes; in MIG mode those of the part
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


def load_library() -> Any:
    """The CUDA driver's library, or None where there is none."""
    try:
        return ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return None


class CudaDriver:
    """An initialised driver. It obeys CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER of this process."""

    def __init__(self, library: Any) -> None:
        """Initialises `library`, as `load_library` gives it.

        Raises:
            CudaError: no device, or a driver that is broken or too old.
        """
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

    def name(self, index: int) -> str:
        """The device's name."""
        name = ctypes.create_string_buffer(256)
        self._call("cuDeviceGetName", name, len(name), self._device(index))
        return name.value.decode(errors="replace")

    def uuid(self, index: int) -> str:
        """The device's UUID, without GPU- or MIG- in front."""
        number = ctypes.create_string_buffer(16)
        self._call("cuDeviceGetUuid_v2", number, self._device(index))
        return str(uuid.UUID(bytes=number.raw))

    def copy(self, target: c_uint64, source: int, size: int) -> None:
        """Copies from host memory to the current device and waits until it has arrived."""
        self._call("cuMemcpyHtoD_v2", target, source, size)
        self._call("cuCtxSynchronize")  # a copy from pageable memory returns when it has been staged

    @contextmanager
    def context(self, index: int) -> Iterator[None]:
        """The device's primary context, current for this thread."""
        device = self._device(index)
        context = c_void_p()
        self._call("cuDevicePrimaryCtxRetain", byref(context), device)
        try:
            self._call("cuCtxSetCurrent", context)
            yield
        finally:
            self._library.cuCtxSetCurrent(None)
            self._library.cuDevicePrimaryCtxRelease_v2(device)

    @contextmanager
    def device_memory(self, size: int) -> Iterator[c_uint64]:
        """Memory on the current device."""
        address = c_uint64()
        self._call("cuMemAlloc_v2", byref(address), size)
        try:
            yield address
        finally:
            self._library.cuMemFree_v2(address)

    @contextmanager
    def pinned_memory(self, size: int) -> Iterator[int]:
        """Pinned host memory: its address."""
        address = c_void_p()
        self._call("cuMemHostAlloc", byref(address), size, 0)
        if address.value is None:
            raise CudaError("cuMemHostAlloc: no address")
        try:
            yield address.value
        finally:
            self._library.cuMemFreeHost(address)

    def _device(self, index: int) -> c_int:
        """The driver's handle of a device."""
        device = c_int()
        self._call("cuDeviceGet", byref(device), index)
        return device

    def _call(self, name: str, *arguments: Any) -> None:
        """Calls the driver; anything but success is an error with the driver's words for it."""
        code = getattr(self._library, name)(*arguments)
        if code != 0:
            text = c_char_p()
            self._library.cuGetErrorString(code, byref(text))
            raise CudaError(f"{name}: {(text.value or b'unknown error').decode(errors='replace')} ({code})")


def cuda_uuids() -> tuple[str, ...] | None:
    """The UUIDs of the devices CUDA sees, in its order; None where there is no driver or it fails.

    Initialising the driver takes some tenths of a second, more with many cards, which is why NVML is asked first.
    """
    library = load_library()
    if library is None:
        return None
    try:
        driver = CudaDriver(library)
        return tuple(driver.uuid(index) for index in range(driver.count()))
    except CudaError:
        return None
