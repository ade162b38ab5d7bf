"""plan(model, machine, launch, options) -> Plan: choose a context, search, take the best, and say what to add."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from math import inf

from moefit import cost
from moefit.cost.work import work_of
from moefit.errors import UsageError
from moefit.launch.complete import complete
from moefit.launch.constraints import Constraints
from moefit.launch.defaults import BATCH, settings
from moefit.launch.patterns import CPU_BUFFER
from moefit.launch.settings import Settings
from moefit.machine.types import CPU, Device, Machine
from moefit.memory.memo import per_object
from moefit.memory.split_modes import SPLIT_MODES
from moefit.model import Model
from moefit.placement.arrange import Demand, strategies
from moefit.placement.budget import Budget
from moefit.placement.types import Placement
from moefit.planning.additions import additions
from moefit.planning.advice import advice
from moefit.planning.as_given import as_given
from moefit.planning.budgets import budgets
from moefit.planning.carried import carried
from moefit.planning.context import SMALLEST, largest_context, wanted_context
from moefit.planning.demand import chosen_devices, demand
from moefit.planning.describe import describe
from moefit.planning.remarks import remarks
from moefit.planning.remedy import remedy
from moefit.planning.types import Launch, Options, Plan
from moefit.search.baselines import baselines
from moefit.search.choices import SMALL_UBATCHES, device_orders, load_modes, open_choices, threads_to_set
from moefit.search.search import Candidate, Choices, Problem, best, candidates, search
from moefit.search.settle import settle
from moefit.search.threshold import priced_without_copies, with_threshold

_work = per_object(8)(work_of)
_FAST_FIRST = (BATCH, 512, None)
"""Micro-batches: as large as llama.cpp's default batch, its default, any."""


def plan(model: Model, machine: Machine, launch: Launch, options: Options) -> Plan:
    """The fastest launch that fits, or the one that lacks least.

    Raises:
        UsageError: the user's options contradict each other, the model or the machine.
    """

    def fits(changed: Constraints) -> bool:
        try:
            return _feasible(model, machine, replace(launch, constraints=changed), options)
        except UsageError:
            return False

    chosen, found, default = _choose(model, machine, launch, options)
    tokens = None if chosen.fits else _context_that_fits(launch.constraints, chosen.settings.context, fits)
    if tokens is not None:
        chosen, found, default = _choose(model, machine, launch, options, tokens)
    wanted = additions(model, machine, launch.constraints, chosen, default) if chosen.fits else ()
    completion = complete(launch.command, (*launch.needed, *wanted), launch.given)
    made = carried(
        describe(model, machine, launch.constraints, launch.extras, chosen, found, completion), launch
    )
    if made.fits:
        tips = advice(model, machine, launch, options, _work(model), chosen)
        told = remarks(model, machine, launch, options, chosen, scarce=tokens is not None)
        return replace(made, warnings=(*made.warnings, *told, *tips))

    return replace(made, remedy=remedy(made, launch.constraints, fits))


def _context_that_fits(
    constraints: Constraints, failed: int, fits: Callable[[Constraints], bool]
) -> int | None:
    """Tokens of the largest context with which something fits, where the user left it open and `failed` tokens do not.

    With a micro-batch that makes prompts fast, if it can be one: the smallest may be many times slower.
    """
    if constraints.context is not None or constraints.kv_unified_per_slot:
        return None
    smallest = constraints.fit_context or SMALLEST
    for ubatch in _FAST_FIRST if constraints.ubatch is None else (constraints.ubatch,):
        sized = replace(constraints, ubatch=ubatch)
        tokens = largest_context(failed, lambda n, sized=sized: fits(replace(sized, context=n)), smallest)  # type: ignore[misc]
        if tokens < failed:
            return tokens
    return None


def _choose(
    model: Model, machine: Machine, launch: Launch, options: Options, context: int | None = None
) -> tuple[Candidate, tuple[Candidate, ...], Settings]:
    """The chosen candidate, all of them, and what llama.cpp would make of the user's line alone.

    Without `context` (tokens) it is the user's, or as many as leave every layer's base on a device.
    """
    if launch.constraints.split_mode in SPLIT_MODES:
        given = as_given(model, machine, launch, options, wanted_context(launch.constraints, model))
        return given, (), given.settings
    problem, choices = _frame(model, machine, launch, options, context)
    open_ubatch = launch.constraints.ubatch is None
    found = _search(problem, choices, options, open_ubatch=open_ubatch)
    fastest = min((c.prediction.seconds for c in found if c.fits), default=inf)
    limit = inf if options.thorough else fastest
    rivals = tuple(baselines(problem, choices.ubatches[0], choices.load_modes[0], limit))
    every = (*found, *rivals)
    chosen = best(found if options.strategy != "auto" else every)
    if chosen.fits and launch.constraints.op_offload_min_batch is None:
        ways = [chosen]
        if problem.devices and set(chosen.settled.placement.slots) == {CPU}:
            patient = priced_without_copies(problem)
            ways.append(best(_search(patient, choices, options, open_ubatch=open_ubatch)))
        better = [with_threshold(problem, _work(model), machine, way) for way in ways if way.fits]
        chosen = min((*filter(None, better), chosen), key=lambda way: way.prediction.seconds)
        every = (*every, *filter(None, better))
    context = chosen.settings.context
    return chosen, every, settings(launch.constraints, context=context, devices=problem.devices)


