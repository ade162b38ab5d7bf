"""From a request to the problem that is searched: its devices, what the user fixed of the placement, and the context."""

from __future__ import annotations

from dataclasses import replace

from moefit.launch.defaults import settings
from moefit.launch.patterns import CPU_BUFFER
from moefit.launch.settings import SMALLEST_CONTEXT
from moefit.machine.types import CPU, Device
from moefit.planning.context_size import wanted_context
from moefit.planning.placed_context import placed_context
from moefit.search.budgets import budgets
from moefit.search.candidate import Candidate
from moefit.search.choices import SMALL_UBATCHES
from moefit.search.demand import chosen_devices, demand
from moefit.search.moe_cache.refused import refuse_moe_cache
from moefit.search.orders import in_order, is_order_open
from moefit.search.problem import Problem
from moefit.search.request import Request


def frame(request: Request, context: int | None = None, strategy: str | None = None) -> Problem:
    """The problem, for so many tokens of context; without them for the user's, or as many as leave every layer's base on a device.

    None is given up for that where the line leaves layers on the CPU: `-ngl 20`.

    Args:
        request: what is asked.
        context: tokens, where they are known.
        strategy: how bases are placed; without it as the one that is asked for places them.

    Raises:
        UsageError: the line names a device or a buffer that the machine has not.
    """
    constraints, model = request.launch.constraints, request.model
    devices = _with_room(request, chosen_devices(constraints, request.machine.gpus))
    refuse_moe_cache(model, constraints, len(devices), request.launch.command.table.build)
    wanted = wanted_context(constraints, model)
    asked = demand(constraints, model, devices)
    if is_order_open(asked) and len(constraints.fit_target or ()) < 2:
        devices = in_order(devices)
    problem = Problem(request, devices, asked, context or wanted)
    if context is None and constraints.context is None and devices and asked.tail in {None, model.slots}:
        problem = replace(problem, context=placed_context(problem, strategy or request.options.strategy))
        if problem.context < wanted:
            # it gave way to keep every layer's base on a device: so it must be
            problem = replace(problem, demand=replace(problem.demand, tail=model.slots))
    return problem


def gave_way(problem: Problem) -> bool:
    """Whether the context is smaller than wanted to keep every layer on a device."""
    constraints, model = problem.request.launch.constraints, problem.request.model
    return problem.demand.tail == model.slots and constraints.gpu_layers in {None, "auto"}


def gave_way_in_vain(problem: Problem, chosen: Candidate) -> bool:
    """The same, although the fastest launch leaves some on the CPU."""
    return gave_way(problem) and chosen.fits and CPU in chosen.settled.placement.slots


def _with_room(request: Request, devices: tuple[Device, ...]) -> tuple[Device, ...]:
    """Leave out devices that cannot hold even their own runtime, unless the user's line counts on them."""
    constraints = request.launch.constraints
    named = any(rule.buffer != CPU_BUFFER for rule in constraints.overrides)
    if constraints.devices is not None or constraints.tensor_split is not None or named:
        return devices
    if constraints.gpu_layers not in {None, "auto", 0}:
        return devices
    smallest = settings(constraints, context=SMALLEST_CONTEXT, ubatch=SMALL_UBATCHES[-1], devices=devices)
    given = budgets(request, devices, smallest)
    return tuple(device for device, budget in zip(devices, given, strict=True) if budget.usable)
