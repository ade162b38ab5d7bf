"""Which devices are tried in which order, whatever the order in which the machine lists them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from moefit.machine.types import CPU, Device
from moefit.placement.arrange import Demand
from moefit.placement.budget import Budget
from moefit.search.problem import Problem

_SWAP: Final = 1.01
"""What gains less is no reason to take devices in another order than they are listed in: it is less than a plan shows."""
_FEW: Final = 6
"""Devices of which every number is tried without the slowest."""


def is_order_open(demand: Demand) -> bool:
    """Whether the user leaves it to the plan which devices are used in which order: no `-dev`, `-ts`, `-sm none`, no override to a device."""
    fixed = any(device != CPU for device in demand.fixed.values())
    return not (demand.ordered or demand.runs is not None or fixed)


def swap_factor(problem: Problem, devices: Sequence[Device]) -> float:
    """Times as long a launch counts that has its devices in another order than the machine lists them in, where the line leaves the order open."""
    if len(devices) < 2 or not is_order_open(problem.demand):
        return 1.0
    return 1.0 if tuple(devices) == as_listed(problem, devices) else _SWAP


def as_listed(problem: Problem, devices: Sequence[Device]) -> tuple[Device, ...]:
    """The devices in the order in which the machine lists them."""
    names = [gpu.name for gpu in problem.request.machine.gpus]
    return tuple(sorted(devices, key=lambda device: names.index(device.name)))


def first_alike(devices: Sequence[Device], budgets: Sequence[Budget]) -> list[int]:
    """For each device the first that is like it: whichever of those a launch takes, it takes as long."""
    kinds = [
        (
            *(device.backend.name, device.server, device.description, device.integrated, device.latency),
            *(reading(device), device.link_bandwidth, device.compute, *_sizes(device), budget.usable),
        )
        for device, budget in zip(devices, budgets, strict=True)
    ]
    return [kinds.index(kind) for kind in kinds]


def in_order(devices: Sequence[Device]) -> tuple[Device, ...]:
    """The devices as a search takes them: first the one to which large batches are copied, then slower memory before faster.

    The copies want link and arithmetic, the output, which is on the last, memory bandwidth. Of equals the one whose name comes first.
    """
    named = sorted(devices, key=lambda device: (len(device.name), device.name))
    rising = sorted(named, key=lambda device: (reading(device), copying(device), *_sizes(device)))
    first = max(
        rising,
        key=lambda device: (device.backend.op_offload, copying(device), reading(device), *_sizes(device)),
        default=None,
    )
    return (*((first,) if first else ()), *(device for device in rising if device is not first))


def _sizes(device: Device) -> tuple[int, ...]:
    return device.free, device.total, -device.overhead, device.pageable_bandwidth or 0


def copying(device: Device) -> float:
    """What counts of a device to which weights are copied: link times arithmetic."""
    return float(device.link_bandwidth or 1) * float(device.compute or 1.0)


def reading(device: Device) -> float:
    """What counts of a device that reads weights of its own: its memory."""
    return float(device.bandwidth or 0)


def _counts(devices: int) -> Iterator[int]:
    """How many of so many devices are tried beside all: each number; of many devices one less, two, four and so on, so that more take little longer.

    >>> list(_counts(4)), list(_counts(15))
    ([3, 2, 1], [14, 13, 11, 7, 1])
    """
    left_out = 1
    while left_out < devices - 1:
        yield devices - left_out
        left_out += 1 if devices <= _FEW else left_out
    if devices > 1:
        yield 1


def device_orders(problem: Problem) -> tuple[tuple[int, ...], ...]:
    """Subsets and orders of the devices to begin with: all as they stand, the fastest memory first, all without the slowest, none.

    What is better near the best of them is found from there (refine.py). What the user fixes leaves only the order given.
    """
    speeds = [reading(device) for device in problem.devices]
    everything = tuple(range(len(speeds)))
    if not is_order_open(problem.demand):
        return (everything,)
    ranked = tuple(sorted(everything, key=lambda i: -speeds[i]))
    subsets = [tuple(sorted(ranked[:n])) for n in _counts(len(ranked))]
    none: list[tuple[int, ...]] = [] if problem.demand.tail else [()]
    return tuple(dict.fromkeys((everything, ranked, *subsets, *none)))
