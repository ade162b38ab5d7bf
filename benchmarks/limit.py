"""A limit of processor time for one piece of work, which holds whatever it does: a program that tries thousands ends in time."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class TooLongError(BaseException):
    """The time is over: no `except Exception` on the way takes it for its own."""


def _too_long(*_: object) -> None:
    raise TooLongError


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """TooLongError inside, once so many seconds of processor time have passed."""
    signal.signal(signal.SIGPROF, _too_long)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
