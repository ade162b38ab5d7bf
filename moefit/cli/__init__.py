"""The command line. Little is imported here, so that what cannot be imported is told."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

FITS = 0
DOES_NOT_FIT = 1
BAD_USAGE = 2
DRIVER_FAILS = 3
OWN_ERROR = 70
"""EX_SOFTWARE of sysexits.h: nothing that the user did."""
INTERRUPTED = 130
PIPE_CLOSED = 141
"""As a shell counts a process that SIGPIPE ended."""


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run moefit with the words of the command line, and exit."""
    if words is None:
        gc.disable()  # a process of its own is over before garbage matters
    try:
        from moefit.cli.program import exit_status

        status = exit_status(sys.argv[1:] if words is None else words)
    except Exception as error:  # noqa: BLE001 - what is imported cannot be read, or there is no memory for it, nor to say so
        with suppress(OSError):
            os.write(2, f"moefit: error: moefit cannot be loaded: {type(error).__name__}\n".encode())
        status = OWN_ERROR
    if words is None:
        gc.freeze()  # the interpreter looks for garbage once more before it ends, in all that was imported
        if (
            sys.flags.inspect
        ):  # with PYTHONINSPECT the interpreter stays after its program, and ends in a status of its own
            _leave(status)
    sys.exit(status)


def _leave(status: int) -> NoReturn:
    """End the process at once, as sys.exit would in the end."""
    import atexit

    atexit._run_exitfuncs()  # noqa: SLF001 - what sys.exit would call
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(status)
