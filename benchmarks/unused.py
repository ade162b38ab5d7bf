"""Why a plan leaves memory of its devices unused while experts wait on the CPU: whether anything that uses more of it is faster.

Every step from the plan that uses more is placed and priced as the planner would: an expert matrix, the experts of some layers, layers from the
CPU with their experts or without, and cuts between devices moved, by any number of layers that has room.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias

from moefit import memory
from moefit.machine.types import CPU
from moefit.placement.types import LayerSize, Placement
from moefit.planning.frame import frame
from moefit.planning.types import Plan
from moefit.search.budgets import budgets
from moefit.search.candidate import score
from moefit.search.request import Request
from moefit.search.settled import Settled, placed_with

GRANULE, NO_GAIN, LARGER, FASTER = "no matrix fits", "no faster if used", "larger buffers", "faster if used"
GAIN = 0.005
"""Of the plan's seconds, what a step gains at the least that the planner should have taken."""
GIB = 1 << 30

Step: TypeAlias = tuple[str, Placement]


def why_unused(request: Request, made: Plan) -> str:
    """One of the reasons, a colon, and its figures."""
    smallest = min(
        (t.bytes for one in made.model.layers for t in one.experts if not t.name.endswith(".bias")), default=0
    )
    left = max(device.left for device in made.devices)
    if left < smallest:
        return f"{GRANULE}: the smallest has {smallest / GIB:.2f} of {left / GIB:.2f} GiB"
    priced = _priced(request, made)
    fitting = sorted((seconds, name) for seconds, fits, name in priced if fits)
    if not fitting:
        return f"{LARGER}: none of {len(priced)} steps fits, {left / GIB:.2f} GiB are left"
    seconds, name = fitting[0]
    change = seconds / made.prediction.seconds - 1.0
    kind = FASTER if change < -GAIN else NO_GAIN
    return f"{kind}: the best of {len(fitting)} steps takes {change:+.1%} ({name}), {left / GIB:.2f} GiB are left"


def _priced(request: Request, made: Plan) -> list[tuple[float, bool, str]]:
    """Seconds of each step, and whether it fits."""
    devices, settings = tuple(one.device for one in made.devices), made.settings
    problem = frame(request, settings.context)
    given = budgets(request, devices, settings)
    footprint = memory.footprint(made.model, devices, settings, made.placement)
    now = Settled(devices, given, made.placement, footprint, 0)
    sizes = memory.ledger(made.model, settings, devices).slots
    found = []
    for name, step in steps(sizes, made.placement, len(devices)):
        settled = placed_with(request, replace(now, placement=step), settings)
        tried = score(problem, made.strategy or "", settings, settled)
        found.append((tried.prediction.seconds, tried.fits, name))
    return found


def steps(sizes: tuple[LayerSize, ...], placement: Placement, devices: int) -> Iterator[Step]:
    """Everything that uses more of some device, by its name."""
    for device in range(devices):
        yield from _experts(sizes, placement, device)
    yield from _layers(sizes, placement)
    yield from _cuts(sizes, placement)


def _experts(sizes: tuple[LayerSize, ...], placement: Placement, device: int) -> Iterator[Step]:
    waiting = {
        slot: [names for names, _ in size.matrices if placement.overrides.get(names[0]) == CPU]
        for slot, size in enumerate(sizes)
        if placement.slots[slot] == device
    }
    layers = tuple(slot for slot, matrices in waiting.items() if matrices)
    for slot in {*layers[:1], *layers[-1:]}:
        for names in waiting[slot]:
            yield f"{names[0]} on {device}", _there(placement, set(names))
    for some in dict.fromkeys(part for n in _counts(len(layers)) for part in (layers[:n], layers[-n:])):
        names = {name for slot in some for matrix in waiting[slot] for name in matrix}
        yield f"experts of {len(some)} layers on {device}", _there(placement, names)


def _layers(sizes: tuple[LayerSize, ...], placement: Placement) -> Iterator[Step]:
    slots, first = placement.slots, placement.slots.count(CPU)
    device = slots[first] if first < len(slots) else 0
    for count in _counts(first):
        moved = (CPU,) * (first - count) + (device,) * count + slots[first:]
        yield f"{count} layers whole", replace(placement, slots=moved)
        names = [name for size in sizes[first - count : first] for name, _ in size.experts]
        bare = {**placement.overrides, **dict.fromkeys(names, CPU)}
        yield f"{count} layers without experts", Placement(moved, bare)


def _cuts(sizes: tuple[LayerSize, ...], placement: Placement) -> Iterator[Step]:
    slots = placement.slots
    cuts = [i for i in range(1, len(slots)) if CPU != slots[i - 1] != slots[i]]
    for cut in cuts:
        for by in (by for n in (1, 2, 4, 8, 16) for by in (n, -n)):
            some = range(min(cut, cut + by), max(cut, cut + by))
            source, owner = (slots[cut], slots[cut - 1]) if by > 0 else (slots[cut - 1], slots[cut])
            if some[0] < 0 or slots[some[0] : some[-1] + 1] != (source,) * len(some):
                continue
            if slots.count(source) == len(some):
                continue
            moved = replace(placement, slots=tuple(owner if i in some else n for i, n in enumerate(slots)))
            yield f"the cut at {cut} moved by {by}", moved
            names = {name for i in some for name, _ in sizes[i].experts}
            yield f"the cut at {cut} moved by {by}, with experts", _there(moved, names)


def _counts(most: int) -> list[int]:
    """One, two, half and all of so many."""
    return sorted({1, 2, most // 4, most // 2, most} & set(range(1, most + 1)))


def _there(placement: Placement, names: set[str]) -> Placement:
    return replace(placement, overrides={k: v for k, v in placement.overrides.items() if k not in names})
