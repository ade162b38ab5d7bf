"""What people do without moefit, as candidates: llama.cpp's own fit, and all experts on the CPU."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from moefit.machine.types import CPU
from moefit.placement.budget import Budget, Term
from moefit.search.candidate import Candidate, score
from moefit.search.openings import usual_task
from moefit.search.problem import Problem
from moefit.search.settle import optimist, settle

FIT_MARGIN: Final = 1024 << 20
"""source: common/common.h, common_params::fit_params_target."""
LLAMA_FIT: Final = "llama-fit"
CPU_MOE: Final = "cpu-moe"


def baselines(problem: Problem, load_mode: str, limit: float) -> Iterator[Candidate]:
    """The rivals' launches, with llama.cpp's default micro-batch and load mode (or the user's).

    `--fit` fills dense parts from the back, then whole layers' experts, and keeps 1024 MiB free of what llama.cpp counts
    (common/fit.cpp, common_params_fit_impl); by use per byte that is base-first with another margin.
    `--cpu-moe` keeps every routed expert on the CPU.

    Args:
        problem: what stays the same between candidates.
        load_mode: as `-lm` takes it.
        limit: seconds; a launch that could not be faster than that is left out.
    """
    usual = usual_task(problem, load_mode)
    rivals = [(LLAMA_FIT, replace(usual, budgets=tuple(map(_with_fit_margin, usual.budgets))))]
    if experts := {t.name: CPU for layer in problem.request.model.layers for t in layer.experts}:
        moved = replace(problem.demand, fixed={**experts, **problem.demand.fixed})
        rivals.append((CPU_MOE, replace(usual, demand=moved)))
    for name, task in rivals:
        if problem.predict(task.settings, *optimist(task)).seconds <= limit:
            yield score(problem, name, task.settings, settle(task))


def _with_fit_margin(budget: Budget) -> Budget:
    """llama.cpp's margin; where the plan keeps more (the user's margin), that, so that both obey the user."""
    margin = Term("margin", FIT_MARGIN, "llama.cpp's default -fitt")
    return budget if budget.reserved >= FIT_MARGIN else replace(budget, reserve=(margin,))
