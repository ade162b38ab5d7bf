"""A placement's work by place: what each device and the CPU read and compute."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from moefit.cost.token_load import Load, together
from moefit.cost.ways import ways
from moefit.machine.types import CPU
from moefit.memory.memo import per_object
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moefit.cost.ways import Step
    from moefit.cost.work import Work
    from moefit.placement.types import Placement


@dataclass(slots=True)
class Tally:
    """Where the work of a placement is done."""

    places: dict[int, Load]
    """Blocks, by device index or CPU."""
    output: dict[int, Load]
    """The output slot."""
    hops: Mapping[Step, int]
    """What leaves a layer and comes back: see Ways."""
    crossings: Mapping[Step, int]
    """What goes one way, at boundaries between runs."""
    parted: Mapping[int, tuple[int, int, int]]
    """Layers with biases of experts that are not where the layer or their matrices are: (the layer's place, the matrices', the biases')."""
    draft_place: int
    """Where the multi-token-prediction head, or the output matrix, is."""


@per_object(64, objects=2)
def tally(work: Work, placement: Placement, kv_offload: bool) -> Tally:  # noqa: FBT001 - remembered by position
    """Adds up slots by runs, then moves the exceptions. The answer is shared: it is only read."""
    places: dict[int, Load] = {CPU: Load()}
    slots = placement.slots
    blocks = len(slots) - 1
    start = 0
    for device, run in itertools.groupby(slots[:blocks]):
        end = start + len(list(run))
        places.setdefault(device, Load()).add(work.over(start, end))
        start = end
    output = {slots[-1]: replace(work.output)}
    _move(work, placement, places, output)
    gone = ways(work, placement)
    hops = gone.hops if kv_offload else gone.hops + _move_cache(places)
    draft = slots[max(work.mtp_slots, default=blocks)]
    return Tally(places, output, hops, gone.crossings, _parted(work, placement), draft)


def _parted(work: Work, placement: Placement) -> dict[int, tuple[int, int, int]]:
    found = {}
    for bias, matrix in work.biases.items():
        slot = work.tensors[bias].slot
        home = placement.slots[slot]
        places = (home, placement.overrides.get(matrix, home), placement.overrides.get(bias, home))
        if places != (home, home, home):
            found[slot] = places
    return found


def _move(work: Work, placement: Placement, places: dict[int, Load], output: dict[int, Load]) -> None:
    """Moves each override's tensor from its slot's place."""
    slots, last = placement.slots, len(placement.slots) - 1
    flows: dict[tuple[int, int, bool], list[tuple[float, ...]]] = defaultdict(list)
    for name, device in placement.overrides.items():
        tensor = work.tensors.get(name)
        if tensor is not None and device != (home := slots[tensor.slot]):
            flows[home, device, tensor.slot == last].append(tensor.costs)
    for (home, device, is_output), moving in flows.items():
        where = output if is_output else places
        moved = together(moving)
        where[home].add(moved, -1.0)
        where.setdefault(device, Load()).add(moved)


def _move_cache(places: dict[int, Load]) -> Counter[Step]:
    """With the KV cache on the host, attention runs there: one hop for each layer of a device."""
    host = places[CPU]
    hops: Counter[Step] = Counter()
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
                recurrence_macs=load.recurrence_macs,
            )
        )
        load.key = load.value = load.window_key = load.window_value = 0.0
        load.attention_macs = load.window_macs = load.state = load.recurrence_macs = 0.0
        hops[device, CPU] += round(load.layers)
    return hops
