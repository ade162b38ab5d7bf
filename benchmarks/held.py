"""One draw planned and held to what must be true of every plan.

A plan is a value or one of moefit's own errors, never another exception; its line, read by `benchmarks/resolver.py` (which shares no
code with the planner), puts every tensor where the plan says; no device gives more than it has; the weights of a device are the sum
of its tensors; and planning the line again changes nothing.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from benchmarks import resolver
from benchmarks.draws import MIB, World, launch
from benchmarks.limit import TooLongError, limited
from benchmarks.unused import why_unused
from moefit.errors import MoefitError
from moefit.launch.environment import min_batch
from moefit.planning.core import plan
from moefit.planning.types import Plan
from moefit.search.request import Options, Request

LONGEST = 30.0
"""Seconds of processor time for one draw; more is a fault."""
MUCH = 0.05
"""Of the devices' memory, what stays unused with a reason."""


@dataclass(frozen=True)
class Outcome:
    """What came of one draw."""

    number: int
    model: str
    kind: str
    """`plan`, `nothing fits`, `refused`, or `fault` where there is no plan to hold."""
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0
    """Of processor time."""
    unused: float | None = None
    """Share of the devices' memory that stays unused while experts wait on the CPU; None where none wait, or the line places them."""
    why: str = ""
    """What limits the use of it, where much is unused (`benchmarks/unused.py`)."""


def hold(world: World, longest: float = LONGEST) -> Outcome:
    """Plan, and hold the plan to everything; a draw that takes too much processor time is a fault."""
    began = time.process_time()
    try:
        with limited(longest):
            made = _outcome(world)
    except TooLongError:
        made = Outcome(world.number, world.name, "fault", [f"takes more than {longest} s"])
    return replace(made, seconds=round(time.process_time() - began, 3))


def _outcome(world: World) -> Outcome:
    options = Options(world.workload, thorough=False)
    ended = Outcome(world.number, world.name, "fault")
    try:
        request = Request(world.model, world.machine, launch(world.line), options)
        made = plan(request)
    except MoefitError:
        return replace(ended, kind="refused")
    except Exception:  # noqa: BLE001 - any other is what is looked for
        return replace(ended, faults=[traceback.format_exc(limit=-3)])
    if not made.fits:
        return replace(ended, kind="nothing fits")
    try:
        found = [*_faults(made), *_again(made, world, options)]
    except Exception:  # noqa: BLE001 - any other is what is looked for
        found = [traceback.format_exc(limit=-3)]
    share = _unused(made)
    why = why_unused(request, made) if share is not None and share > MUCH else ""
    return replace(ended, kind="plan", faults=found, unused=share, why=why)


def _faults(made: Plan) -> Iterator[str]:
    places = _read_back(made)
    yield from list(resolver.differences(places, _planned(made)))[:3]
    sizes = {tensor.name: tensor.bytes for tensor in made.model.tensors}
    anywhere = {tensor.name for tensor in made.model.tensors if tensor.replicated}
    sure = {
        name: homes for name, homes in places.items() if name not in anywhere and not _predicts(made, name)
    }
    least_of, most_of = resolver.weights(sure, sizes), resolver.weights(places, sizes)
    for device in made.devices:
        kept = device.budget.overhead + device.budget.reserved
        if device.use.total + kept > device.budget.free:
            yield f"{device.device.name} gives {device.use.total + kept} of {device.budget.free}"
        least, most = (of.get(device.device.buffer_name, 0) for of in (least_of, most_of))
        if not least <= device.use.model <= most * 1.02 + 64 * MIB:
            yield f"{device.device.name} has {device.use.model} bytes of weights, and its tensors {least} to {most}"
    if made.host_left < 0 and not made.settings.load_mode.startswith("mmap"):
        yield f"RAM lacks {-made.host_left}"
    if not 0 < made.prediction.seconds < float("inf"):
        yield f"predicted seconds are {made.prediction.seconds}"


def _predicts(made: Plan, name: str) -> bool:
    """Whether a tensor is of a multi-token-prediction block: some architectures load them only when asked to."""
    blocks = {layer.index for layer in made.model.layers if layer.mtp}
    return any(name.startswith(f"blk.{block}.") for block in blocks)


def _read_back(made: Plan) -> dict[str, list[str]]:
    parts = [(t.name, "input") for t in made.model.input]
    parts += [(t.name, str(layer.index)) for layer in made.model.layers for t in layer.tensors]
    parts += [(t.name, "output") for t in made.model.output]
    cards = [
        resolver.Card(gpu.name, gpu.buffer_name, max(0, (gpu.uncapped or gpu.free) - gpu.overhead))
        for gpu in made.machine.gpus
    ]
    return resolver.places(made.argv, len(made.model.layers), parts, cards)


def _planned(made: Plan) -> dict[str, list[str]]:
    """The same from the plan's own placement."""
    slots, found = made.placement.slots, {}
    parts = [(t.name, None) for t in made.model.input]
    parts += [(t.name, layer.index) for layer in made.model.layers for t in layer.tensors]
    parts += [(t.name, -1) for t in made.model.output]
    buffers = [device.device.buffer_name for device in made.devices]
    for name, slot in parts:
        home = -1 if slot is None else slots[slot]
        home = home if slot is None else made.placement.overrides.get(name, home)
        found.setdefault(name, []).append("CPU" if home < 0 else buffers[home])
    return found


def _again(made: Plan, world: World, options: Options) -> Iterator[str]:
    line = launch(made.argv)
    line = replace(
        line, constraints=replace(line.constraints, op_offload_min_batch=min_batch(made.environment))
    )
    anew = plan(Request(world.model, world.machine, line, options))
    if anew.argv != made.argv:
        yield f"planned again: {' '.join(anew.argv)} and not {' '.join(made.argv)}"


def _unused(made: Plan) -> float | None:
    """The share of the devices' memory that is unused though experts wait on the CPU; None where none wait, or a user said so."""
    waiting = [layer for layer in made.layers if layer.experts is not None and "CPU" in _homes(layer.experts)]
    if not waiting or not made.devices or any(a.option.name in _PLACING for a in made.kept):
        return None
    left = sum(max(0, device.left) for device in made.devices)
    return left / sum(device.budget.free for device in made.devices)


def _homes(experts: object) -> set[str]:
    return {experts} if isinstance(experts, str) else set(experts.values())


_PLACING = {
    "--gpu-layers",
    "--n-gpu-layers",
    "--tensor-split",
    "--override-tensor",
    "--n-cpu-moe",
    "--cpu-moe",
    "--device",
    "--main-gpu",
    "--split-mode",
    "--no-kv-offload",
    "--fit-target",
}
