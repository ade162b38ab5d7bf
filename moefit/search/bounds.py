"""What a sum of bytes decides: the least that a launch lacks, whatever is placed where, before anything is placed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from moefit.launch.settings import Settings
from moefit.machine.types import CPU, Device
from moefit.memory.host import caches, output_buffer
from moefit.memory.kv import kv
from moefit.memory.lazy import lazy
from moefit.memory.memo import per_object
from moefit.memory.reserve import page_tables
from moefit.memory.types import Footprint, HostUse, Use
from moefit.memory.weights import weights
from moefit.model import Model
from moefit.placement.ffn import ffn_last
from moefit.placement.types import LayerSize, Placement
from moefit.search.candidate import ram_missing
from moefit.search.guest_memory import has_guests
from moefit.search.problem import Problem
from moefit.search.ram import is_drawn
from moefit.search.settle import first_guess
from moefit.search.settled import Settled, of_used_devices, settled_on, unplaced
from moefit.search.task import Task

_ROUNDS = 4
_T = TypeVar("_T")


def lacks_at_least(problem: Problem, task: Task, compute: Sequence[int] = ()) -> int:
    """Bytes that are missing at the least on devices and in RAM, however the task's tensors are placed.

    Args:
        problem: the machine's RAM, and what the user fixed.
        task: a launch on some devices.
        compute: bytes of compute buffers that each of its devices needs at the least.
    """
    room = [given.capacity for given in task.open_rooms(compute or (0,) * len(task.devices))]
    return _on_devices(task, room) + _in_ram(problem, task, room)


def lacks_where_placed(problem: Problem, task: Task, compute: Sequence[int]) -> tuple[int, int]:
    """Bytes of slots that must be on devices and bytes of RAM that lack where the task's strategy places and compute buffers take so little.

    Unlike a sum of bytes this knows gaps that no tensor fits; but with less room a strategy may fill them better: by a matrix or so in
    RAM, by a whole layer of each device in slots.
    """
    settled, _ = _sketched(task, compute, compute, 0)
    return settled.unplaced, ram_missing(problem, task.settings, settled)[2]


def lacks_on_devices(task: Task) -> int:
    """The same of devices alone: bytes of slots that must be there beyond what they have room for."""
    return _on_devices(task, [given.capacity for given in task.open_rooms((0,) * len(task.devices))])


def has_ample_room(task: Task) -> bool:
    """Whether every slot that is open finds a device, whatever is placed first: beside twice the buffers that are expected, and a slot that fits no more.

    No graph is measured but one of the first two devices, of which the first has the copies: it says what each of many takes at the most.
    Page tables are counted for all of the model in pinned memory. Beside a guest or an expert cache it is never sure.
    """
    if task.settings.moe_cache or has_guests(task.request):
        return False
    bases = [size.base for size in task.open_ledger.slots]
    most = max(first_guess(task.model, task.devices[:2], task.settings), default=0)
    most *= 3 if task.settings.mtp else 2  # a context of prediction blocks takes as much at the most
    tables = [sum(term.bytes for term in page_tables(task.model.bytes, device)) for device in task.devices]
    rooms = task.open_rooms([most + table for table in tables])
    return sum(max(0, room.capacity - max(bases)) for room in rooms) >= sum(bases)


def sketch(task: Task, compute: Sequence[int], on_host: int) -> Settled:
    """What a task places where compute buffers take so many bytes of each device and of RAM: exact but for those.

    Guests and page tables depend on what is placed: where they leave too little, so much less is placed.

    Args:
        task: the launch.
        compute: bytes of each of the task's devices.
        on_host: bytes of RAM.
    """
    taken = list(compute)
    for _ in range(_ROUNDS):
        settled, owners = _sketched(task, taken, compute, on_host)
        if not any(settled.shortfalls):
            break
        for owner, short in zip(owners, settled.shortfalls, strict=True):
            taken[owner] += short
    return settled


def _sketched(
    task: Task, taken: Sequence[int], compute: Sequence[int], on_host: int
) -> tuple[Settled, list[int]]:
    ledger = task.ledger
    placement = task.arrange(ledger, taken)
    owners, placed = of_used_devices(placement, len(task.devices), task.demand)
    used = tuple(task.devices[i] for i in owners)
    model_on, _ = weights(task.model, used, task.settings, placed)
    context_on, _ = kv(task.model, used, task.settings, placed)
    on = tuple(Use(m, c, compute[i]) for m, c, i in zip(model_on, context_on, owners, strict=True))
    host = replace(host_use(task.model, used, task.settings, placed), compute=on_host)
    homeless = unplaced(placement, ledger, task.demand)
    return settled_on(task, owners, placed, Footprint(on, host), homeless), owners


def host_use(model: Model, devices: Sequence[Device], settings: Settings, placement: Placement) -> HostUse:
    """RAM of a placement, but for its compute buffers."""
    return HostUse(
        model=weights(model, devices, settings, placement)[1],
        context=kv(model, devices, settings, placement)[1],
        cache=sum(term.bytes for term in caches(model, settings)),
        output=output_buffer(model, settings),
        lazy=sum(tensor.bytes for tensor in lazy(model, settings.lazy_mode)),
    )


@per_object(64)
def _all_on_cpu(problem: Problem, settings: Settings) -> HostUse:
    """RAM where devices hold only what the user fixed to them."""
    nothing = Placement((CPU,) * problem.request.model.slots, problem.demand.fixed)
    return host_use(problem.request.model, problem.devices, settings, nothing)


def _on_devices(task: Task, room: Sequence[int]) -> int:
    """Bytes of slots that must be on devices beyond what those have room for."""
    least, demand = _least_bases(task), task.demand
    if demand.runs is not None:
        return sum(max(0, sum(_run(least, demand.runs, i)) - room[i]) for i in range(len(room)))
    return max(0, sum(least[len(least) - demand.tail :] if demand.tail else ()) - sum(room))


def _least_bases(task: Task) -> list[int]:
    """Bytes of each slot that its device holds at the least: an output that has no room is left on the CPU, and by `ffn` what it is named after."""
    slots = task.open_ledger.slots
    moves = task.strategy is ffn_last
    bases = [size.base - (sum(n for _, n in size.ffn) if moves else 0) for size in slots]
    return [*bases[:-1], 0]


def _in_ram(problem: Problem, task: Task, room: Sequence[int]) -> int:
    """Bytes of RAM that are missing where devices hold as much as they can."""
    request, slots, demand = problem.request, task.open_ledger.slots, task.demand
    relief = [0 if is_drawn(d, request.machine.ram) else n for d, n in zip(task.devices, room, strict=True)]
    if demand.runs is not None:
        placed = sum(min(n, _totals(_run(slots, demand.runs, i))) for i, n in enumerate(relief))
    else:
        tail = len(slots) if demand.tail is None else demand.tail
        placed = min(sum(relief), _totals(slots[len(slots) - tail :]))
    host = _all_on_cpu(problem, task.settings)
    rest = max(0, host.model + host.context - placed)
    model = max(host.lazy, min(host.model, rest))
    least = replace(host, model=model, context=max(0, rest - host.model))
    return ram_missing(problem, task.settings, Settled((), (), Placement(()), Footprint((), least), 0))[2]


def _run(slots: Sequence[_T], runs: Sequence[int], device: int) -> list[_T]:
    """The slots of one device."""
    return [size for size, owner in zip(slots, runs, strict=True) if owner == device]


def _totals(slots: Sequence[LayerSize]) -> int:
    return sum(size.total for size in slots)
