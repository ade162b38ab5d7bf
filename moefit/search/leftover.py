"""What is one step from the chosen launch, where that is faster: experts on a device that has room for them, layers from the CPU, a cut moved.

A strategy places by one rule, so that room can stay for what it takes no notice of: matrices where not every base has room, whole layers behind the output
alone, and beside an expert cache, which the device with the least room for each layer limits, all that the others have left. And it fills
devices whose memory is slower than RAM, too. Each step is predicted; what seems faster is measured, the fastest first, and from there it goes on.
"""

from __future__ import annotations

import itertools
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from math import inf
from typing import Final

from moefit import memory
from moefit.machine.types import CPU, Device, Ram
from moefit.memory.moe_cache import served
from moefit.placement.arrange import Demand, without_fixed
from moefit.placement.types import LayerSize, Placement
from moefit.search.candidate import Candidate, score
from moefit.search.moe_cache import MOE_CACHE
from moefit.search.moe_cache.drafts import Draft
from moefit.search.moe_cache.measured import measured
from moefit.search.orders import is_order_open, swap_factor
from moefit.search.problem import Problem
from moefit.search.settled import Settled, placed_with

_GAIN: Final = 0.998
"""Of the seconds so far: a step that gains less is not taken."""
_ROUNDS: Final = 8
"""Steps that are taken at the most, each with as much as has room."""
_MEASURED: Final = 6
"""Of the steps that seem faster, those that are measured at the most: each takes as long as its graph."""
_FITTING: Final = 3
"""The same of those that fit: with their own buffers, or another cache, some that seem fastest do not."""


def filled(problem: Problem, chosen: Candidate) -> Candidate:
    """The launch with what its devices still have room for, as far as that is faster; the launch itself where nothing is."""
    if not chosen.fits or not chosen.settled.devices:
        return chosen
    for _ in range(_ROUNDS):
        better = _one_step(problem, chosen)
        if better is None:
            break
        chosen = better
    return chosen


def _one_step(problem: Problem, made: Candidate) -> Candidate | None:
    """The first of the steps that seem fastest that is faster once it is measured; None where none is."""
    limit = _GAIN * made.weight
    steps = (*((made.settled, step) for step in _steps(problem, made)), *_with_devices_swapped(problem, made))
    seeming = sorted(((_weight(problem, made, *step), *step) for step in steps), key=lambda row: row[0])
    left = _FITTING
    for weight, settled, step in seeming[:_MEASURED]:
        if weight >= limit or not left:
            break
        fitting = [one for one in _measured(problem, made, settled, step) if one.fits]
        if better := [one for one in fitting if one.weight < limit]:
            return min(better, key=lambda one: one.weight)
        left -= bool(fitting)
    return None


def _weight(problem: Problem, made: Candidate, settled: Settled, step: Placement) -> float:
    """Seconds by which a step is chosen, with the expert cache as it was."""
    predicted = problem.predict(made.settings, settled.devices, step, settled.guests)
    return predicted.seconds * swap_factor(problem, settled.devices)


def _measured(problem: Problem, made: Candidate, settled: Settled, step: Placement) -> Iterator[Candidate]:
    """The step with an expert cache as it was, and with one as large as there then is room for."""
    moved, launch = replace(settled, placement=step), made.settings
    strategy = MOE_CACHE if launch.moe_cache else "base-first"
    yield score(problem, strategy, launch, placed_with(problem.request, moved, launch))
    if launch.moe_cache and not problem.request.launch.constraints.moe_cache:
        larger = measured(problem, replace(made, settled=moved), Draft(launch, step, made.prediction.seconds))
        if larger is not None:
            yield larger


def _with_devices_swapped(problem: Problem, made: Candidate) -> Iterator[tuple[Settled, Placement]]:
    """Beside an expert cache: with two neighbouring devices in each other's place, each with as many layers as before."""
    settled, slots = made.settled, made.settled.placement.slots
    if not made.settings.moe_cache or not is_order_open(problem.demand):
        return
    for first in range(len(settled.devices) - 1):
        order = [*range(len(settled.devices))]
        order[first : first + 2] = first + 1, first
        devices = tuple(settled.devices[i] for i in order)
        given = tuple(settled.budgets[i] for i in order)
        runs = [slots.count(i) for i in order]
        moved = (*((CPU,) * slots.count(CPU)), *(i for i, count in enumerate(runs) for _ in range(count)))
        yield replace(settled, devices=devices, budgets=given), replace(settled.placement, slots=moved)


def _steps(problem: Problem, made: Candidate) -> Iterator[Placement]:
    """What has room by its bytes, if buffers stay as they are."""
    model, demand, settled = problem.request.model, problem.demand, made.settled
    ledger = without_fixed(memory.ledger(model, made.settings, settled.devices), model, demand.fixed)
    rooms = [
        budget.left(use.total) for budget, use in zip(settled.budgets, settled.footprint.devices, strict=True)
    ]
    sizes, placement, cache = ledger.slots, settled.placement, settled.footprint.moe_cache
    for device, one in enumerate(settled.devices):
        if _is_slow(one, settled.devices[0], problem.request.machine.ram):
            yield from _with_less(sizes, placement, device, demand)
    if not _waiting(sizes, placement, (CPU, *range(len(rooms)))):
        return
    for device, room in enumerate(rooms):
        yield from _with_experts(sizes, placement, device, room, by_layer=False)
        yield from _with_one_of_the_last(sizes, placement, device, room)
        if cache is not None:
            yield from _with_experts(sizes, placement, device, room, by_layer=True)
            yield from _without_cache(sizes, placement, device, room + cache.devices[device])
    if demand.runs is None:
        if demand.tail is None:
            yield from _with_layers(sizes, placement, rooms)
        yield from _with_cuts_moved(sizes, placement, rooms)


