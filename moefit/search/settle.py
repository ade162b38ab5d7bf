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
from moefit.memory.guest import Guest
from moefit.memory.host import pinned_by_devices
from moefit.memory.memo import per_object
from moefit.memory.types import Footprint
from moefit.model import Model
from moefit.placement.arrange import Demand, Strategy, arrange, less_fixed, without_fixed
from moefit.placement.budget import Budget
from moefit.placement.types import Ledger, Placement, Room
from moefit.search.budgets import charged, devices_of_guests
from moefit.search.guest_memory import seated
from moefit.search.request import Request
from moefit.search.unpipelined import unpipelined
from moefit.values import dataclass

_ROUNDS = 20
_CLOSE = 1 / 256
"""Of an assumption, the distance to another one that is not worth a third between them."""
_SLACK = 0.02
"""Of the memory of several devices, what a placement may leave without another one being tried."""


@dataclass(frozen=True, slots=True)
class Task:
    """One launch that is to be placed."""

    request: Request
    devices: tuple[Device, ...]
    """In the order in which llama.cpp would use them."""
    budgets: tuple[Budget, ...]
    """What each of them may give to the model and the guests of the line."""
    settings: Settings
    strategy: Strategy
    demand: Demand

    @property
    def model(self) -> Model:
        """What is placed."""
        return self.request.model

    def rooms(self, taken: Sequence[int]) -> list[Room]:
        """What a strategy may use of each device where compute buffers and guests take so many bytes."""
        return [
            Room(max(0, budget.usable - size), device.backend.name, device.integrated, budget.usable)
            for device, budget, size in zip(self.devices, self.budgets, taken, strict=True)
        ]

    def arrange(self, ledger: Ledger, taken: Sequence[int]) -> Placement:
        """The strategy's answer to that."""
        return arrange(self.strategy, self.model, ledger, self.rooms(taken), self.demand)

    @property
    def ledger(self) -> Ledger:
        """The sizes of the model's slots."""
        return memory.ledger(self.model, self.settings, self.devices)

    @property
    def open_ledger(self) -> Ledger:
        """The same without what the user fixed."""
        return without_fixed(self.ledger, self.model, self.demand.fixed)

    def open_rooms(self, compute: Sequence[int]) -> list[Room]:
        """What a strategy may use of each device beside what the user fixed to it."""
        return less_fixed(self.rooms(compute), self.model, self.demand.fixed)


@dataclass(frozen=True, slots=True)
class Settled:
    """A placement with its memory, on the devices that it uses."""

    devices: tuple[Device, ...]
    """In the order of the runs: what `-dev` lists if it is not every device in its own order."""
    budgets: tuple[Budget, ...]
    """Less what the guests of the line take there."""
    placement: Placement
    footprint: Footprint
    unplaced: int
    """Bytes of slots that had to be on a device (`-ngl`, `-ts`) and found no room."""
    guests: tuple[Guest, ...] = ()
    """What the line loads beside the model, where this placement puts it."""
    guest_devices: tuple[tuple[Device, Budget], ...] = ()
    """Devices that hold guests alone."""

    @property
    def shortfalls(self) -> tuple[int, ...]:
        """Bytes each device lacks; 0 where it fits."""
        return tuple(
            max(0, -budget.left(use.total))
            for use, budget in zip(self.footprint.devices, self.budgets, strict=True)
        )

    @property
    def shortfall(self) -> int:
        """Bytes that are missing on devices; 0 if it fits."""
        stranded = sum(max(0, -budget.left(0)) for _, budget in self.guest_devices)
        return sum(self.shortfalls) + self.unplaced + stranded

    @property
    def key(self) -> object:
        """Equal for equal placements on equal devices."""
        return self.devices, self.placement.slots, tuple(sorted(self.placement.overrides.items()))

    @property
    def unsplit(self) -> tuple[int, ...]:
        """Bytes of each device that belong to no slot: compute buffers, and the expert cache."""
        cache = self.footprint.moe_cache
        held = cache.devices if cache else (0,) * len(self.devices)
        return tuple(use.compute + size for use, size in zip(self.footprint.devices, held, strict=True))

    @property
    def placed(self) -> int:
        """Weight and KV bytes on devices."""
        return sum(use.total for use in self.footprint.devices) - sum(self.unsplit)


