"""A line exactly as it stands, as a candidate: what `estimate` shows, and all that `-sm row` and `-sm tensor` leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from moefit import cost, memory
from moefit.launch.defaults import settings
from moefit.launch.resolve import free, resolve
from moefit.launch.settings import Settings
from moefit.machine.types import CPU, Device
from moefit.memory.guests import guests
from moefit.memory.host import pinned_by_devices
from moefit.memory.moe_cache import groups
from moefit.memory.split_modes import SPLIT_MODES, split_footprint
from moefit.placement.types import Placement
from moefit.search.budgets import budgets, charged, devices_of_guests
from moefit.search.candidate import Candidate
from moefit.search.demand import chosen_devices
from moefit.search.guest_memory import draft_bytes
from moefit.search.moe_cache.refused import refuse_moe_cache
from moefit.search.problem import known_work
from moefit.search.ram import ram_shortfall
from moefit.search.request import Request
from moefit.search.settled import Settled

AS_GIVEN = "as given"


def as_given(request: Request, context: int) -> Candidate:
    """Where llama.cpp would put the line's tensors, with the memory and time that takes.

    Args:
        request: the model, the machine, the line.
        context: tokens, where the line does not say.

    Raises:
        UsageError: the line names a device or a buffer that the machine has not.
    """
    model, machine, constraints = request.model, request.machine, request.launch.constraints
    devices = chosen_devices(constraints, machine.gpus)
    refuse_moe_cache(model, constraints, len(devices), request.launch.command.table.build)
    sized = settings(constraints, context=context, devices=devices)
    placement = _placement(request, devices)
    sized = _with_split(request, devices, sized, placement)
    if sized.split_mode in SPLIT_MODES:
        footprint = split_footprint(model, devices, sized, placement, constraints.tensor_split)
    else:
        footprint = memory.footprint(model, devices, sized, placement)
    found = guests(constraints, request.files, model, machine.gpus, devices, sized, placement)
    pinned = pinned_by_devices(footprint.host, sized, devices)
    given = charged(budgets(request, devices, sized), devices, found, pinned)
    guest_devices = devices_of_guests(request, devices, sized, found, pinned)
    settled = Settled(devices, given, placement, footprint, 0, found, guest_devices)
    prediction = cost.predict(
        known_work(model),
        machine,
        devices,
        sized,
        placement,
        request.options.workload,
        draft_bytes=draft_bytes(found),
        cached=groups(model, devices, sized, placement),
    )
    return Candidate(AS_GIVEN, sized, settled, prediction, ram_shortfall(request, settled))


def _with_split(
    request: Request, devices: Sequence[Device], sized: Settings, placement: Placement
) -> Settings:
    """The settings with what splits an expert cache where no -ts does: the memory that is free once weights and KV are there.

    source: src/llama-moe-cache.cpp, llama_moe_cache::impl::impl
    """
    if not sized.moe_cache or any(sized.tensor_split or ()) or len(devices) < 2:
        return sized
    bare = memory.footprint(request.model, devices, replace(sized, moe_cache=0), placement)
    left = [max(0, free(d) - use.model - use.context) for d, use in zip(devices, bare.devices, strict=True)]
    return replace(sized, tensor_split=tuple(map(float, left)))


def _placement(request: Request, devices: Sequence[Device]) -> Placement:
    """Where llama.cpp puts the tensors, in terms of the devices that it uses."""
    gpus = request.machine.gpus
    everywhere = resolve(request.model, request.launch.constraints, gpus)
    places = {gpus.index(device): index for index, device in enumerate(devices)} | {CPU: CPU}
    return Placement(
        tuple(places[i] for i in everywhere.slots),
        {name: places[i] for name, i in everywhere.overrides.items()},
    )