def _frame(
    model: Model, machine: Machine, launch: Launch, options: Options, context: int | None = None
) -> tuple[Problem, Choices]:
    """What stays the same between candidates, and what is open."""
    devices = _with_room(model, launch, options, chosen_devices(launch.constraints, machine.gpus))
    fixed = demand(launch.constraints, model, devices)
    if context is None:
        context = _context(model, machine, launch, options, devices, fixed)
        if context < wanted_context(launch.constraints, model):
            # it gave way to keep every layer's base on a device: so it must be
            fixed = replace(fixed, tail=model.slots)
    problem = _problem(model, machine, launch, options, devices, fixed, context)
    orders = device_orders(tuple(float(d.bandwidth or 0) for d in devices), fixed)
    dense = not model.experts
    choices = open_choices(
        launch.constraints,
        machine,
        orders,
        options.strategy,
        context,
        prompt=options.workload.prompt,
        dense=dense,
    )
    return problem, choices


def _feasible(model: Model, machine: Machine, launch: Launch, options: Options) -> bool:
    """Whether anything fits: the smallest micro-batch decides, it has the smallest compute buffers."""
    if launch.constraints.split_mode in SPLIT_MODES:
        return _choose(model, machine, launch, options)[0].fits
    problem, choices = _frame(model, machine, launch, options)
    smallest = choices.ubatches[:1] if launch.constraints.ubatch is not None else SMALL_UBATCHES[-1:]
    few = replace(choices, ubatches=smallest, load_modes=choices.load_modes[:1])
    return any(candidate.fits for candidate in candidates(problem, few))


def _with_room(
    model: Model, launch: Launch, options: Options, devices: tuple[Device, ...]
) -> tuple[Device, ...]:
    """Leave out devices that cannot hold even their own runtime, unless the user's line counts on them."""
    constraints = launch.constraints
    named = any(rule.buffer != CPU_BUFFER for rule in constraints.overrides)
    if constraints.devices is not None or constraints.tensor_split is not None or named:
        return devices
    if constraints.gpu_layers not in {None, "auto", 0}:
        return devices
    smallest = settings(constraints, context=SMALLEST, ubatch=SMALL_UBATCHES[-1], devices=devices)
    money = budgets(model, devices, smallest, constraints, launch.extras, options)
    return tuple(device for device, budget in zip(devices, money, strict=True) if budget.usable)


def _problem(
    model: Model,
    machine: Machine,
    launch: Launch,
    options: Options,
    devices: tuple[Device, ...],
    fixed: Demand,
    context: int,
) -> Problem:
    work = _work(model)
    threads = threads_to_set(machine)

    def settings_for(ubatch: int, mode: str) -> Settings:
        return settings(
            launch.constraints,
            context=context,
            ubatch=ubatch,
            load_mode=mode,
            devices=devices,
            threads=threads,
            batch=max(BATCH, launch.constraints.ubatch or 0),
        )

    def predict(chosen: Settings, used: tuple[Device, ...], placement: Placement) -> cost.Prediction:
        return cost.predict(
            work, machine, used, chosen, placement, options.workload, draft_bytes=launch.draft_bytes
        )

    def money(chosen: Settings) -> tuple[Budget, ...]:
        return budgets(model, devices, chosen, launch.constraints, launch.extras, options)

    return Problem(
        model,
        devices,
        money,
        machine.ram,
        fixed,
        settings_for,
        predict,
        cache_is_open=launch.constraints.cache_ram is None,
        checkpoints_are_open=launch.constraints.context_checkpoints is None,
        may_page=launch.constraints.load_mode in {"mmap", "mmap+mlock"},
        pin_limit=machine.ram.unlocked_limit if launch.constraints.load_mode is None else None,
        guests=sum(extra.total for extra in launch.extras if extra.device == "CPU"),
    )


def _context(
    model: Model,
    machine: Machine,
    launch: Launch,
    options: Options,
    devices: tuple[Device, ...],
    fixed: Demand,
) -> int:
    """Tokens of context: the user's, or the largest up to the default that leaves every layer's base on a device."""
    wanted = wanted_context(launch.constraints, model)
    if launch.constraints.context is not None or not devices:
        return wanted

    def fits(context: int, mode: str) -> bool:
        problem = _problem(model, machine, launch, options, devices, fixed, context)
        base_first = strategies(fixed)["base-first"]
        ubatch = launch.constraints.ubatch or 512
        sized = problem.launch(ubatch, mode)
        settled = settle(model, devices, problem.budgets(sized), sized, base_first, fixed)
        return settled.shortfall == 0 and CPU not in settled.placement.slots

    smallest = launch.constraints.fit_context or SMALLEST
    for mode in reversed(load_modes(launch.constraints, machine)):  # pinned memory takes a little of the card
        known = cache(partial(fits, mode=mode))
        tokens = largest_context(wanted, known, smallest)
        if tokens < wanted or known(wanted):
            return tokens
    return wanted


def _search(
    problem: Problem, choices: Choices, options: Options, *, open_ubatch: bool
) -> tuple[Candidate, ...]:
    """Every candidate; where none fits, also those that take less: a smaller micro-batch than llama.cpp's default, no pinned memory."""
    found = search(problem, choices, thorough=options.thorough)
    small = replace(choices, ubatches=SMALL_UBATCHES) if open_ubatch else choices
    for less in (small, replace(small, load_modes=small.load_modes[:1])):
        if less != choices and not any(c.fits for c in found):
            found += search(problem, less, thorough=options.thorough)
    return found
