"""A placement's work by place: what each device and the CPU read and compute."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moefit.machine.types import CPU
from moefit.work import Load

if TYPE_CHECKING:
    from moefit.launch.settings import Settings
    from moefit.placement.types import Placement
    from moefit.work import Work


@dataclass(slots=True)
class Tally:
    """Where the work of a placement is done."""

    places: dict[int, Load]
    """Blocks, by device index or CPU."""
    output: dict[int, Load]
    """The output slot."""
    hops: int
    """Times a token leaves a device for another place and comes back, within a layer."""
    crossings: int
    """Times a token moves on to another place for good: boundaries between runs."""
    host_layers: int
    """Layers whose slot is the CPU."""


def tally(work: Work, settings: Settings, placement: Placement) -> Tally:
    """Adds up slots by runs, then moves the exceptions."""
    places: dict[int, Load] = {CPU: Load()}
    slots = placement.slots
    blocks = len(slots) - 1
    start, runs = 0, 0
    for device, run in itertools.groupby(slots[:blocks]):
        end = start + len(list(run))
        places.setdefault(device, Load()).add(work.over(start, end))
        start, runs = end, runs + 1
    output = {
        slots[-1]: Load(
            base_bytes=work.output.base_bytes,
            base_macs=work.output.base_macs,
            base_work=work.output.base_work,
        )
    }
    hops = _move(work, placement, places, output)
    host_layers = sum(1 for device in slots[:blocks] if device == CPU)
    attention = 0 if settings.kv_offload else _move_cache(places)
    crossings = runs - 1 + (blocks > 0 and slots[-1] != slots[blocks - 1])
    return Tally(places, output, hops + attention, crossings, host_layers)


def _move(work: Work, placement: Placement, places: dict[int, Load], output: dict[int, Load]) -> int:
    """Moves each override's tensor from its slot's place; the number of layers with a matrix elsewhere."""
    slots, last = placement.slots, len(placement.slots) - 1
    away = set[int]()
    for name, device in placement.overrides.items():
        tensor = work.tensors.get(name)
        if tensor is None or slots[tensor.slot] == device:
            continue
        home = slots[tensor.slot]
        where = output if tensor.slot == last else places
        source, target = where[home], where.get(device)
        if target is None:
            target = where[device] = Load()
        if tensor.macs:
            away.add(tensor.slot)
        if tensor.expert:
            source.expert_bytes -= tensor.bytes
            target.expert_bytes += tensor.bytes
            source.expert_read -= tensor.read
            target.expert_read += tensor.read
            source.expert_macs -= tensor.macs
            target.expert_macs += tensor.macs
            source.expert_work -= tensor.work
            target.expert_work += tensor.work
            if tensor.macs:
                source.expert_tensors -= 1
                target.expert_tensors += 1
        else:
            source.base_bytes -= tensor.bytes
            target.base_bytes += tensor.bytes
            source.base_macs -= tensor.macs
            target.base_macs += tensor.macs
            source.base_work -= tensor.work
            target.base_work += tensor.work
    return len(away)


def _move_cache(places: dict[int, Load]) -> int:
    """With the KV cache on the host, attention runs there: one hop for each layer of a device."""
    host = places[CPU]
    hops = 0
    for device, load in places.items():
        if device == CPU:
            continue
        host.add(
            Load(
                key=load.key,
                value=load.value,
                window_key=load.window_key,
                window_value=load.window_value,
                attention_macs=load.attention_macs,
                window_macs=load.window_macs,
                state=load.state,
            )
        )
        load.key = load.value = load.window_key = load.window_value = 0.0
        load.attention_macs = load.window_macs = load.state = 0.0
        hops += round(load.layers)
    return hops
