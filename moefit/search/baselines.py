"""What people do without moefit, as candidates: llama.cpp's own fit, and all experts on the CPU."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from moefit import memory
from moefit.machine.types import CPU
from moefit.placement.budget import Budget, Term
from moefit.search.budgets import budgets
from moefit.search.candidate import Candidate, score
from moefit.search.demand import chosen_devices
from moefit.search.llama_fit import MARGIN
from moefit.search.openings import bound, usual_task
from moefit.search.problem import Problem
from moefit.search.server_fit import fit_placement, server_fit
from moefit.search.settle import Settled, Task, settle, settled_on

LLAMA_FIT: Final = "llama-fit"
CPU_MOE: Final = "cpu-moe"


def baselines(problem: Problem, load_mode: str, limit: float) -> Iterator[Candidate]:
    """The rivals' launches, with llama.cpp's default micro-batch and load mode (or the user's).

    `--fit` is what the server makes of the line by itself, at the plan's context; there is none where it gives up.
    `--cpu-moe` keeps every routed expert on the CPU.

    Args:
        problem: what stays the same between candidates.
        load_mode: as `-lm` takes it.
        limit: seconds; a launch that could not be faster than that is left out.
    """
    usual = usual_task(problem, load_mode)
    if bound(problem, replace(usual, budgets=tuple(map(_with_fit_margin, usual.budgets)))) <= limit:
        fitted = _fitted(problem, usual)
        if fitted is not None:
            yield score(problem, LLAMA_FIT, usual.settings, fitted)
    if experts := {t.name: CPU for layer in problem.request.model.layers for t in layer.experts}:
        task = replace(usual, demand=replace(problem.demand, fixed={**experts, **problem.demand.fixed}))
        if bound(problem, task) <= limit:
            yield score(problem, CPU_MOE, task.settings, settle(task))


def _fitted(problem: Problem, usual: Task) -> Settled | None:
    """Where llama.cpp's own fit puts the line with the plan's context; None where it gives up."""
    request, launch = problem.request, usual.settings
    line = replace(request.launch.constraints, context=problem.context)
    devices = chosen_devices(line, request.machine.gpus)
    fitted = server_fit(request.model, request.machine, line, request.files)
    if fitted.gave_up is not None:
        return None
    placement = fit_placement(request.model, line, devices, fitted.assignment)
    task = replace(usual, devices=devices, budgets=budgets(request, devices, launch))
    footprint = memory.footprint(request.model, devices, launch, placement)
    return settled_on(task, range(len(devices)), placement, footprint, 0)


def _with_fit_margin(budget: Budget) -> Budget:
    """About what llama.cpp's margin leaves a device."""
    margin = Term("margin", MARGIN, "llama.cpp's default -fitt")
    return budget if budget.reserved >= MARGIN else replace(budget, reserve=(margin,))
