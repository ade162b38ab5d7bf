"""What people do without moefit, as candidates: llama.cpp's own fit, and all experts on the CPU."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf
from typing import Final

from moefit import memory
from moefit.launch.constraints import Constraints
from moefit.machine.types import CPU, Device
from moefit.placement.budget import Budget, Term
from moefit.search.budgets import budgets
from moefit.search.candidate import Candidate, score
from moefit.search.demand import chosen_devices
from moefit.search.llama_fit import MARGIN
from moefit.search.openings import bound, usual_task
from moefit.search.problem import Problem
from moefit.search.server_fit import fit_placement, server_fit
from moefit.search.settle import settle
from moefit.search.settled import Settled, settled_on
from moefit.search.task import Task

LLAMA_FIT: Final = "llama-fit"
CPU_MOE: Final = "cpu-moe"
_CLOSE: Final = 1.05
"""Times as long as it may: what seems to take more is not measured. In sixty random plans it seems at most 1% longer than it takes."""
_LEAST: Final = 0.5
"""Of the compute buffers that other launches had, what the fit's launch needs at the least."""


def baselines(
    problem: Problem, load_mode: str, limit: float, found: Sequence[Candidate] = ()
) -> Iterator[Candidate]:
    """The rivals' launches, with llama.cpp's default micro-batch and load mode (or the user's).

    `--fit` is what the server makes of the line by itself, at the plan's context; there is none where it gives up.
    `--cpu-moe` keeps every routed expert on the CPU.

    Args:
        problem: what stays the same between candidates.
        load_mode: as `-lm` takes it.
        limit: seconds; a launch that could not be faster than that is left out.
        found: what was placed before: it says what compute buffers take at the least.
    """
    usual = usual_task(problem, load_mode)
    if bound(problem, replace(usual, budgets=tuple(map(_with_fit_margin, usual.budgets)))) <= limit:
        fitted = _fitted(problem, usual, limit, found)
        if fitted is not None:
            yield score(problem, LLAMA_FIT, usual.settings, fitted)
    if experts := {t.name: CPU for layer in problem.request.model.layers for t in layer.experts}:
        task = replace(usual, demand=replace(problem.demand, fixed={**experts, **problem.demand.fixed}))
        if bound(problem, task) <= limit:
            yield score(problem, CPU_MOE, task.settings, settle(task))


def _fitted(problem: Problem, usual: Task, limit: float, found: Sequence[Candidate]) -> Settled | None:
    """Where llama.cpp's own fit puts the line with the plan's context; None where it gives up, or seems to take longer than the limit."""
    request, launch = problem.request, usual.settings
    line = replace(request.launch.constraints, context=problem.context)
    devices = chosen_devices(line, request.machine.gpus)
    if limit < inf and len(devices) > 1 and _about(problem, usual, line, devices, found) > _CLOSE * limit:
        return None
    fitted = server_fit(request.model, request.machine, line, request.files)
    if fitted.gave_up is not None:
        return None
    placement = fit_placement(request.model, line, devices, fitted.assignment)
    task = replace(usual, devices=devices, budgets=budgets(request, devices, launch))
    footprint = memory.footprint(request.model, devices, launch, placement)
    return settled_on(task, range(len(devices)), placement, footprint, 0)


def _about(
    problem: Problem,
    usual: Task,
    line: Constraints,
    devices: tuple[Device, ...],
    found: Sequence[Candidate],
) -> float:
    """Seconds that its launch takes, about: the fit of several devices measures a graph for every try, this one none."""
    request, launch = problem.request, usual.settings
    least = _least_buffers(found, launch.ubatch)
    fitted = server_fit(request.model, request.machine, line, request.files, least)
    placement = fit_placement(request.model, line, devices, fitted.assignment)
    return problem.predict(launch, devices, placement).seconds


def _least_buffers(found: Sequence[Candidate], ubatch: int) -> dict[str, int]:
    """Bytes of each device's compute buffer that a launch with this micro-batch takes at the least, from those that were placed."""
    least: dict[str, int] = {}
    for one in found:
        share = _LEAST * min(1.0, ubatch / one.settings.ubatch)
        for device, use in zip(one.settled.devices, one.settled.footprint.devices, strict=True):
            size = int(share * use.compute)
            least[device.name] = min(size, least.get(device.name, size))
    return least


def _with_fit_margin(budget: Budget) -> Budget:
    """About what llama.cpp's margin leaves a device."""
    margin = Term("margin", MARGIN, "llama.cpp's default -fitt")
    return budget if budget.reserved >= MARGIN else replace(budget, reserve=(margin,))
