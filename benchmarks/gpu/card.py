"""NVIDIA cards as NVML sees them: use, its highest point, and another process that leaves only so much of each free.

    python benchmarks/gpu/card.py GIB[+GIB...] COMMAND ...

runs a command while each card, in order, has only so many GiB free.
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
runtime.cudaSetDevice(int(sys.argv[2]))
runtime.cudaFree(0)
free, total, block = ctypes.c_size_t(), ctypes.c_size_t(), ctypes.c_void_p()
runtime.cudaMemGetInfo(ctypes.byref(free), ctypes.byref(total))
if runtime.cudaMalloc(ctypes.byref(block), ctypes.c_size_t(free.value - int(sys.argv[1]))):
    sys.exit("cudaMalloc failed")
print("held", flush=True)
sys.stdin.read()
"""


@functools.cache
def _card(index: int) -> Any:
    pynvml.nvmlInit()
    return pynvml.nvmlDeviceGetHandleByIndex(index)


def used(index: int = 0) -> int:
    """Bytes in use on a card."""
    return int(pynvml.nvmlDeviceGetMemoryInfo(_card(index)).used)


def free(index: int = 0) -> int:
    """Bytes free on a card."""
    return int(pynvml.nvmlDeviceGetMemoryInfo(_card(index)).free)


class Peak:
    """The highest use of each card above the start while the block runs."""

    def __init__(self, cards: int = 1) -> None:
        self._cards = range(cards)

    def __enter__(self) -> Self:
        """Start watching, every 20 ms."""
        self.base = [used(i) for i in self._cards]
        self.top = list(self.base)
        self._on = True
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while self._on:
            self.top = [max(top, used(i)) for i, top in enumerate(self.top)]
            time.sleep(0.02)

    def __exit__(self, *_: object) -> None:
        """Stop watching."""
        self._on = False
        self._thread.join()

    @property
    def by_card(self) -> list[float]:
        """MiB above the start, each card."""
        return [round((top - base) / MIB, 1) for top, base in zip(self.top, self.base, strict=True)]

    @property
    def mib(self) -> float:
        """MiB above the start, of the first card."""
        return self.by_card[0]


@contextlib.contextmanager
def ballast(*leave: int | None) -> Iterator[None]:
    """While the block runs other processes hold the cards so that `leave` bytes of each are free by NVML; None holds nothing."""
    with contextlib.ExitStack() as held:
        for index, size in enumerate(leave):
            if size is not None:
                held.callback(_let_go, _hold_exactly(index, size))
        yield


def _hold_exactly(index: int, leave: int) -> subprocess.Popen[str]:
    process = _hold(index, leave)
    if abs(error := leave - free(index)) > 2 * MIB:  # CUDA's own count differs from NVML's
        _let_go(process)
        process = _hold(index, leave + error)
    return process


def _hold(index: int, leave: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(leave), str(index)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
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
    with ballast(*(int(float(gib) * 1024) * MIB for gib in sys.argv[1].split("+"))):
        return subprocess.run(sys.argv[2:], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
