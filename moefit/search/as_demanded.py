"""Where the user wants layers and there is no room: the launch as their line asks for it, so that what is missing is seen where it is missing."""

from __future__ import annotations

from dataclasses import replace

from moefit.machine.types import CPU
from moefit.memory import ledger
from moefit.placement.types import Placement
from moefit.search.candidate import Candidate, score
from moefit.search.problem import Problem
from moefit.search.settled import placed_with


def as_demanded(problem: Problem, chosen: Candidate) -> Candidate:
    """The candidate with every slot that `-ngl` or `-ts` want on a device there, room or not; itself where each has found room."""
    settled = chosen.settled
    if not settled.unplaced or not settled.devices:
        return chosen
    placement = _with_every_slot(problem, chosen)
    there = placed_with(problem.request, replace(settled, placement=placement, unplaced=0), chosen.settings)
    return score(problem, chosen.strategy, chosen.settings, there)


def _with_every_slot(problem: Problem, chosen: Candidate) -> Placement:
    """Each slot of the tail on the device of the slot after it, or where none has one on that with the most room; the experts of such layers, or by `ffn` the FFNs, on the CPU where nothing fixes them."""
    demand, placement = problem.demand, chosen.settled.placement
    slots = list(placement.slots)
    first = len(slots) - (demand.tail or 0)
    sizes = ledger(problem.request.model, chosen.settings, chosen.settled.devices).slots
    overrides = {}
    rooms = [budget.usable for budget in chosen.settled.budgets]
    last = max(slots) if max(slots) != CPU else rooms.index(max(rooms))
    for i in reversed(range(len(slots))):
        wanted = demand.runs[i] if demand.runs is not None else CPU if i < first else _after(slots, i, last)
        if slots[i] == CPU and wanted != CPU:
            slots[i] = wanted
            moved = sizes[i].ffn if chosen.strategy == "ffn" else sizes[i].experts
            overrides.update({name: CPU for name, _ in moved if name not in demand.fixed})
    return Placement(tuple(slots), {**overrides, **placement.overrides})


def _after(slots: list[int], i: int, last: int) -> int:
    return slots[i + 1] if i + 1 < len(slots) and slots[i + 1] != CPU else last