def none_will_do(_settled: Settled) -> bool:
    """No placement that fits will do but the fullest."""
    return False


def settle(task: Task, will_do: Callable[[Settled], bool] = none_will_do) -> Settled:
    """The fullest placement of a task that fits, or the closest one that does not.

    With several devices it matters where the assumption starts: one that leaves room is not the only one to be tried. The first one that
    fits and `will_do` is taken: it may leave room for a tensor or two.
    """
    measured: _Measured = {}
    found = _settle_from(_start(task), task, will_do, measured)
    if found.shortfall == 0 and will_do(found):
        return found
    if len(task.devices) < 2 or (found.shortfall == 0 and _is_full(found, task.budgets)):
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
    runs = _spread(model, len(devices))
    moved = (
        layer
        for layer in model.layers
        if bare or 2 * (layer.index - runs.index(runs[layer.index])) >= runs.count(runs[layer.index])
    )
    experts = {t.name: CPU for layer in moved for t in layer.experts}
    return memory.compute_sketch(model, devices, settings, Placement(runs, experts))


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


def settled_on(
    task: Task, owners: Sequence[int], placed: Placement, footprint: Footprint, homeless: int
) -> Settled:
    """A placement on some of the task's devices, with its memory and that of the guests; `homeless` are the bytes that found no room."""
    used = tuple(task.devices[i] for i in owners)
    found = seated(task.request, used, task.settings, placed)
    pinned = pinned_by_devices(footprint.host, task.settings, used)
    return Settled(
        used,
        charged([task.budgets[i] for i in owners], used, found, pinned),
        placed,
        footprint,
        homeless,
        found,
        devices_of_guests(task.request, used, task.settings, found, pinned),
    )


def placed_with(request: Request, settled: Settled, settings: Settings) -> Settled:
    """The same placement under other settings."""
    devices, placement = settled.devices, settled.placement
    footprint = memory.footprint(request.model, devices, settings, placement)
    found = seated(request, devices, settings, placement)
    pinned = pinned_by_devices(footprint.host, settings, devices)
    return replace(
        settled,
        budgets=charged(settled.budgets, devices, found, pinned),
        footprint=footprint,
        guests=found,
        guest_devices=devices_of_guests(request, devices, settings, found, pinned),
    )


def in_load_mode(task: Task, settled: Settled) -> Settled:
    """The task's placement, from that of the same launch in another load mode: the same where what is pinned leaves it room."""
    pinned = pinned_by_devices(settled.footprint.host, task.settings, settled.devices)
    same = replace(
        settled,
        budgets=charged(settled.budgets, settled.devices, settled.guests, pinned),
        guest_devices=devices_of_guests(task.request, settled.devices, task.settings, settled.guests, pinned),
    )
    return same if same.shortfall <= settled.shortfall else settle(task)


def of_used_devices(placement: Placement, count: int, demand: Demand) -> tuple[list[int], Placement]:
    """The devices that a placement uses, and the placement in terms of those."""
    owners = _used(placement, count, demand)
    renamed = {owner: index for index, owner in enumerate(owners)} | {CPU: CPU}
    slots = tuple(renamed[i] for i in placement.slots)
    return owners, Placement(slots, {name: renamed[i] for name, i in placement.overrides.items()})


def _used(placement: Placement, count: int, demand: Demand) -> list[int]:
    """Devices in the order of their runs, then those that only hold overrides; all of them if the user chose them."""
    everything = list(range(count))
    if demand.ordered or demand.runs is not None:
        return everything
    runs = dict.fromkeys(i for i in placement.slots if i != CPU)
    guests = dict.fromkeys(i for i in placement.overrides.values() if i != CPU)
    return list(runs | guests) or everything


def unplaced(placement: Placement, ledger: Ledger, demand: Demand) -> int:
    """Bytes of slots that the user wants on a device and that are not."""
    wanted = [False] * len(ledger.slots)
    if demand.runs is not None:
        wanted = [owner != CPU for owner in demand.runs]
    elif demand.tail:
        wanted = [i >= len(wanted) - demand.tail for i in range(len(wanted))]
    return sum(
        size.base
        for size, owner, must in zip(ledger.slots, placement.slots, wanted, strict=True)
        if must and owner == CPU
    )
