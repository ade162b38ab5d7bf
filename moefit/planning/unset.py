"""What the user's own options cost: the line planned again without one of them, each kept unless its user takes it out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from moefit import cost
from moefit.errors import UsageError
from moefit.launch.given import LINE
from moefit.launch.options import known_words
from moefit.planning.changes import Change, changed
from moefit.planning.core import without_alternatives
from moefit.planning.types import Help, Plan
from moefit.search.request import Request

_OVERRIDES: Final = ("-ot", "-cmoe", "-ncmoe", "-ncffn")
_OPTIONS: Final[tuple[tuple[tuple[str, ...], str, object], ...]] = (
    (_OVERRIDES, "overrides", ()),
    (("-ngl",), "gpu_layers", None),
    (("-ts",), "tensor_split", None),
    (("-ub",), "ubatch", None),
    (("-b",), "batch", None),
    (("--moe-cache-mib",), "moe_cache", None),
    (("-nkvo",), "kv_offload", None),
    (("--no-op-offload",), "op_offload", None),
    (("-t",), "threads", None),
    (("-tb",), "threads_batch", None),
)
"""Spellings, their field of the constraints, and its value where they are not given: what decides how fast a line is and not what it does."""
_MOST: Final = 4
"""Options that are planned without: each costs what a quick plan does."""


def without_each(request: Request, made: Plan) -> Iterator[tuple[Help, Request]]:
    """The line without each of its user's options for speed, with the seconds that it then takes; a context that would shrink is no gain."""
    for spellings, words, field, nothing in _set(request)[:_MOST]:
        typed = changed(request, Change({field: nothing}, words, "", spellings))
        quick = replace(typed, options=replace(typed.options, thorough=False))
        try:
            then = without_alternatives(quick)
        except UsageError:
            continue  # what is left contradicts itself
        if then.fits and then.settings.context >= made.settings.context:
            yield Help("unset", f"without {words}", "", then.prediction.seconds), typed


def _set(request: Request) -> list[tuple[tuple[str, ...], str, str, object]]:
    """Those of the line alone: what a file or a variable sets is not taken out of a line."""
    found: list[tuple[tuple[str, ...], str, str, object]] = []
    good = cost.best_threads(request.machine)
    for spellings, field, nothing in _OPTIONS:
        given = [g for g in request.launch.given if not set(spellings).isdisjoint(known_words(g.option))]
        value = getattr(request.launch.constraints, field)
        usual = {nothing, good} if field.startswith("threads") else {nothing}
        if given and all(g.origin == LINE for g in given) and value not in usual:
            found.append((spellings, " ".join(dict.fromkeys(g.source for g in given)), field, nothing))
    return found
