"""What llama.cpp's fit makes of a user's line: the line and the machine in the fit's terms, and its answer as a line again.

source: common/common.cpp, common_init_result; tools/server/server-context.cpp, load_model (the projector's margin);
tools/llama-bench/llama-bench.cpp, whose fit is off unless a line asks for it
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Final

from moefit.launch.constraints import Constraints
from moefit.launch.defaults import settings
from moefit.launch.patterns import CPU_BUFFER, Rule
from moefit.launch.resolve import device_order, fixed_tensors, free, slot_devices
from moefit.launch.settings import SMALLEST_CONTEXT, Settings
from moefit.machine.types import CPU, Device, Machine
from moefit.memory.dummy_load import combined, dummy_compute, dummy_heads, weights_and_caches
from moefit.memory.guest import Guest
from moefit.memory.guests import GuestFiles, guests
from moefit.memory.memo import per_object
from moefit.memory.types import Footprint, HostUse, Use
from moefit.model import Model
from moefit.placement.types import Placement
from moefit.search.llama_fit import ALL_EXPERTS, MARGIN, ContextRange, FitLine, Fitted, Where, llama_fit
from moefit.search.llama_fit_layers import Assignment, Moved, Overflow, pattern_of

BY_FIT: Final = ("--fit",)
"""The words of overrides that the fit makes."""
_DEVICES: Final = 16
"""source: src/llama.cpp, llama_max_devices"""


def fits_itself(constraints: Constraints) -> bool:
    """Whether the program runs its fit for this line."""
    if constraints.program == "llama-bench":
        return constraints.fit_target is not None or constraints.fit_context is not None
    return constraints.fit is not False


def server_fit(
    model: Model,
    machine: Machine,
    constraints: Constraints,
    files: GuestFiles,
    buffers: Mapping[str, int] | None = None,
) -> Fitted:
    """What the fit makes of a line; of `-sm tensor` nothing.

    With `buffers` as if compute buffers took so many bytes of each device, by its name, and nothing were loaded beside the model:
    no graph is measured.

    Raises:
        UsageError: the line names a device or a buffer that the machine has not.
    """
    line = fit_line(model, machine, constraints, files)
    if constraints.split_mode == "tensor":
        return Fitted(line.contexts.asked or line.contexts.most, gave_up="-sm tensor")
    if buffers is not None:
        devices = [machine.gpus[i].name for i in device_order(constraints, machine.gpus)]
        compute = Footprint(tuple(Use(compute=buffers.get(name, 0)) for name in devices), HostUse())
        at_least = line.at_least
        line = replace(line, measure=lambda *where: combined(at_least(*where), compute))
    return llama_fit(line)


def fit_line(model: Model, machine: Machine, constraints: Constraints, files: GuestFiles) -> FitLine:
    """The line and the machine as the fit sees them."""
    devices = tuple(machine.gpus[i] for i in device_order(constraints, machine.gpus))
    given = settings(constraints, context=model.trained_context or SMALLEST_CONTEXT, devices=devices)
    layers = constraints.gpu_layers
    at_least, measure = _measures(model, machine, devices, constraints, files)
    return FitLine(
        free=tuple(map(free, devices)),
        margins=_margins(machine, constraints, files, model, devices, given),
        ram=machine.ram.total,
        contexts=_contexts(model, constraints, given),
        blocks=sum(given.mtp or not layer.mtp for layer in model.layers),
        routed=model.experts > 0,
        gpu_layers=layers if isinstance(layers, int) else None,
        refusal=next(_refusals(constraints, len(devices)), None),
        at_least=at_least,
        measure=measure,
    )


def as_fitted(constraints: Constraints, fitted: Fitted, devices: Sequence[Device]) -> Constraints:
    """The line with what the fit sets."""
    assigned = fitted.assignment
    if assigned is None:
        return replace(constraints, context=fitted.context)
    split = assigned.tensor_split
    return replace(
        constraints,
        context=fitted.context,
        gpu_layers=assigned.gpu_layers,
        tensor_split=tuple(map(float, split)) if split else constraints.tensor_split,
        overrides=tuple(
            Rule(m.pattern, CPU_BUFFER if m.device == CPU else devices[m.device].buffer_name, BY_FIT)
            for m in assigned.moved
        ),
    )


def fit_placement(
    model: Model, constraints: Constraints, devices: Sequence[Device], where: Where
) -> Placement:
    """Where an assignment of the fit puts everything; without one, where the line does."""
    layers, split = constraints.gpu_layers, constraints.tensor_split
    moved: Mapping[str, int]
    if isinstance(where, Assignment):
        layers, split = where.gpu_layers, where.tensor_split or split
        moved = {name: m.device for m in where.moved for name in _taken(model, m)}
    elif where == ALL_EXPERTS:
        moved = {tensor.name: CPU for layer in model.layers for tensor in layer.experts}
    else:
        moved = fixed_tensors(constraints.overrides, devices, (tensor.name for tensor in model.tensors))
    return Placement(slot_devices(model.slots, layers, split, list(map(free, devices))), moved)


def _taken(model: Model, moved: Moved) -> Iterator[str]:
    if moved.layer < len(model.layers):
        yield from _of_layer(model, moved.layer, moved.what)


@per_object(512)
def _of_layer(model: Model, layer: int, what: Overflow) -> tuple[str, ...]:
    """The tensors of a layer that the fit's pattern takes."""
    found = re.compile(pattern_of(r"\d+", what)).search
    return tuple(t.name for t in model.layers[layer].tensors if found(t.name))


