"""Signals that ask moefit to end: what it has started ends first, and what it has made for a while is taken away."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import FrameType

_OTHERS: Final = (signal.SIGTERM, signal.SIGHUP)
"""Beside Ctrl-C."""
_came: list[int] = []
"""The one of those that came."""


def heed_signals() -> None:
    """From here on there may be something to tidy up; what a shell has moefit ignore (nohup) stays ignored."""
    _came.clear()
    with suppress(ValueError):  # in a thread of another program's
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        for number in _OTHERS:
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _interrupt)


def end_by_signal() -> None:
    """End by the signal that came, as whoever sent it expects; nothing where none did."""
    if _came:
        signal.signal(_came[0], signal.SIG_DFL)
        os.kill(os.getpid(), _came[0])


def _interrupt(number: int, _frame: FrameType | None) -> None:
    """As Ctrl-C; a second one, such as the SIGHUP that follows a SIGTERM, does not disturb the end."""
    for other in _OTHERS:
        signal.signal(other, signal.SIG_IGN)
    _came.append(number)
    raise KeyboardInterrupt
