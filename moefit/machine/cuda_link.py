"""Measures how fast each NVIDIA GPU is fed from host memory, through the CUDA driver itself."""

from __future__ import annotations

import ctypes
import statistics
import time
from typing import TYPE_CHECKING, Any, Final

from moefit.machine.calibration import LinkRate
from moefit.machine.cuda_driver import CudaDriver, CudaError, load_library
from moefit.sizes import MIB

if TYPE_CHECKING:
    from ctypes import c_uint64

    from moefit.progress import Tell

_SIZE: Final = 128 * MIB
"""Bytes of one copy: 2.5 ms over the fastest link, so that starting it does not count, and beyond most caches."""
_WARM_UP: Final = 0.3
"""Seconds of copies that do not count: an idle link runs at its lowest speed and takes some copies to wake."""
_SECONDS: Final = 0.5
"""Of copies that count, for each kind of memory."""


def measure_links(progress: Tell, library: Any = None) -> tuple[tuple[LinkRate, ...], tuple[str, ...]]:
    """The link of every GPU that CUDA_VISIBLE_DEVICES shows, and what could not be measured; without a driver neither.

    Each figure is the median of half a second of synchronous copies of 128 MiB (cuMemcpyHtoD) from pinned memory
    (cuMemHostAlloc) and from pageable memory, both written before. `library` stands in for the CUDA driver's.
    """
    library = library or load_library()
    if library is None:
        return (), ()
    links: list[LinkRate] = []
    warnings: list[str] = []
    try:
        driver = CudaDriver(library)
        count = driver.count()
    except CudaError as error:
        return (), (f"GPUs are not measured: {error}",)
    for index in range(count):
        progress(f"link of GPU {index}", index / count)
        try:
            links.append(_measure(driver, index))
        except CudaError as error:
            warnings.append(f"the link of GPU {index} is not measured: {error}")
    progress("links", 1.0)
    return tuple(links), tuple(warnings)


def _measure(driver: CudaDriver, index: int) -> LinkRate:
    """The link of one device.

    Raises:
        CudaError: the driver refuses: no memory, nothing to pin, a device in exclusive use.
    """
    with driver.context(index), driver.device_memory(_SIZE) as target:
        with driver.pinned_memory(_SIZE) as source:
            pinned = _rate(driver, target, source)
        pageable_memory = ctypes.create_string_buffer(_SIZE)
        pageable = _rate(driver, target, ctypes.addressof(pageable_memory))
    return LinkRate(driver.uuid(index), driver.name(index), pinned, pageable)


def _rate(driver: CudaDriver, target: c_uint64, source: int) -> int:
    """Bytes per second of copies from host memory at `source`, once the link is awake."""
    ctypes.memset(source, 1, _SIZE)
    seconds: list[float] = []
    awake = time.perf_counter() + _WARM_UP
    end = awake + _SECONDS
    while not seconds or time.perf_counter() < end:
        begin = time.perf_counter()
        driver.copy(target, source, _SIZE)
        done = time.perf_counter()
        if begin >= awake:
            seconds.append(done - begin)
    return int(_SIZE / statistics.median(seconds))
