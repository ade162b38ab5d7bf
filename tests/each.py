"""A claim about hundreds of cases as one test: to collect and to report each by itself takes longer than to check it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


def each(cases: Iterable[Any]) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Have a test check every case, where tuples are several arguments; a failure names its case."""

    def decorate(check: Callable[..., None]) -> Callable[[], None]:
        def every() -> None:
            told = list(cases)
            assert told
            for case in told:
                try:
                    check(*case) if isinstance(case, tuple) else check(case)
                except BaseException as error:
                    error.add_note(f"of {case!r}")
                    raise

        every.__name__, every.__doc__, every.__module__ = check.__name__, check.__doc__, check.__module__
        return every

    return decorate
