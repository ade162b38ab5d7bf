"""Room and compute buffers depend on each other: settle both.

What a strategy may place depends on the compute buffers, and on a user's expert cache; how large those are depends on what it placed
(which experts stay on the CPU, whether copies for pipeline parallelism are made). So place, ask, and place again until the answer
is the assumption, keeping the fullest placement that fits. Where one more tensor needs larger buffers the answers go back and
forth; then the assumption is halved between one that was too little and one that was enough.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace

from moefit import memory
from moefit.launch.settings import Settings
from moefit.machine.types import CPU, Device
from moefit.memory.graph.layers import is_even
from moefit.memory.host import pinned_by_devices
from moefit.memory.memo import per_object
from moefit.model import Model
from moefit.model.architectures import architecture
from moefit.placement.budget import Budget
from moefit.placement.types import Ledger, Placement
from moefit.search.budgets import charged, devices_of_guests
from moefit.search.guest_memory import seated
from moefit.search.settled import Settled, of_used_devices, settled_on, unplaced
from moefit.search.task import Task
from moefit.search.unpipelined import unpipelined

_ROUNDS = 20
_CLOSE = 1 / 256
"""Of an assumption, the distance to another one that is not worth a third between them."""
_MANY = 6
"""Devices of which those between the first and the last are taken to be alike, where the layers are."""
_SLACK = 0.02
"""Of the memory of several devices, what a placement may leave without another one being tried."""


def none_will_do(_settled: Settled) -> bool:
    """No placement that fits will do but the fullest."""
    return False


def settle(task: Task, will_do: Callable[[Settled], bool] = none_will_do, *, closest: bool = True) -> Settled:
    """The fullest placement of a task that fits, or the closest one that does not.

    With several devices it matters where the assumption starts: one that leaves room is not the only one to be tried. The first one that
    fits and `will_do` is taken: it may leave room for a tensor or two. Without `closest` what does not fit may lack more than it must: no
    second start was seen to fit where the first did not.
    """
    measured: _Measured = {}
    found = _settle_from(_start(task), task, will_do, measured)
    if found.shortfall == 0 and will_do(found):
        return found
    if len(task.devices) < 2 or (found.shortfall == 0 and _is_full(found, task.budgets)):
        return found
    if found.shortfall and not closest:
        return found
    other = _settle_from(_start(task, bare=True), task, will_do, measured)
    return min(found, other, key=lambda one: (one.shortfall, -one.placed))


def _is_full(settled: Settled, budgets: Sequence[Budget]) -> bool:
    """Whether little is left of all devices, those included that are not used."""
    usable = sum(budget.usable for budget in budgets)
    used = sum(use.total for use in settled.footprint.devices) + sum(b.guests for b in settled.budgets)
    return usable - used < _SLACK * usable


def _start(task: Task, *, bare: bool = False) -> tuple[int, ...]:
    """What compute buffers and guests may take of each device."""
    compute = first_guess(task.model, task.devices, task.settings, bare=bare)
    spread = Placement(_spread(task.model, len(task.devices)))
    found = seated(task.request, task.devices, task.settings, spread)
    return tuple(
        size + budget.guests
        for size, budget in zip(compute, charged(task.budgets, task.devices, found, 0), strict=True)
    )


def _spread(model: Model, count: int) -> tuple[int, ...]:
    """The device of each slot, with as many slots on each of `count` devices."""
    return tuple(i * count // model.slots if count else CPU for i in range(model.slots))


_Measured = dict[Hashable, tuple[Settled, list[int]]]


def _settle_from(
    assumed: tuple[int, ...], task: Task, will_do: Callable[[Settled], bool], measured: _Measured
) -> Settled:
    """The fullest placement on the way from an assumption of compute buffers and guests, bytes per device.

    `measured`: what is known of the task's placements; halving an assumption often leads to one again.
    """
    ledger = task.ledger
    best: Settled | None = None
    closest: Settled | None = None
    too_little: tuple[int, ...] | None = None
    enough: tuple[int, ...] | None = None
    seen: set[tuple[int, ...]] = set()
    last: Placement | None = None
    for _ in range(_ROUNDS):
        seen.add(assumed)
        placement = task.arrange(ledger, assumed)
        if placement == last and best is None:  # nothing can be given up
            break
        last = placement
        settled, owners = _known(measured, task, placement, ledger)
        if closest is None or settled.shortfall < closest.shortfall:
            closest = settled
        fits = settled.shortfall == 0
        if fits and (best is None or settled.placed > best.placed):
            best = settled
        if fits and will_do(settled):
            return settled
        if fits and not _could_take_more(settled, ledger):
            break
        too_little, enough = (too_little, assumed) if fits else (assumed, enough)
        assumed = _next_guess(task, assumed, settled, owners, fits=not any(settled.shortfalls))
        if assumed in seen and too_little is not None and enough is not None:
            if all(abs(a - b) <= _CLOSE * b for a, b in zip(too_little, enough, strict=True)):
                break
            assumed = tuple((a + b) // 2 for a, b in zip(too_little, enough, strict=True))
        if assumed in seen:
            break
    result = best or closest
    assert result is not None
    return result


def _known(
    measured: _Measured, task: Task, placement: Placement, ledger: Ledger
) -> tuple[Settled, list[int]]:
    key = placement.slots, frozenset(placement.overrides.items())
    if key not in measured:
        measured[key] = _measure(task, placement, ledger)
    return measured[key]


def optimist(task: Task, least: Sequence[int] = ()) -> tuple[tuple[Device, ...], Placement]:
    """What a task's strategy would place if compute buffers took only `least` bytes of each device, and the devices it would use."""
    placement = task.arrange(task.ledger, least or (0,) * len(task.devices))
    owners, placed = of_used_devices(placement, len(task.devices), task.demand)
    return tuple(task.devices[i] for i in owners), placed


