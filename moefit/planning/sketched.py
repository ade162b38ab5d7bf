"""What a changed request would launch, by arithmetic: a placement with the compute buffers of a launch that was placed before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from moefit.machine.types import CPU, Device
from moefit.memory.split_modes import SPLIT_MODES
from moefit.placement.ffn import ffn_last
from moefit.planning.as_given import as_given
from moefit.planning.context_size import wanted_context
from moefit.search.bounds import sketch
from moefit.search.candidate import Candidate, score
from moefit.search.choices import load_modes
from moefit.search.demand import chosen_devices, demand
from moefit.search.moe_cache.sketched import sketched_cache
from moefit.search.openings import usual_task
from moefit.search.problem import Problem
from moefit.search.request import Request
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Placed:
    """What a launch that was placed says of others like it."""

    compute: Mapping[str, int]
    """Bytes of compute buffers by device name, in the order in which the launch uses them."""
    host_compute: int
    """The same in RAM."""
    ubatch: int
    """The micro-batch that those are for."""
    context: int | None = None
    """Tokens, to be kept where the line leaves them open; None for as many as are wanted."""
    load_mode: str | None = None
    """The same; None for llama.cpp's default."""
    keeps_ubatch: bool = False
    """The same of the micro-batch; False for llama.cpp's default."""


def placed(candidate: Candidate) -> Placed:
    """What a candidate says of what llama.cpp's defaults would launch."""
    uses = zip(candidate.settled.devices, candidate.settled.footprint.devices, strict=True)
    compute = {device.name: use.compute for device, use in uses}
    return Placed(compute, candidate.settled.footprint.host.compute, candidate.settings.ubatch)


def without_buffers(known: Placed) -> Placed:
    """The same without compute buffers: what a sketch then has no room for does not fit."""
    return replace(known, compute=dict.fromkeys(known.compute, 0), host_compute=0)


def sketched(request: Request, known: Placed, *, cached: bool = False) -> Candidate:
    """Base-first, or `ffn` of a dense model's layers that must be there, on all devices: weights, caches and RAM are exact, and no graph is measured.

    `cached`: with the expert cache that then seems best.

    Raises:
        UsageError: the line names a device or a buffer that the machine has not.
    """
    model, constraints = request.model, request.launch.constraints
    tokens = wanted_context(constraints, model)
    if constraints.context is None and known.context is not None:
        tokens = known.context
    if constraints.split_mode in SPLIT_MODES:
        return as_given(request, tokens)
    devices = _in_order(request, chosen_devices(constraints, request.machine.gpus), known)
    problem = Problem(request, devices, demand(constraints, model, devices), tokens)
    mode = known.load_mode if constraints.load_mode is None else None
    ubatch = known.ubatch if known.keeps_ubatch else None
    task = usual_task(problem, mode or load_modes(request)[0], ubatch)
    if not model.experts and (problem.demand.tail or problem.demand.runs is not None):
        task = replace(task, strategy=ffn_last)  # layers that must be on devices leave their FFNs behind
    share = min(1.0, task.settings.ubatch / known.ubatch)
    most = max(known.compute.values(), default=0)
    compute = [int(known.compute.get(device.name, most) * share) for device in devices]
    settled = sketch(task, compute, int(known.host_compute * share))
    found = score(problem, "ffn" if task.strategy is ffn_last else "base-first", task.settings, settled)
    return sketched_cache(problem, found) if cached and found.fits else found


def _in_order(request: Request, devices: Sequence[Device], known: Placed) -> tuple[Device, ...]:
    """The devices in the order of the launch before, where the user leaves it open; those that are new come last."""
    constraints = request.launch.constraints
    fixed = demand(constraints, request.model, devices)
    moved = any(device != CPU for device in fixed.fixed.values())
    if fixed.ordered or fixed.runs is not None or moved:
        return tuple(devices)
    order = list(known.compute)
    return tuple(
        sorted(devices, key=lambda d: order.index(d.name) if d.name in known.compute else len(order))
    )
