"""A regular expression that never ends is told, before a plan searches with it many times; llama.cpp's own search would not end either."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

from moefit.errors import UsageError
from moefit.launch.patterns import Rule
from moefit.shown import masked

_REPEATS = re.compile(r"[*+{]")
_ENOUGH = 2
"""Repetitions that a pattern needs to take long."""
_SECONDS = 0.5
"""Of CPU, for all names of a model: a usual pattern takes a millisecond."""


def check_patterns(rules: Sequence[Rule], names: Iterable[str]) -> None:
    """Whether the rules can be tried on all names in little time.

    Raises:
        UsageError: one of them takes too long.
    """
    doubtful = [rule for rule in rules if len(_REPEATS.findall(rule.pattern)) >= _ENOUGH]
    if not doubtful or threading.current_thread() is not threading.main_thread():
        return
    known = tuple(names)
    for rule in doubtful:
        try:
            with _limited():
                sum(map(rule.matches, known))
        except TimeoutError:
            raise UsageError(
                f"-ot {masked(rule.pattern)}={rule.buffer}: to search tensor names for it takes for ever",
                "write it without a repetition inside another, such as (a*)*",
            ) from None


@contextmanager
def _limited() -> Iterator[None]:
    """So many seconds of this process's CPU; a search of Python's looks for signals now and then."""
    before = signal.signal(signal.SIGVTALRM, _over)
    signal.setitimer(signal.ITIMER_VIRTUAL, _SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _over(*_: object) -> NoReturn:
    raise TimeoutError
