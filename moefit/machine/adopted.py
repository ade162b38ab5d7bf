"""While a driver or program is asked, what it leaves behind comes to moefit: a daemon forks twice so that it is nobody's child.

Linux gives a process without a parent to the nearest ancestor that asks for them. Elsewhere, and where that is refused, such a daemon stays.
source: prctl(2), PR_SET_CHILD_SUBREAPER
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SET: Final = 36
_GET: Final = 37
"""source: include/uapi/linux/prctl.h"""
_PATIENCE: Final = 0.5
"""Seconds in which the kernel ends killed processes, and hands over what they leave."""

OWN: set[int] = set()
"""Children that moefit has started itself, and still needs."""


@contextmanager
def adopting() -> Iterator[Callable[[], None]]:
    """While the block runs, what descends from a child comes to this process when its parent ends.

    The block is given what ends all that has come, and all that descends from that: to be called when the child has ended.
    """
    prctl = _prctl()
    known = set(children(os.getpid()))
    before = _get(prctl) if prctl else 0
    if prctl:
        prctl(_SET, 1, 0, 0, 0)
    try:
        yield lambda: _end_others(known)
    finally:
        if prctl:
            prctl(_SET, before, 0, 0, 0)


def children(process: int) -> list[int]:
    """The processes that a living one has started, or that have come to it."""
    from pathlib import Path  # noqa: PLC0415 - a declared machine needs none

    found = []
    with suppress(OSError, ValueError):
        for listed in Path(f"/proc/{process}/task").glob("*/children"):
            found += [int(word) for word in listed.read_text("utf-8").split()]
    return found


def descendants(process: int) -> list[int]:
    """The processes that a living one has started, and theirs: one that has left its session is among them."""
    found = children(process)
    return [*found, *(below for each in found for below in descendants(each))]


def _prctl() -> Any:
    """The C library's prctl; None where there is none."""
    if sys.platform != "linux":
        return None
    with suppress(ImportError, OSError, AttributeError):
        import ctypes  # noqa: PLC0415 - as above; NVML's bindings need it too

        return ctypes.CDLL(None).prctl
    return None


def _get(prctl: Any) -> int:
    import ctypes  # noqa: PLC0415 - as above

    value = ctypes.c_int(0)
    prctl(_GET, ctypes.byref(value), 0, 0, 0)
    return value.value


def _end_others(known: set[int]) -> None:
    """Ends the children that have come; their own come when they have ended, so look until there are none."""
    deadline = time.monotonic() + _PATIENCE
    while (come := _come(known)) and time.monotonic() < deadline:
        for each in come:
            for one in (*descendants(each), each):
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(one, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(each, os.WNOHANG)
        time.sleep(0.0005)


def _come(known: set[int]) -> list[int]:
    """Children that moefit has not started: in a session that is not its own, where no process of its own leads."""
    return [
        each
        for each in children(os.getpid())
        if each not in known and each not in OWN and _session(each) != os.getsid(0)
    ]


def _session(process: int) -> int:
    try:
        return os.getsid(process)
    except OSError:
        return os.getsid(0)
