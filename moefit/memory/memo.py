"""Remembering what was worked out for a model: a Model holds a dict, so it is told apart by identity."""

from __future__ import annotations

import functools
from collections import OrderedDict
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from moefit.model import Model

P = ParamSpec("P")
T = TypeVar("T")


def per_model(
    size: int,
) -> Callable[[Callable[Concatenate[Model, P], T]], Callable[Concatenate[Model, P], T]]:
    """Remembers the last `size` answers of a pure function of a model and hashable values."""

    def decorate(function: Callable[Concatenate[Model, P], T]) -> Callable[Concatenate[Model, P], T]:
        # The model is kept beside its answer, so its identity cannot be given to another one meanwhile.
        known: OrderedDict[tuple[object, ...], tuple[Model, T]] = OrderedDict()

        def remembering(model: Model, /, *args: P.args, **kwargs: P.kwargs) -> T:
            key = (id(model), args, tuple(sorted(kwargs.items())))
            if key in known:
                known.move_to_end(key)
                return known[key][1]
            answer = function(model, *args, **kwargs)
            known[key] = (model, answer)
            if len(known) > size:
                known.popitem(last=False)
            return answer

        functools.update_wrapper(remembering, function)
        return remembering

    return decorate
