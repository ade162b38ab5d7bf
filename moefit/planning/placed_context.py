"""The largest context that leaves every layer's base on a device."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from moefit.launch.settings import CONTEXT_PADDING, SMALLEST_CONTEXT
from moefit.machine.types import CPU
from moefit.placement.arrange import strategies
from moefit.planning.context_size import largest_context
from moefit.search.bounds import has_ample_room, lacks_on_devices, sketch
from moefit.search.choices import load_modes
from moefit.search.openings import usual_task
from moefit.search.problem import Problem
from moefit.search.settle import settle
from moefit.search.settled import Settled
from moefit.search.task import Task

_BY_BASES: Final = frozenset({"auto", "base-first"})
"""Strategies that place every layer's base wherever all have room."""


def placed_context(problem: Problem, strategy: str) -> int:
    """The largest context up to the problem's that leaves every layer's base on a device."""
    constraints = problem.request.launch.constraints
    smallest, wanted = constraints.fit_context or SMALLEST_CONTEXT, problem.context
    for mode in reversed(load_modes(problem.request)):  # pinned memory takes a little of the card
        contexts = _Contexts(problem, strategy, mode)
        tokens = largest_context(wanted, contexts.are_placed, smallest, contexts.guess)
        if tokens < wanted or contexts.are_placed(wanted):
            return tokens
    return wanted


class _Contexts:
    """Contexts in one load mode, with llama.cpp's default micro-batch, as a strategy places."""

    def __init__(self, problem: Problem, strategy: str, load_mode: str) -> None:
        self._problem, self._strategy, self._load_mode = problem, strategy, load_mode
        self._known: dict[int, bool] = {}
        self._settled: dict[int, Settled] = {}

    def are_placed(self, tokens: int) -> bool:
        """Whether every layer's base is on a device with so many tokens."""
        if tokens not in self._known:
            self._known[tokens] = self._is_placed(tokens)
        return self._known[tokens]

    def guess(self, low: int, high: int) -> int:
        """Where between a context that is placed and one that is not this seems to end, by a sketch; all are multiples of 256 tokens."""
        near = [n * CONTEXT_PADDING for n in (low, high) if n * CONTEXT_PADDING in self._settled]
        if not near:
            return (low + high) // 2
        least, most = low, high
        while most - least > 1:
            middle = (least + most) // 2
            if self._seems_placed(middle * CONTEXT_PADDING, near[0], near[-1]):
                least = middle
            else:
                most = middle
        return max(least, low + 1)

    def _is_placed(self, tokens: int) -> bool:
        task = self._task(tokens)
        if lacks_on_devices(task):
            return False
        demand = self._problem.demand
        several = len(task.devices) > 1  # of one a graph is as quick, and the search may ask for it again
        if several and self._strategy in _BY_BASES and demand.runs is None and has_ample_room(task):
            return True
        settled = self._settled[tokens] = settle(self._as_asked(task), will_do=_is_offloaded)
        return settled.shortfall == 0 and _is_offloaded(settled)

    def _seems_placed(self, tokens: int, near: int, far: int) -> bool:
        """Whether the strategy places every base beside buffers on the line through those of two contexts."""
        task = self._as_asked(self._task(tokens))
        part = (tokens - near) / (far - near) if far > near else 0.0
        first, last = self._buffers(near), self._buffers(far)
        compute = [
            int(a + part * (b - a))
            for a, b in ((first.get(d.name, 0), last.get(d.name, 0)) for d in task.devices)
        ]
        settled = sketch(task, compute, 0)
        return settled.shortfall == 0 and _is_offloaded(settled)

    def _buffers(self, tokens: int) -> dict[str, int]:
        settled = self._settled[tokens]
        uses = zip(settled.devices, settled.footprint.devices, strict=True)
        return {device.name: use.compute for device, use in uses}

    def _task(self, tokens: int) -> Task:
        """Base-first, with every layer to be on a device."""
        problem = self._problem
        everywhere = replace(problem.demand, tail=problem.request.model.slots)
        return usual_task(replace(problem, context=tokens, demand=everywhere), self._load_mode)

    def _as_asked(self, task: Task) -> Task:
        """The same by the strategy, and no more on devices than is demanded."""
        demand = self._problem.demand
        return replace(task, demand=demand, strategy=strategies(demand).get(self._strategy, task.strategy))


def _is_offloaded(settled: Settled) -> bool:
    return CPU not in settled.placement.slots
