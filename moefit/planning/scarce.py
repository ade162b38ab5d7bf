"""A smaller context where nothing fits with the wanted one, and the user left it open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from moefit.launch.settings import BATCH, SMALLEST_CONTEXT, UBATCH
from moefit.planning.context_size import largest_context
from moefit.planning.frame import frame
from moefit.search.candidate import Candidate
from moefit.search.choices import open_choices
from moefit.search.problem import Problem
from moefit.search.search import can_fit

_FAST_FIRST: Final = (BATCH, UBATCH, None)
"""Micro-batches: as large as llama.cpp's default batch, its default, any."""


def context_that_fits(problem: Problem, closest: Candidate) -> int | None:
    """Tokens of the largest context with which something fits; None where none does, or where the context is the user's.

    With a micro-batch that makes prompts fast, if it can be one: the smallest may be many times slower.
    """
    request = problem.request
    constraints = request.launch.constraints
    if constraints.context is not None or constraints.kv_unified_per_slot:
        return None
    failed, smallest = closest.settings.context, constraints.fit_context or SMALLEST_CONTEXT

    def fits(ubatch: int | None) -> Callable[[int], bool]:
        def with_context(tokens: int) -> bool:
            sized = replace(constraints, ubatch=ubatch, context=tokens)
            asked = replace(request, launch=replace(request.launch, constraints=sized))
            smaller = frame(asked)
            return can_fit(smaller, open_choices(smaller))

        return with_context

    if failed <= smallest or not fits(constraints.ubatch)(smallest):
        return None
    for ubatch in _FAST_FIRST if constraints.ubatch is None else (constraints.ubatch,):
        tokens = largest_context(failed, fits(ubatch), smallest)
        if tokens < failed:
            return tokens
    return None