@per_object(128)
def first_guess(
    model: Model, devices: tuple[Device, ...], settings: Settings, *, bare: bool = False
) -> tuple[int, ...]:
    """Compute buffers, bytes per device, with the slots spread over all devices.

    The experts of each run's later half are on the CPU, or with `bare` all experts: less than when devices hold some.
    """
    if not devices:
        return ()
    if len(devices) > _MANY and len({device.backend.name for device in devices}) == 1 and _is_even(model):
        first, *middle, last = first_guess(model, devices[:3], settings, bare=bare)
        return (first, *(middle * (len(devices) - 2)), last)
    runs = _spread(model, len(devices))
    moved = (
        layer
        for layer in model.layers
        if bare or 2 * (layer.index - runs.index(runs[layer.index])) >= runs.count(runs[layer.index])
    )
    experts = {t.name: CPU for layer in moved for t in layer.experts}
    return memory.compute_sketch(model, devices, settings, Placement(runs, experts))


def _is_even(model: Model) -> bool:
    return is_even(model, architecture(model.architecture).period)


def _could_take_more(settled: Settled, ledger: Ledger) -> bool:
    """Whether a device has room left for the smallest thing that is not on a device."""
    on_cpu = {name for name, device in settled.placement.overrides.items() if device == CPU}
    outside = [n for size in ledger.slots for names, n in size.matrices if names[0] in on_cpu]
    outside += [
        size.base for size, owner in zip(ledger.slots, settled.placement.slots, strict=True) if owner == CPU
    ]
    room = max(
        (b.usable - u.total for b, u in zip(settled.budgets, settled.footprint.devices, strict=True)),
        default=0,
    )
    return any(n <= room for n in outside)


def _next_guess(
    task: Task, assumed: tuple[int, ...], settled: Settled, owners: Sequence[int], *, fits: bool
) -> tuple[int, ...]:
    """What was found, if it fits; else no less than what was found and what was missing."""
    guess = list(assumed)
    for owner, unsplit, budget, short in zip(
        owners, settled.unsplit, settled.budgets, settled.shortfalls, strict=True
    ):
        taken = unsplit + task.budgets[owner].left(0) - budget.left(0)
        if not fits:
            taken = max(guess[owner] + (short if taken <= guess[owner] else 0), taken)
        guess[owner] = taken
    return tuple(guess)


def _measure(task: Task, placement: Placement, ledger: Ledger) -> tuple[Settled, list[int]]:
    """The placement on the devices it uses, with its memory; and which of the task's devices those are."""
    owners, placed = of_used_devices(placement, len(task.devices), task.demand)
    used = tuple(task.devices[i] for i in owners)
    homeless = unplaced(placement, ledger, task.demand)
    settled = settled_on(
        task, owners, placed, memory.footprint(task.model, used, task.settings, placed), homeless
    )
    single = unpipelined(task.model, used, task.settings, placed) if any(settled.shortfalls) else None
    if single is not None:
        footprint = memory.footprint(task.model, used, task.settings, single)
        settled = settled_on(task, owners, single, footprint, homeless)
    return settled, owners


def in_load_mode(task: Task, settled: Settled) -> Settled:
    """The task's placement, from that of the same launch in another load mode: the same where what is pinned leaves it room."""
    pinned = pinned_by_devices(settled.footprint.host, task.settings, settled.devices)
    same = replace(
        settled,
        budgets=charged(settled.budgets, settled.devices, settled.guests, pinned),
        guest_devices=devices_of_guests(task.request, settled.devices, task.settings, settled.guests, pinned),
    )
    return same if same.shortfall <= settled.shortfall else settle(task)
