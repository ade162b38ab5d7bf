"""Work done in a process of its own, so that nothing it changes or remembers outlives it."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any

MEMORY = 6 << 30
"""Bytes of addresses; a change that fills memory ends there."""


def apart(work: Callable[[], Any], seconds: float) -> Any:
    """What `work` gives, a value of JSON, in a child; None where it is ended by its time (of processor, or four times that) or a crash."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        gc.freeze()  # what there is already stays: to look through it again would take longer than the work
        os.close(reading)
        _limited(seconds)
        _quiet()
        with os.fdopen(writing, "w") as file:
            json.dump(work(), file)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        text = file.read()
    os.waitpid(child, 0)
    _end_group(child)
    return json.loads(text) if text else None


def _limited(seconds: float) -> None:
    os.setpgid(0, 0)
    for number in (signal.SIGPROF, signal.SIGALRM, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, 4 * seconds + 10)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _quiet() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115 - until the process ends


def _end_group(child: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
