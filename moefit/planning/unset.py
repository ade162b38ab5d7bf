"""What the user's own options cost: the line planned again without them, each kept unless its user takes it out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from moefit import cost
from moefit.errors import UsageError
from moefit.launch.constraints import Constraints
from moefit.launch.environment import VARIABLE
from moefit.launch.given import LINE, Given
from moefit.launch.options import known_words
from moefit.launch.settings import MIN_BATCH
from moefit.planning.changes import Change, changed
from moefit.planning.core import without_alternatives
from moefit.planning.types import Help, Plan
from moefit.search.request import Request
from moefit.values import dataclass

_NOTHING_SET: Final = Constraints()
_OVERRIDES: Final = ("-ot", "-cmoe", "-ncmoe", "-ncffn")
_LOAD_MODES: Final = ("-lm", "--mmap", "--mlock", "--direct-io")
_OPTIONS: Final[tuple[tuple[tuple[str, ...], str, frozenset[object]], ...]] = (
    (_OVERRIDES, "overrides", frozenset({()})),
    (("-ngl",), "gpu_layers", frozenset({None, "auto"})),
    (("-ts",), "tensor_split", frozenset({None})),
    (("-dev",), "devices", frozenset({None})),
    (("-sm",), "split_mode", frozenset({None, "layer"})),
    (("-mg",), "main_gpu", frozenset({None})),
    (("-fitt",), "fit_target", frozenset({None})),
    (("-ub",), "ubatch", frozenset({None})),
    (("-b",), "batch", frozenset({None})),
    (("-fa",), "flash_attention", frozenset({None, "auto", "on"})),
    (_LOAD_MODES, "load_mode", frozenset({None, "auto"})),
    (("--moe-cache-mib",), "moe_cache", frozenset({None})),
    (("--moe-cache-cpu-share",), "moe_cache_cpu_share", frozenset({None})),
    (("-nkvo",), "kv_offload", frozenset({None, True})),
    (("--no-op-offload",), "op_offload", frozenset({None, True})),
    (("--no-repack",), "repack", frozenset({None, True})),
    (("--no-host",), "host_buffers", frozenset({None, True})),
    (("-t",), "threads", frozenset({None})),
    (("-tb",), "threads_batch", frozenset({None})),
)
"""Spellings, their field of the constraints, and its values that cost nothing: what decides how fast a line is and not what it does."""
_VARIABLES: Final[tuple[tuple[str, str, frozenset[object]], ...]] = (
    ("GGML_CUDA_NO_PINNED", "pinned", frozenset({True})),
    (VARIABLE, "op_offload_min_batch", frozenset({None, MIN_BATCH})),
)
"""The same of variables that are no option's."""
_MOST: Final = 4
"""Options that are planned without: each costs what a quick plan does."""
_WORTH: Final = 0.95
"""Of the seconds without the one option that costs most: without all of them a line that takes more is not worth a word."""


@dataclass(frozen=True, slots=True)
class _Setting:
    """One thing that the user set, and may leave out."""

    spellings: tuple[str, ...]
    field: str
    """Of the constraints."""
    sources: tuple[str, ...]
    """The words of the line; behind them the variables, and the keys of files."""

    @property
    def open(self) -> Mapping[str, Any]:
        """The field where nobody has set it."""
        return {self.field: getattr(_NOTHING_SET, self.field)}


def without_each(request: Request, made: Plan, limit: float) -> Iterator[tuple[Help, Request]]:
    """The line without each of its user's options for speed, where it then takes no more than `limit` seconds.

    Without all of them it is planned first: what costs nothing together is not planned one by one.
    A context that would shrink is no gain.
    """
    found = _settings(request)
    together = _without(request, made, found) if found else None
    if together is not None and together[0].seconds > limit:
        return
    each: list[tuple[Help, Request]] = []
    if together is not None and len(found) == 1:
        each.append(together)
    elif found:
        ways = (_without(request, made, [one]) for one in found[:_MOST])
        each += (way for way in ways if way is not None and way[0].seconds <= limit)
    best = min((help_.seconds for help_, _ in each), default=limit / _WORTH)
    if together is not None and len(found) > 1 and together[0].seconds <= best * _WORTH:
        yield together
    yield from each


def _without(request: Request, made: Plan, left_out: Sequence[_Setting]) -> tuple[Help, Request] | None:
    """The line without some settings; None where what is left contradicts itself, does not fit or has less context."""
    *most, last = (source for one in left_out for source in one.sources)
    words = f"{', '.join(most)} and {last}" if most else last
    fields = {name: value for one in left_out for name, value in one.open.items()}
    spellings = tuple(word for one in left_out for word in one.spellings)
    typed = changed(request, Change(fields, words, "", spellings))
    try:
        then = without_alternatives(replace(typed, options=replace(typed.options, thorough=False)))
    except UsageError:
        return None
    if not then.fits or then.settings.context < made.settings.context:
        return None
    return Help("unset", f"without {words}", "", then.prediction.seconds), typed


def _settings(request: Request) -> list[_Setting]:
    """Those that may cost something, wherever they are set."""
    found: list[_Setting] = []
    good = cost.best_threads(request.machine)
    for spellings, field, usual in _OPTIONS:
        given = [g for g in request.launch.given if not set(spellings).isdisjoint(known_words(g.option))]
        value = getattr(request.launch.constraints, field)
        if given and value not in usual and not (field.startswith("threads") and value == good):
            found.append(_Setting(spellings, field, _sources(given)))
    for variable, field, usual in _VARIABLES:
        if getattr(request.launch.constraints, field) not in usual:
            found.append(_Setting((), field, (variable,)))
    return found


def _sources(given: Sequence[Given]) -> tuple[str, ...]:
    """The words of the line as one, then each variable and each key of a file."""
    line = " ".join(dict.fromkeys(g.source for g in given if g.origin == LINE))
    elsewhere = dict.fromkeys(g.source for g in given if g.origin != LINE)
    return tuple(filter(None, (line, *elsewhere)))
