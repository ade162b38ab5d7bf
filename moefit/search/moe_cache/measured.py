"""Launches with an expert cache, measured: their compute buffers as they are, and the cache as large as those leave room for."""

from __future__ import annotations

from dataclasses import replace

from moefit import memory
from moefit.launch.settings import Settings
from moefit.placement.arrange import without_fixed
from moefit.placement.types import Placement
from moefit.search.budgets import budgets
from moefit.search.candidate import Candidate, score
from moefit.search.moe_cache import MOE_CACHE
from moefit.search.moe_cache.drafts import Draft, placement_with
from moefit.search.moe_cache.room import Kept, largest_cache, movable, room_for_experts, size_of_all
from moefit.search.moe_cache.split import better_split
from moefit.search.problem import Problem
from moefit.search.settled import Settled, placed_with


def balanced(problem: Problem, start: Candidate) -> Candidate:
    """The start with its layers split so that every device has room for its part of a cache, where the line leaves that open."""
    settled, settings = start.settled, start.settings
    if problem.demand.runs is not None or settings.tensor_split or len(settled.devices) < 2:
        return start
    model, demand = problem.request.model, problem.demand
    ledger = without_fixed(memory.ledger(model, settings, settled.devices), model, demand.fixed)
    bases = [size.base for size in ledger.slots]
    slots = better_split(settled.placement.slots, bases, room_for_experts(problem, start, settings))
    if slots is None:
        return start
    placement = placement_with(problem, start, Kept())
    moved = _afresh(problem, start, replace(placement, slots=slots), settings)
    return replace(start, settled=placed_with(problem.request, moved, settings))


def measured(problem: Problem, start: Candidate, draft: Draft) -> Candidate | None:
    """The draft with its own compute buffers, guests and page tables, its cache as large as they leave room for."""
    launch = draft.launch
    placed = _afresh(problem, start, draft.placement, launch)
    for _ in range(3):  # nothing else depends on the size: the second time it is the same
        settled = placed_with(problem.request, placed, launch)
        cache = settled.footprint.moe_cache
        if cache is None or cache.too_small:
            break
        rooms = [
            budget.left(use.total) + held
            for budget, use, held in zip(
                settled.budgets, settled.footprint.devices, cache.devices, strict=True
            )
        ]
        taking = frozenset(group.device for group in cache.groups)
        size = max(0, min(largest_cache(start, rooms, taking), size_of_all(cache)))
        if size == launch.moe_cache:
            return score(problem, MOE_CACHE, launch, settled)
        launch = replace(launch, moe_cache=size)
    return None


def resized(problem: Problem, made: Candidate) -> Candidate | None:
    """A launch with an expert cache whose other settings have changed: its layers split and its cache sized for the buffers that it has now.

    Layers that are full on a device keep their places. None where the user's line has the cache.
    """
    if problem.request.launch.constraints.moe_cache:
        return None
    without = replace(made.settings, moe_cache=0)
    placed = _afresh(problem, made, made.settled.placement, without)
    start = replace(made, settings=without, settled=placed_with(problem.request, placed, without))
    if not any(size for sizes in movable(problem, start) for size in sizes.values()):
        start = balanced(problem, start)
    return measured(problem, start, Draft(made.settings, start.settled.placement, made.prediction.seconds))


def _afresh(problem: Problem, start: Candidate, placement: Placement, launch: Settings) -> Settled:
    """A placement on the start's devices, with what a launch may use of them before its guests; its memory not yet measured."""
    every = zip(problem.devices, budgets(problem.request, problem.devices, launch), strict=True)
    given = {device.name: budget for device, budget in every}
    mine = tuple(given[device.name] for device in start.settled.devices)
    return replace(start.settled, placement=placement, budgets=mine, unplaced=0)
