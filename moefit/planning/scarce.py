"""A smaller context where nothing fits with the wanted one, and the user left it open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from moefit.launch.settings import BATCH, CONTEXT_PADDING, SMALLEST_CONTEXT, UBATCH
from moefit.placement.arrange import strategies
from moefit.planning.frame import frame
from moefit.search.bounds import sketch
from moefit.search.budgets import budgets
from moefit.search.candidate import Candidate, ram_missing
from moefit.search.choices import load_modes, open_choices
from moefit.search.problem import Problem
from moefit.search.search import can_fit, first_that_fits
from moefit.search.settled import Settled, placed_with
from moefit.search.task import Task

_GUESSES: Final = 3
"""So many contexts are guessed; what is between those that fit and those that do not is then halved."""


def context_that_fits(problem: Problem) -> int | None:
    """Tokens of the largest context with which something fits; None where none does, or where the context is the user's.

    With a micro-batch that makes prompts fast, if it can be one: the smallest may be many times slower.
    """
    constraints = problem.request.launch.constraints
    if constraints.context is not None or constraints.kv_unified_per_slot:
        return None
    failed, smallest = problem.context, constraints.fit_context or SMALLEST_CONTEXT
    if failed <= smallest or not _can_fit(problem, constraints.ubatch, smallest):
        return None
    for ubatch in _micro_batches(problem, smallest):
        tokens = _Contexts(problem, ubatch).largest(smallest, failed)
        if tokens is not None:
            return tokens
    return None


def _micro_batches(problem: Problem, smallest: int) -> tuple[int | None, ...]:
    """The user's, or what is worth a context, the fastest first: where llama.cpp's default has no room, a larger one has none either."""
    wanted = problem.request.launch.constraints.ubatch
    if wanted is not None:
        return (wanted,)
    return (BATCH, UBATCH, None) if _can_fit(problem, UBATCH, smallest) else (None,)


def _sized(problem: Problem, ubatch: int | None, tokens: int) -> Problem:
    """The problem with so many tokens, and with that micro-batch where it is told."""
    request = problem.request
    sized = replace(request.launch.constraints, ubatch=ubatch, context=tokens)
    return frame(replace(request, launch=replace(request.launch, constraints=sized)))


def _can_fit(problem: Problem, ubatch: int | None, tokens: int) -> bool:
    sized = _sized(problem, ubatch, tokens)
    return can_fit(sized, open_choices(sized))


class _Contexts:
    """Contexts with one micro-batch, or any: the buffers of a launch that fits say by arithmetic how far it goes."""

    def __init__(self, problem: Problem, ubatch: int | None) -> None:
        self._problem, self._ubatch = problem, ubatch
        self._fitting: Candidate | None = None

    def largest(self, smallest: int, failed: int) -> int | None:
        """The largest multiple of 256 tokens from `smallest` up that fits, or None; `failed` tokens were seen not to."""
        if not self._fits(smallest):
            return None
        low, high, tries = smallest // CONTEXT_PADDING, -(-failed // CONTEXT_PADDING), 0
        most = high
        while high - low > 1:
            middle = self._guess(low, high) if tries < _GUESSES else (low + high) // 2
            tries += 1
            if self._fits(middle * CONTEXT_PADDING):
                low = middle
            else:
                high = middle
        if high == most and self._fits(failed):
            return None
        return low * CONTEXT_PADDING

    def _fits(self, tokens: int) -> bool:
        sized = _sized(self._problem, self._ubatch, tokens)
        made = first_that_fits(sized, open_choices(sized), self._fitting)
        self._fitting = made or self._fitting
        return made is not None

    def _guess(self, low: int, high: int) -> int:
        """Where between a context that fits and one that does not the launch that fits seems to reach its end."""
        fitting = self._fitting
        assert fitting is not None
        ends = {fitting.settings.context: _buffers(fitting.settled)}
        ends[high * CONTEXT_PADDING] = _buffers(self._at(fitting, high * CONTEXT_PADDING))
        least, most = low, high
        while most - least > 1:
            middle = (least + most) // 2
            if self._seems_to_fit(fitting, middle * CONTEXT_PADDING, ends):
                least = middle
            else:
                most = middle
        return max(least, low + 1)

    def _at(self, made: Candidate, tokens: int) -> Settled:
        """A launch's placement with another context."""
        sized = _sized(self._problem, self._ubatch, tokens)
        launch = sized.launch(made.settings.ubatch, load_modes(sized.request)[0])
        return placed_with(sized.request, made.settled, launch)

    def _seems_to_fit(self, like: Candidate, tokens: int, ends: Mapping[int, Sequence[int]]) -> bool:
        """Whether what a launch's strategy places fits beside buffers on the line through those of two contexts."""
        sized = _sized(self._problem, self._ubatch, tokens)
        launch = sized.launch(like.settings.ubatch, load_modes(sized.request)[0])
        given = budgets(sized.request, sized.devices, launch)
        task = Task(
            sized.request,
            like.settled.devices,
            tuple(given[i] for i in like.order),
            launch,
            strategies(sized.demand)[like.strategy],
            sized.demand,
        )
        (near, first), (far, last) = ends.items()
        part = (tokens - near) / (far - near)
        *compute, on_host = [max(0, int(a + part * (b - a))) for a, b in zip(first, last, strict=True)]
        settled = sketch(task, compute, on_host)
        return not settled.shortfall and not ram_missing(sized, launch, settled)[2]


def _buffers(settled: Settled) -> list[int]:
    """Compute buffers of each device and of RAM."""
    return [*(use.compute for use in settled.footprint.devices), settled.footprint.host.compute]
