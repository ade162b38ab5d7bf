"""The launch without a cache that one is looked for from: every layer on a device, and experts on the CPU that may move."""

from __future__ import annotations

from collections.abc import Sequence

from moefit.launch.lookup import Values
from moefit.machine.types import CPU
from moefit.memory.moe_cache import overflows
from moefit.model import Model
from moefit.search.candidate import Candidate, best, score
from moefit.search.choices import UBATCHES, Choices
from moefit.search.moe_cache import OPTION
from moefit.search.moe_cache.refused import kv_types
from moefit.search.openings import usual_task
from moefit.search.problem import Problem
from moefit.search.request import Request
from moefit.search.settle import settle


def start_with(problem: Problem, choices: Choices, found: Sequence[Candidate]) -> Candidate | None:
    """A placement with every layer on a device and experts on the CPU that may move: the fastest that was found, or base-first."""
    request = problem.request
    wanted = request.launch.constraints
    knows = OPTION in request.launch.command.table and wanted.program != "llama-bench"
    if wanted.moe_cache is not None or not knows or not request.model.experts or _splits_unknown(request):
        return None
    if overflows(request.model, kv_types(wanted), request.launch.command.table.build):
        return None
    fitting = [c for c in found if c.fits]
    fastest = best(fitting) if fitting else None
    if fastest is None or not keeps_experts(request.model, fastest):
        return None
    start = (
        fastest
        if CPU not in fastest.settled.placement.slots
        else _base_first(problem, choices, fastest.settings.ubatch)
    )
    usable = start.fits and CPU not in start.settled.placement.slots and start.settled.devices
    return start if usable and not any(device.integrated for device in start.settled.devices) else None


def _splits_unknown(request: Request) -> bool:
    """Whether the line splits as another build does: nobody knows that a cache starts beside it."""
    return Values(request.launch.given).text("-sm") not in {None, request.launch.constraints.split_mode}


def _base_first(problem: Problem, choices: Choices, ubatch: int) -> Candidate:
    """Every layer's base first, on all devices as they stand; with `ubatch` where llama.cpp's default is none of the choices, or none of them fits."""
    usual = UBATCHES[0] in choices.ubatches and ubatch in choices.ubatches
    task = usual_task(problem, choices.load_modes[-1], None if usual else ubatch)
    return score(problem, "base-first", task.settings, settle(task))


def keeps_experts(model: Model, candidate: Candidate) -> bool:
    """Whether experts of it are on the CPU."""
    placement = candidate.settled.placement
    return any(
        placement.overrides.get(t.name, placement.slots[layer.index]) == CPU
        for layer in model.layers
        for t in layer.experts
    )
