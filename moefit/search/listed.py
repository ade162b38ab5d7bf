"""The fastest launch with its devices in the order in which the machine lists them: where that costs less than a plan shows, it is the one to print.

The search itself takes no notice of that order, so that one machine has one plan however it lists its devices.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from moefit.machine.types import CPU, Device
from moefit.placement.arrange import strategies
from moefit.search.bounds import sketch
from moefit.search.budgets import budgets
from moefit.search.candidate import Candidate, score
from moefit.search.choices import Choices
from moefit.search.moe_cache.choose import with_cache
from moefit.search.moe_cache.sketched import sketched_cache
from moefit.search.orders import as_listed
from moefit.search.problem import Problem
from moefit.search.refine import is_refined, rearranged
from moefit.search.settle import settle
from moefit.search.task import Task
from moefit.search.threshold import with_threshold

_CLOSE: Final = 1.03
"""Of the seconds of the fastest, what a sketch of a cache may seem to take and still be worked out."""

_FAR: Final = 1.05
"""The same of a sketch whose start is none that was measured."""

_LEAST: Final = 0.85
"""Of the launch's compute buffers, what those in another order take at the least."""


def in_listed_order(problem: Problem, choices: Choices, chosen: Candidate) -> tuple[Candidate, ...]:
    """The launch on the same devices as they are listed, with what its line calls for; nothing where it has that order or seems to lose by it."""
    if chosen.swap_factor == 1.0:
        return ()
    devices = as_listed(problem, chosen.settled.devices)
    if chosen.settings.moe_cache:
        return _with_cache(problem, choices, chosen, devices)
    if is_refined(problem):
        order = tuple(problem.devices.index(device) for device in devices)
        made = rearranged(problem, choices, chosen, order)
    else:
        made = _placed(problem, chosen, devices, chosen.strategy)
    if made is None or not made.fits:
        return ()
    other = (
        with_threshold(problem, made)
        if problem.request.launch.constraints.op_offload_min_batch is None
        else None
    )
    return (made,) if other is None else (made, other)


def _with_cache(
    problem: Problem, choices: Choices, chosen: Candidate, devices: tuple[Device, ...]
) -> tuple[Candidate, ...]:
    if _seems(problem, chosen, devices) > _FAR * chosen.prediction.seconds:
        return ()
    start = _placed(problem, chosen, devices, "base-first")
    if not start.fits or CPU in start.settled.placement.slots:
        return ()
    if sketched_cache(problem, start).prediction.seconds > _CLOSE * chosen.prediction.seconds:
        return ()
    alike = replace(choices, ubatches=(chosen.settings.ubatch,))
    return with_cache(problem, alike, [start])


def _seems(problem: Problem, chosen: Candidate, devices: tuple[Device, ...]) -> float:
    """Seconds that a cache on the devices seems to take with buffers as the launch has them: no graph is measured. None at all where none seems to gain."""
    task = _task(problem, chosen, devices, "base-first")
    use = chosen.settled.footprint
    first, *others = (one.compute for one in use.devices)
    buffers = [int(_LEAST * n) for n in (first, *(max(others, default=first) for _ in devices[1:]))]
    start = score(problem, "base-first", task.settings, sketch(task, buffers, use.host.compute))
    made = sketched_cache(problem, start)
    return 0.0 if made is start else made.prediction.seconds


def _placed(problem: Problem, chosen: Candidate, devices: tuple[Device, ...], strategy: str) -> Candidate:
    task = _task(problem, chosen, devices, strategy)
    return score(problem, strategy, task.settings, settle(task))


def _task(problem: Problem, chosen: Candidate, devices: tuple[Device, ...], strategy: str) -> Task:
    launch = problem.launch(chosen.settings.ubatch, chosen.settings.load_mode)
    every = dict(zip(problem.devices, budgets(problem.request, problem.devices, launch), strict=True))
    given = tuple(every[device] for device in devices)
    return Task(problem.request, devices, given, launch, strategies(problem.demand)[strategy], problem.demand)
