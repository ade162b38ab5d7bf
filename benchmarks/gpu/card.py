"""One NVIDIA card as NVML sees it: use, its highest point, and another process that leaves only so much free.

    python benchmarks/gpu/card.py GIB COMMAND ...

runs a command while the card has only so many GiB free.
"""

from __future__ import annotations

import contextlib
import functools
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import pynvml

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 1 << 20
HOLD = """
import ctypes, sys
runtime = ctypes.CDLL("libcudart.so")
runtime.cudaFree(0)
free, total, block = ctypes.c_size_t(), ctypes.c_size_t(), ctypes.c_void_p()
runtime.cudaMemGetInfo(ctypes.byref(free), ctypes.byref(total))
if runtime.cudaMalloc(ctypes.byref(block), ctypes.c_size_t(free.value - int(sys.argv[1]))):
    sys.exit("cudaMalloc failed")
print("held", flush=True)
sys.stdin.read()
"""


@functools.cache
def _card() -> Any:
    pynvml.nvmlInit()
    return pynvml.nvmlDeviceGetHandleByIndex(0)


def used() -> int:
    """Bytes in use on the first card."""
    return int(pynvml.nvmlDeviceGetMemoryInfo(_card()).used)


def free() -> int:
    """Bytes free on the first card."""
    return int(pynvml.nvmlDeviceGetMemoryInfo(_card()).free)


class Peak:
    """The highest use above the start while the block runs."""

    def __enter__(self) -> Self:
        """Start watching, every 20 ms."""
        self.base = self.top = used()
        self._on = True
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while self._on:
            self.top = max(self.top, used())
            time.sleep(0.02)

    def __exit__(self, *_: object) -> None:
        """Stop watching."""
        self._on = False
        self._thread.join()

    @property
    def mib(self) -> float:
        """MiB above the start."""
        return round((self.top - self.base) / MIB, 1)


@contextlib.contextmanager
def ballast(leave: int | None) -> Iterator[None]:
    """While the block runs another process holds the card so that `leave` bytes are free by NVML; None holds nothing."""
    if leave is None:
        yield
        return
    process = _hold(leave)
    if abs(error := leave - free()) > 2 * MIB:  # CUDA's own count differs from NVML's
        _let_go(process)
        process = _hold(leave + error)
    try:
        yield
    finally:
        _let_go(process)


def _hold(leave: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(leave)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    if process.stdout.readline() != "held\n":
        raise SystemExit("the card's memory could not be held")
    return process


def _let_go(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.close()
    process.wait()


def main() -> int:
    """Run a command on a card that is partly taken."""
    with ballast(int(float(sys.argv[1]) * 1024) * MIB):
        return subprocess.run(sys.argv[2:], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
