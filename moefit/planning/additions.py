"""What the chosen launch needs on the line: whatever llama.cpp would not do by itself, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from moefit.launch.complete import Addition, devices_addition, placement_additions
from moefit.launch.constraints import Constraints
from moefit.launch.settings import Settings
from moefit.machine.types import CPU, Machine
from moefit.memory.split_modes import SPLIT_MODES
from moefit.planning.why_order import why_order
from moefit.search.candidate import Candidate
from moefit.search.cpu_share import SHARE
from moefit.search.request import Request
from moefit.sizes import MIB


def additions(request: Request, chosen: Candidate, default: Settings) -> tuple[Addition, ...]:
    """The options of a candidate that fits; none of what the user set is said again.

    Args:
        request: the line, and all of the machine's devices in llama.cpp's order.
        chosen: the candidate.
        default: what llama.cpp makes of the user's line alone.
    """
    machine, constraints = request.machine, request.launch.constraints
    settled = chosen.settled
    placed: tuple[Addition, ...] = ()
    if constraints.split_mode not in SPLIT_MODES:
        names = [t.name for t in request.model.tensors]
        placed = placement_additions(
            settled.placement, settled.devices, names, constraints, machine.gpus, machine.hidden
        )
    elif (machine.hidden or len(machine.gpus) > 1) and constraints.devices is None:
        placed = (devices_addition([device.name for device in settled.devices], machine.hidden),)
    return (*_explained(placed, request, chosen), *_launch(machine, constraints, chosen, default))


def _explained(placed: Iterable[Addition], request: Request, chosen: Candidate) -> Iterator[Addition]:
    """The options with the reason for an order of devices that is not the one listed."""
    settled = chosen.settled
    why = why_order(settled.devices, request.machine.gpus, settled.placement)
    for addition in placed:
        if why is not None and addition.option == "-dev" and not request.machine.hidden:
            yield replace(addition, why=why)
        else:
            yield addition


def _launch(
    machine: Machine, constraints: Constraints, chosen: Candidate, default: Settings
) -> Iterator[Addition]:
    launch = chosen.settings
    if not constraints.context:
        yield Addition("-c", str(launch.context), "the context that the plan is made for")
    chose = constraints.split_mode not in SPLIT_MODES
    if constraints.ubatch is None and chose:  # the default too: planning the line again must not choose anew
        yield Addition("-ub", str(launch.ubatch), _why_ubatch(chosen, default))
    if launch.batch != default.batch:
        yield Addition("-b", str(launch.batch), "a micro-batch is never larger than the batch")
    if launch.load_mode != default.load_mode:
        yield Addition(
            "-lm", launch.load_mode, "weights in pinned memory: copies to the GPU run at link speed"
        )
    if constraints.op_offload is None and not launch.op_offload:
        why = "the link is too slow to copy weights over: what is on the CPU is computed there"
        yield Addition("--no-op-offload", why=why)
    yield from _of_cache(launch, default)
    yield from _of_host(machine, constraints, launch, default)


def _of_host(
    machine: Machine, constraints: Constraints, launch: Settings, default: Settings
) -> Iterator[Addition]:
    """Threads, and what RAM has room for beside the weights."""
    if constraints.threads is None and launch.threads is not None:
        usual = machine.cpu.default_threads
        yield Addition(
            "-t",
            str(launch.threads),
            f"the cores that this process may use; llama.cpp would start {usual} threads",
        )
    if launch.context_checkpoints != default.context_checkpoints:
        why = "checkpoints of a slot's context that RAM has room for"
        yield Addition("-ctxcp", str(launch.context_checkpoints), why)
    if launch.cache_ram != default.cache_ram:
        yield Addition(
            "-cram", str((launch.cache_ram or 0) // MIB), "MiB of RAM that are left for cached prompts"
        )


def _of_cache(launch: Settings, default: Settings) -> Iterator[Addition]:
    if launch.moe_cache != default.moe_cache:
        why = "MiB for the most used experts of the layers whose experts are on the CPU"
        yield Addition("--moe-cache-mib", str(launch.moe_cache // MIB), why)
    if launch.moe_cache_cpu_share != default.moe_cache_cpu_share:
        why = "of what the cache misses, the part that the CPU computes while the link brings the others"
        yield Addition(SHARE, f"{launch.moe_cache_cpu_share:g}", why)


def _why_ubatch(chosen: Candidate, default: Settings) -> str:
    if chosen.settings.ubatch == default.ubatch:
        return "llama.cpp's default, for which the plan is made"
    if chosen.settings.ubatch < default.ubatch:
        return "smaller compute buffers"
    if CPU in chosen.settled.placement.overrides.values():
        return "weights on the CPU are copied to the GPU once a micro-batch: fewer, larger ones"
    if not chosen.settled.devices:
        return "no other micro-batch is predicted to be faster"
    return "larger matrix products are more efficient"
