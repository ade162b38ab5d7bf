"""What to change when nothing fits: the smallest change to the user's own line, or how much memory is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from moefit.launch.constraints import Constraints
from moefit.launch.settings import MAPPED
from moefit.memory.split_modes import SPLIT_MODES
from moefit.planning.context import STEP
from moefit.planning.types import Plan

SMALLEST_CONTEXT: Final = 512
SMALLEST_UBATCH: Final = 32


def remedy(failed: Plan, constraints: Constraints, fits: Callable[[Constraints], bool]) -> str | None:
    """One line that says what would fit, or None where no option of the user's is in the way.

    Args:
        failed: the plan that does not fit.
        constraints: what the user set.
        fits: whether some plan fits under other constraints.
    """
    for changed, words in _changes(failed, constraints, fits):
        if fits(changed):
            return f"{words} would fit"
    if failed.host_left < 0 and constraints.load_mode not in MAPPED:
        mapped = replace(constraints, load_mode="mmap")
        if fits(mapped):
            return "with --load-mode mmap it fits by paging: weights are read from disk again and again, many times slower"
    return None


def _changes(
    failed: Plan, constraints: Constraints, fits: Callable[[Constraints], bool]
) -> Iterator[tuple[Constraints, str]]:
    """Single changes, those that cost least first."""
    if constraints.ubatch is not None:
        smaller = _largest(
            constraints.ubatch // SMALLEST_UBATCH,
            lambda n: fits(replace(constraints, ubatch=n * SMALLEST_UBATCH)),
        )
        yield replace(constraints, ubatch=smaller * SMALLEST_UBATCH), f"-ub {smaller * SMALLEST_UBATCH}"
    if isinstance(constraints.gpu_layers, int):
        fewer = _largest(constraints.gpu_layers, lambda n: fits(replace(constraints, gpu_layers=n)), least=0)
        yield replace(constraints, gpu_layers=fewer), f"-ngl {fewer}"
    elif constraints.gpu_layers is not None:
        yield replace(constraints, gpu_layers=None), f"leaving out -ngl {constraints.gpu_layers}"
    if constraints.tensor_split is not None:
        yield replace(constraints, tensor_split=None), "leaving out -ts"
    if constraints.split_mode in SPLIT_MODES:
        yield replace(constraints, split_mode=None), f"leaving out -sm {constraints.split_mode}"
    if constraints.overrides:
        spelled = dict.fromkeys(word for rule in constraints.overrides for word in rule.words)
        yield replace(constraints, overrides=()), f"leaving out {' '.join(spelled)}"
    if constraints.context is not None:
        tokens = _largest(
            failed.settings.context // STEP, lambda n: fits(replace(constraints, context=n * STEP))
        )
        yield replace(constraints, context=tokens * STEP), f"-c {tokens * STEP}"
    if constraints.cache_ram:
        yield replace(constraints, cache_ram=0), "--cache-ram 0"


def _largest(most: int, fits: Callable[[int], bool], least: int = 1) -> int:
    """The largest number below `most` that fits, by bisection; `least` where none does.

    >>> _largest(100, lambda n: n <= 37)
    37
    """
    low, high = least, most
    while high - low > 1:
        middle = (low + high) // 2
        if fits(middle):
            low = middle
        else:
            high = middle
    return low