def _is_slow(device: Device, first: Device, ram: Ram) -> bool:
    """Whether experts of its layers may be faster in RAM: that is faster than its memory, or the first device, to which they are copied for a prompt, than its arithmetic."""
    return (device.bandwidth or inf) < (ram.bandwidth or 0) or (device.compute or inf) < (first.compute or 0)


def _waiting(
    sizes: Sequence[LayerSize], placement: Placement, owners: Sequence[int]
) -> list[list[tuple[tuple[str, ...], int]]]:
    """Of each layer of some devices that has any, the expert matrices that are on the CPU: (names, bytes)."""
    found = [
        [(names, n) for names, n in size.matrices if placement.overrides.get(names[0], owner) == CPU]
        for size, owner in zip(sizes, placement.slots, strict=True)
        if owner in owners
    ]
    return [matrices for matrices in found if matrices]


def _with_less(
    sizes: Sequence[LayerSize], placement: Placement, device: int, demand: Demand
) -> Iterator[Placement]:
    """With all experts of a device's layers on the CPU; and with one, two, four ... of its layers there, if it has the first ones."""
    slots = placement.slots
    own = [size for size, owner in zip(sizes, slots, strict=True) if owner == device]
    there = [name for size in own for name, _ in size.experts if placement.overrides.get(name) != CPU]
    if there:
        yield replace(placement, overrides={**placement.overrides, **dict.fromkeys(there, CPU)})
    first, count = slots.count(CPU), 1
    while demand.runs is None and demand.tail is None and slots[first:][:1] == (device,) and count < len(own):
        moved = {name for size in own[:count] for name, _ in size.experts}
        fewer = (CPU,) * (first + count) + slots[first + count :]
        yield _without(replace(placement, slots=fewer), moved)
        count *= 2


def _with_experts(
    sizes: Sequence[LayerSize], placement: Placement, device: int, room: int, *, by_layer: bool
) -> Iterator[Placement]:
    """With waiting experts of a device's own layers there, from its first layer up: one, half and all of what has room.

    `by_layer`: all of a layer or nothing, for an expert cache serves none of which a matrix is on a device.
    """
    chosen: list[tuple[str, ...]] = []
    for matrices in _waiting(sizes, placement, (device,)):
        parts = [(tuple(n for names, _ in matrices for n in names), sum(n for _, n in matrices))]
        for names, n in parts if by_layer else matrices:
            if n <= room:
                room -= n
                chosen.append(names)
    for count in sorted({1, len(chosen) // 2, len(chosen)} - {0} if chosen else ()):
        yield _without(placement, {name for names in chosen[:count] for name in names})


def _with_one_of_the_last(
    sizes: Sequence[LayerSize], placement: Placement, device: int, room: int
) -> Iterator[Placement]:
    """With the first waiting matrix of the last of a device's layers there: beside one of another layer its buffers can be twice as large."""
    *others, last = _waiting(sizes, placement, (device,)) or [[]]
    if others and last[0][1] <= room:
        yield _without(placement, set(last[0][0]))


def _without_cache(
    sizes: Sequence[LayerSize], placement: Placement, device: int, room: int
) -> Iterator[Placement]:
    """With all experts of a device's own layers there, where its part of an expert cache was."""
    waiting = [row for matrices in _waiting(sizes, placement, (device,)) for row in matrices]
    if waiting and sum(n for _, n in waiting) <= room:
        yield _without(placement, {name for names, _ in waiting for name in names})


def _with_layers(
    sizes: Sequence[LayerSize], placement: Placement, rooms: Sequence[int]
) -> Iterator[Placement]:
    """With one, two, four ... of the layers that are on the CPU on the first device, whole or without their experts."""
    slots = placement.slots
    first = next((slot for slot, owner in enumerate(slots) if owner != CPU), len(slots))
    device = slots[first] if first < len(slots) else 0
    count = 1
    while count <= first:
        some = sizes[first - count : first]
        moved = (CPU,) * (first - count) + (device,) * count + slots[first:]
        if sum(size.total for size in some) <= rooms[device]:
            yield replace(placement, slots=moved)
        if sum(size.base for size in some) <= rooms[device]:
            bare = {name: CPU for size in some for name, _ in size.experts if served(name)}
            yield replace(placement, slots=moved, overrides={**placement.overrides, **bare})
        count *= 2


def _with_cuts_moved(
    sizes: Sequence[LayerSize], placement: Placement, rooms: Sequence[int]
) -> Iterator[Placement]:
    """With one, two and four layers of each device on its neighbour's instead, their experts where they are or there, too."""
    slots = placement.slots
    cuts = [i for i in range(1, len(slots)) if slots[i - 1] != slots[i] and slots[i - 1] != CPU]
    for cut, count, forward in itertools.product(cuts, (1, 2, 4), (False, True)):
        some = range(cut, cut + count) if forward else range(cut - count, cut)
        source, owner = slots[some[0]], slots[cut - 1 if forward else cut]
        if some[0] < 0 or slots[some[0] : some[-1] + 1] != (source,) * count or slots.count(source) == count:
            continue
        moved = replace(placement, slots=tuple(owner if i in some else n for i, n in enumerate(slots)))
        own = [row for i in some for row in sizes[i].experts]
        waiting = {name: n for name, n in own if placement.overrides.get(name) == CPU}
        whole = sum(sizes[i].total for i in some)
        if whole - sum(waiting.values()) <= rooms[owner]:
            yield moved
        if waiting and whole <= rooms[owner]:
            yield _without(moved, waiting)


def _without(placement: Placement, names: Container[str]) -> Placement:
    """With these tensors where their slots are."""
    return replace(placement, overrides={k: v for k, v in placement.overrides.items() if k not in names})
