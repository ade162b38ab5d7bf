"""Replaces this process with the server's, and waits for memory that an earlier server still holds."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final, NoReturn

from moefit.errors import InputError
from moefit.llama.executables import MISSING_HINT, find_program
from moefit.machine.types import Machine

_IGNORED: Final = (signal.SIGPIPE, signal.SIGXFSZ)
"""Signals that Python ignores, and a program that takes its place would too. source: the documentation of subprocess, restore_signals"""
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
    _ready(environment)
    for number in _IGNORED:
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execve(file, list(argv), environment)  # noqa: S606 - to run the user's own command is the purpose
    except OSError as error:
        for number in _IGNORED:
            signal.signal(number, signal.SIG_IGN)
        raise _refused(argv[0], error) from error


def _refused(program: str, error: OSError) -> InputError:
    if isinstance(error, FileNotFoundError):
        return InputError(f"{program}: no such program", hint=MISSING_HINT)
    return InputError(f"{program}: {error.strerror}", hint="it must be an executable file for this machine")


def _ready(environment: dict[str, str]) -> None:
    """Tell systemd, where it waits for that, that planning is over; the server knows nothing of it.

    source: sd_notify(3)
    """
    address = environment.pop("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    import socket  # noqa: PLC0415 - few starts are systemd's

    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
        to.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        to.send(b"READY=1")


def wait_free(
    look: Callable[[], Machine],
    fits: Callable[[Machine], bool],
    timeout: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Waits until an earlier process has let go of device memory: no device gains any more, and the command fits.

    A driver gives memory back over a second or so after its owner has ended, so memory counts as still when no device
    has gained more than noise for a second.

    Args:
        look: the machine now.
        fits: whether the command would fit that machine; asked only of a machine that is still, once for each change.
        timeout: seconds.
        clock: seconds, monotonic.
        sleep: as time.sleep.

    Returns:
        Whether it fits; False when the time is over.
    """
    deadline = clock() + timeout
    free = _free(look())
    still_since = clock()
    refused: tuple[int, ...] | None = None
    while clock() < deadline:
        sleep(min(_POLL_SECONDS, max(0.0, deadline - clock())))
        machine = look()
        before, free = free, _free(machine)
        if _gained(before, free):
            still_since = clock()
        elif clock() - still_since >= _QUIET_SECONDS and free != refused:
            if fits(machine):
                return True
            refused = free
    return False


def _free(machine: Machine) -> tuple[int, ...]:
    return tuple(device.free for device in machine.gpus)


def _gained(before: tuple[int, ...], now: tuple[int, ...]) -> bool:
    return len(before) != len(now) or any(n > b + _NOISE_BYTES for b, n in zip(before, now, strict=True))
