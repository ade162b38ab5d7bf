"""Replaces this process with the server's, and waits for memory that an earlier server still holds."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NoReturn

from moefit.errors import InputError
from moefit.llama.programs import MISSING_HINT, find_program

_POLL_SECONDS: Final = 0.25
_QUIET_SECONDS: Final = 1.0
_NOISE_BYTES: Final = 16 << 20


def replace_process(argv: Sequence[str], additions: Mapping[str, str]) -> NoReturn:
    """Becomes the command: same PID, signals and exit status are its own from here on.

    Args:
        argv: the whole line; its first word may be a wrapper. A program that is not on the PATH is taken from
            MOEFIT_LLAMA, and keeps its short name as argv[0].
        additions: environment variables the line needs.

    Raises:
        InputError: the program is missing or cannot be executed.
    """
    environment = {**os.environ, **additions}
    file = find_program(argv[0], environment) or argv[0]
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execve(file, list(argv), environment)  # noqa: S606 - to run the user's own command is the purpose
    except FileNotFoundError as error:
        raise InputError(f"{argv[0]}: no such program", hint=MISSING_HINT) from error
    except OSError as error:
        hint = "it must be an executable file for this machine"
        raise InputError(f"{argv[0]}: {error.strerror}", hint=hint) from error


def wait_free(
    read_free: Callable[[], tuple[int, ...]],
    enough: Callable[[tuple[int, ...]], bool],
    timeout: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[int, ...] | None:
    """Waits until an earlier process has let go of device memory.

    A driver gives memory back over a second or so after its owner has ended. Free memory counts as settled when no
    device has gained more than noise for a second, and it must be enough.

    Args:
        read_free: free bytes of each device now.
        enough: whether these bytes would do.
        timeout: seconds; the last reading before it decides.
        clock: seconds, monotonic.
        sleep: as time.sleep.

    Returns:
        Free bytes of each device once settled and enough; None when the time is over and they are not enough.
    """
    deadline = clock() + timeout
    free = read_free()
    grew = clock()
    while True:
        if enough(free) and (clock() - grew >= _QUIET_SECONDS or clock() >= deadline):
            return free
        if clock() >= deadline:
            return None
        sleep(min(_POLL_SECONDS, max(0.0, deadline - clock())))
        latest = read_free()
        if any(now > before + _NOISE_BYTES for now, before in zip(latest, free, strict=True)):
            grew = clock()
        free = latest
