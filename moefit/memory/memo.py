"""Remembering what was worked out for a model, or another value that holds a dict: it is told apart by identity."""

from __future__ import annotations

import functools
from collections import OrderedDict
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_P = ParamSpec("_P")
_T = TypeVar("_T")


def per_object(size: int, objects: int = 1) -> Callable[[Callable[_P, _T]], Callable[_P, _T]]:
    """Remembers the last `size` answers of a pure function: the first `objects` arguments count as they are, others by value."""

    def decorate(function: Callable[_P, _T]) -> Callable[_P, _T]:
        # The objects are kept beside the answer, so their identity cannot be given to others meanwhile.
        known: OrderedDict[tuple[object, ...], tuple[tuple[object, ...], _T]] = OrderedDict()

        def remembering(*args: _P.args, **kwargs: _P.kwargs) -> _T:
            key = (*map(id, args[:objects]), args[objects:], tuple(sorted(kwargs.items())) if kwargs else ())
            found = known.get(
                key
            )  # a key's hash is that of all its values: it is asked for no more often than it must be
            if found is not None:
                known.move_to_end(key)
                return found[1]
            answer = function(*args, **kwargs)
            known[key] = (args[:objects], answer)
            if len(known) > size:
                known.popitem(last=False)
            return answer

        functools.update_wrapper(remembering, function)
        return remembering

    return decorate
