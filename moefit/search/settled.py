"""What a placement takes: its memory and that of the line's guests, on the devices that it uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from moefit import memory
from moefit.launch.settings import Settings
from moefit.machine.types import CPU, Device
from moefit.memory.guest import Guest
from moefit.memory.host import pinned_by_devices
from moefit.memory.types import Footprint
from moefit.placement.arrange import Demand
from moefit.placement.budget import Budget
from moefit.placement.types import Ledger, Placement
from moefit.search.budgets import charged, devices_of_guests
from moefit.search.guest_memory import seated
from moefit.search.request import Request
from moefit.search.task import Task
from moefit.values import dataclass


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
