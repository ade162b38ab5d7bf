"""RAM: what a candidate leaves of it, and what it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from moefit.launch.settings import MAPPED
from moefit.memory.host import PROCESS
from moefit.memory.types import Use

if TYPE_CHECKING:
    from moefit.machine.types import Device, Machine, Ram
    from moefit.search.request import Request
    from moefit.search.settled import Settled

_SAME: Final = 1.05
"""A device whose total is about RAM's, or less, reports RAM. One with more has a part of its own that the firmware set aside, which the
system does not count (96 of 128 GB on a Ryzen AI Max, say)."""


def ram_left(request: Request, settled: Settled) -> int:
    """Bytes of available RAM that stay free beside the plan, the program itself, guests on the CPU and integrated devices.

    Negative is a shortfall.
    """
    machine = request.machine
    drawn = drawn_from_ram(settled, machine.ram) + _idle(settled, machine)
    return machine.ram.available - settled.footprint.host.total - PROCESS - _guests_in_ram(settled) - drawn


def ram_shortfall(request: Request, settled: Settled) -> int:
    """Bytes of RAM that are missing; 0 if it fits.

    Weights of a file that the user's own line maps need not be held: they are read from disk again and again.
    """
    if request.launch.constraints.load_mode in MAPPED:
        return paged_shortfall(request, settled)
    return max(0, -ram_left(request, settled))


def paged_shortfall(request: Request, settled: Settled) -> int:
    """Bytes of RAM that are missing where the weights are mapped: what is not of the file."""
    return max(0, -ram_left(request, settled) - settled.footprint.host.loaded)


def _guests_in_ram(settled: Settled) -> int:
    """Bytes that the files beside the model take on the CPU."""
    return sum(guest.total for guest in settled.guests if guest.device == "CPU")


def drawn_from_ram(settled: Settled, ram: Ram) -> int:
    """Bytes of RAM that integrated devices take for themselves: model, context, compute, and what is kept back for growth.

    One memory for processor and GPU: what an integrated device holds is taken from RAM.
    """
    uses = zip(settled.devices, settled.budgets, settled.footprint.devices, strict=True)
    alone = ((device, budget, Use()) for device, budget in settled.guest_devices)
    return sum(
        use.total + budget.overhead + budget.reserved + budget.guests
        for device, budget, use in (*uses, *alone)
        if is_drawn(device, ram)
    )


def _idle(settled: Settled, machine: Machine) -> int:
    """Bytes of RAM that integrated devices take although the launch uses none of them: their runtime sets them up at its first call."""
    used = {device.name for device in (*settled.devices, *(device for device, _ in settled.guest_devices))}
    return sum(
        gpu.overhead
        for gpu in machine.gpus
        if gpu.name not in used and gpu.backend.sets_up_all and is_drawn(gpu, machine.ram)
    )


def is_drawn(device: Device, ram: Ram) -> bool:
    """Whether what a device holds is taken from RAM."""
    return device.integrated and device.total <= _SAME * ram.total
