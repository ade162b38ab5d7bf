"""A claim about hundreds of cases as few tests: to collect and to report each by itself takes longer than to check it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

_GROUP = 12


def each(cases: Iterable[Any]) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Have one test check every case, where tuples are several arguments; a failure names its case."""

    def decorate(check: Callable[..., None]) -> Callable[[], None]:
        def every() -> None:
            told = list(cases)
            assert told
            _all(check, told)

        return _called(every, check)

    return decorate


def in_groups(cases: Sequence[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The same of cases that take longer: a dozen are one test, so that several processes share them."""
    groups = [cases[at : at + _GROUP] for at in range(0, len(cases), _GROUP)]

    def decorate(check: Callable[..., None]) -> Callable[..., None]:
        def some(group: Sequence[Any]) -> None:
            _all(check, group)

        return pytest.mark.parametrize("group", groups, ids=range(len(groups)))(_called(some, check))

    return decorate


def _all(check: Callable[..., None], cases: Iterable[Any]) -> None:
    for case in cases:
        try:
            check(*case) if isinstance(case, tuple) else check(case)
        except BaseException as error:
            error.add_note(f"of {case!r}")
            raise


def _called(test: Callable[..., None], check: Callable[..., None]) -> Callable[..., None]:
    test.__name__, test.__doc__, test.__module__ = check.__name__, check.__doc__, check.__module__
    return test