def _contexts(model: Model, constraints: Constraints, given: Settings) -> ContextRange:
    asked = constraints.context
    if asked is None and constraints.kv_unified_per_slot:
        asked = given.context
    streams = 1 if given.kv_unified else given.slots
    least = constraints.fit_context or SMALLEST_CONTEXT
    return ContextRange(
        asked or None,
        (model.trained_context or SMALLEST_CONTEXT) * streams,
        None if asked == 0 else least * streams,
        streams,
    )


def _refusals(constraints: Constraints, devices: int) -> Iterator[str]:
    """What the line places itself, in the order in which the fit looks."""
    if constraints.gpu_layers not in {None, "auto"}:
        yield f"-ngl {constraints.gpu_layers}"
    if devices > 1:
        if any(constraints.tensor_split or ()):
            yield "-ts"
        if constraints.split_mode == "row":
            yield "-sm row"
    if constraints.overrides:
        yield " ".join(constraints.overrides[0].words) or "-ot"


def _margins(
    machine: Machine,
    constraints: Constraints,
    files: GuestFiles,
    model: Model,
    devices: Sequence[Device],
    given: Settings,
) -> tuple[int, ...]:
    """`-fitt`, and what the projector takes.

    That is added by the device's place among all that llama.cpp knows, its processors included, although the fit reads margins
    by their place among those that it uses.
    """
    asked = constraints.fit_target or (MARGIN,)
    margins = [*asked * _DEVICES] if len(asked) == 1 else [*asked, *(MARGIN,) * (_DEVICES - len(asked))]
    if files.mmproj is not None:
        projector = replace(files, draft=None, loras=())
        places = _registry(machine.gpus)
        alone = replace(constraints, control_vectors=())
        everywhere = fit_placement(model, constraints, devices, None)
        for guest in guests(alone, projector, model, machine.gpus, devices, given, everywhere):
            if (place := places.get(guest.device, _DEVICES)) < _DEVICES:
                margins[place] += guest.total
    return tuple(margins)


def _registry(gpus: Sequence[Device]) -> Mapping[str, int]:
    """Each device's place: those of RPC servers come last, for `--rpc` adds them.

    source: ggml/src/ggml-backend-reg.cpp, ggml_backend_registry and ggml_backend_register
    """
    remote = [gpu.name for gpu in gpus if gpu.backend.name == "RPC"]
    local = [gpu.name for gpu in gpus if gpu.backend.name != "RPC"]
    return {name: place for place, name in enumerate((*local, CPU_BUFFER, *remote))}


_Measure = Callable[[int, Where], Footprint]


def _measures(
    model: Model, machine: Machine, devices: Sequence[Device], constraints: Constraints, files: GuestFiles
) -> tuple[_Measure, _Measure]:
    """Weights and caches of a dummy load; and all of it, with the draft's or the prediction blocks', which is measured once for a context."""

    def sized(context: int) -> Settings:
        unset = replace(constraints, context=None, kv_unified_per_slot=None)
        return settings(unset, context=context, load_mode="none", devices=devices)

    @cache
    def extra(context: int) -> Footprint | None:
        launch, everywhere = sized(context), fit_placement(model, constraints, devices, None)
        if files.draft is not None:
            alone = replace(constraints, control_vectors=())
            draft = GuestFiles(draft=files.draft)
            return _on_devices(
                guests(alone, draft, model, machine.gpus, devices, launch, everywhere), devices
            )
        if launch.mtp:
            return dummy_heads(model, devices, launch, everywhere)
        return None

    @cache
    def placed(context: int, where: Where) -> tuple[Settings, Placement]:
        ruled = bool(where.moved if isinstance(where, Assignment) else where or constraints.overrides)
        launch = replace(sized(context), overridden=ruled)
        return launch, fit_placement(model, constraints, devices, where)

    @cache
    def at_least(context: int, where: Where) -> Footprint:
        return weights_and_caches(model, devices, *placed(context, where))

    @cache
    def measure(context: int, where: Where) -> Footprint:
        buffers, more = dummy_compute(model, devices, *placed(context, where)), extra(context)
        own = combined(at_least(context, where), buffers)
        return own if more is None else combined(own, more)

    return at_least, measure


def _on_devices(found: Sequence[Guest], devices: Sequence[Device]) -> Footprint:
    def use(device: str) -> Use:
        mine = [e for e in found if e.device == device]
        return Use(sum(e.model for e in mine), sum(e.context for e in mine), sum(e.compute for e in mine))

    host = use(CPU_BUFFER)
    return Footprint(
        tuple(use(device.name) for device in devices), HostUse(host.model, host.context, host.compute)
    )
