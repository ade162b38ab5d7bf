"""`moefit calibrate`: measures how fast this host's threads read memory, and has cuda_link measure how its GPUs are fed."""

from __future__ import annotations

import ctypes
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from moefit.errors import InputError
from moefit.machine.calibration import Calibration, RamRate
from moefit.machine.cuda_link import measure_links
from moefit.machine.system import read_cpu, read_fingerprint, read_ram
from moefit.sizes import GIB, MIB, counted, format_size
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moefit.machine.types import Cpu, Ram
    from moefit.progress import Tell

_RAM_SHARE: Final = 0.6
"""Of the time, roughly, that goes to memory where there are GPUs too."""
_PASSES: Final = 5
"""Through the buffer for each number of threads: 40 ms each at 100 GB/s, half a second on one slow core."""
_MOST: Final = 4 * GIB
_LEAST: Final = 256 * MIB


@dataclass(frozen=True, slots=True)
class _Buffer:
    """Memory outside Python's heap."""

    address: int
    size: int


def measure_machine(progress: Tell) -> tuple[Calibration, tuple[str, ...]]:
    """What this host's memory and links do, and what could not be measured; takes some ten seconds and two for each GPU.

    Raises:
        InputError: there is not enough memory to measure with.
    """
    ram = measure_ram(read_ram(), read_cpu(), lambda label, done: progress(label, done * _RAM_SHARE))
    links, warnings = measure_links(lambda label, done: progress(label, _RAM_SHARE + done * (1 - _RAM_SHARE)))
    date = datetime.now(UTC).isoformat(timespec="seconds")
    return Calibration(read_fingerprint(), date, ram, links), warnings


def measure_ram(ram: Ram, cpu: Cpu, progress: Tell) -> tuple[RamRate, ...]:
    """Bytes per second that 1, 2, 4, ... and all threads of this host read together; threads rising.

    Each thread has the C library's `memchr` look for a byte that is not there in a slice of its own, which it wrote itself so
    that it lies in its NUMA node: one stream of loads, within a tenth of a hand-written vector loop. The slices together are a
    sixteenth of the available memory, 256 MiB to 4 GiB, beyond any cache. The best pass counts, as others were interrupted.

    Raises:
        InputError: there is not enough memory to measure with.
    """
    size = min(max(ram.available // 16, _LEAST), _MOST)
    counts = thread_counts(cpu)
    rates = []
    for done, threads in enumerate(counts):
        progress(f"memory, {counted(threads, 'thread')}", done / len(counts))
        with _Memory(size) as buffer:
            rates.append(RamRate(threads, _read_rate(buffer, threads)))
    progress("memory", 1.0)
    return tuple(rates)


def thread_counts(cpu: Cpu) -> list[int]:
    """The numbers of threads worth measuring: powers of two below the cores, the cores, and every logical processor.

    >>> from moefit.machine.types import Cpu
    >>> thread_counts(Cpu(cores=6, threads=12))
    [1, 2, 4, 6, 12]
    """
    powers = {1 << power for power in range(cpu.cores.bit_length()) if 1 << power < cpu.cores}
    return sorted(powers | {cpu.cores, cpu.threads})


def _read_rate(buffer: _Buffer, threads: int) -> int:
    """Bytes per second of the best of several passes of `threads` threads through the buffer."""
    slices = list(_slices(buffer, threads))
    start = threading.Barrier(threads)
    spans: list[list[tuple[float, float]]] = [[] for _ in slices]
    workers = [
        threading.Thread(target=_read, args=(own, start, span), daemon=True)
        for own, span in zip(slices, spans, strict=True)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    passes = list(zip(*spans, strict=True))
    seconds = min(max(end for _, end in one) - min(begin for begin, _ in one) for one in passes)
    return int(sum(own.size for own in slices) / seconds)


def _read(own: _Buffer, start: threading.Barrier, span: list[tuple[float, float]]) -> None:
    """One thread: writes its slice, then reads it pass by pass together with the others, noting when each began and ended."""
    library = _libc()
    ctypes.memset(own.address, 0, own.size)
    for _ in range(_PASSES):
        start.wait()
        begin = time.perf_counter()
        library.memchr(own.address, 1, own.size)  # ctypes lets other threads run meanwhile
        span.append((begin, time.perf_counter()))


def _slices(buffer: _Buffer, count: int) -> Iterator[_Buffer]:
    """`count` equal, page-aligned slices of the buffer."""
    size = buffer.size // count // 4096 * 4096
    for index in range(count):
        yield _Buffer(buffer.address + index * size, size)


class _Memory:
    """A buffer from the C library for the time of a `with`; pages come into being where they are first written."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._address: int | None = None

    def __enter__(self) -> _Buffer:
        self._address = _libc().malloc(self._size)
        if not self._address:
            raise InputError(f"cannot measure memory: {format_size(self._size)} are not to be had")
        return _Buffer(self._address, self._size)

    def __exit__(self, error: object, *_: object) -> None:
        if error is None:  # interrupted, threads are still reading it, and the process is about to end
            _libc().free(self._address)


def _libc() -> ctypes.CDLL:
    """The C library with the types of what is called."""
    library = ctypes.CDLL(None)
    library.malloc.restype, library.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    library.free.restype, library.free.argtypes = None, [ctypes.c_void_p]
    library.memchr.restype = ctypes.c_void_p
    library.memchr.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
    return library
