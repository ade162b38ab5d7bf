"""A command that was planned has one plan for all tests of a process: dozens print the same one in other forms."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from tests.drawn import THOROUGH

_KEPT: Final = 64
"""Plans at hand: the latest, for tests of one file stand together."""


def remember_plans() -> None:
    """Have commands give the same plan for an equal request, and the same of what would help it; not in `make thorough`."""
    if THOROUGH:
        return
    from moefit.app import runnable
    from moefit.planning import what_if

    runnable.plan = _once(runnable.plan)
    what_if.what_if = _once(what_if.what_if)


def _once(ask: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, that remembers what it said of the latest requests."""
    known: deque[tuple[Any, tuple[Any, ...], dict[str, Any], Any]] = deque(maxlen=_KEPT)

    def ask_once(request: Any, *more: Any, **how: Any) -> Any:
        for asked, others, hows, said in known:
            same = asked.model is request.model and len(others) == len(more)
            if same and all(map(lambda a, b: a is b, others, more)) and (asked, hows) == (request, how):
                return said
        said = ask(request, *more, **how)
        known.append((request, more, how, said))
        return said

    return ask_once
