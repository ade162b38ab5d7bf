"""From the chosen candidate to a Plan: what is on each device, where each layer lives and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from moefit.cost import Prediction
from moefit.errors import Warn
from moefit.launch.complete import Completion
from moefit.launch.constraints import Constraints
from moefit.launch.environment import environment
from moefit.launch.patterns import Rule, match
from moefit.launch.translate import Dropped
from moefit.machine.types import CPU, Device
from moefit.memory.guest import Guest
from moefit.memory.types import Use
from moefit.model import Layer, Model, Role
from moefit.model.keys import KEYS
from moefit.placement.types import Placement
from moefit.planning.cache_remarks import cache_remarks
from moefit.planning.types import DevicePlan, LayerPlan, Plan, holds_weights
from moefit.planning.unknown_types import unknown_types
from moefit.search.candidate import Candidate
from moefit.search.ram import ram_left
from moefit.search.request import Request
from moefit.search.server_fit import BY_FIT
from moefit.search.settled import Settled
from moefit.sizes import format_size


def describe(request: Request, chosen: Candidate, found: Sequence[Candidate], completion: Completion) -> Plan:
    """The plan, with everything a reader may ask about it."""
    settled, constraints = chosen.settled, request.launch.constraints
    return Plan(
        fits=chosen.fits,
        strategy=chosen.strategy,
        model=request.model,
        machine=request.machine,
        settings=chosen.settings,
        placement=settled.placement,
        devices=device_plans(request.model, settled),
        host=settled.footprint.host,
        host_left=ram_left(request, settled),
        guests=settled.guests,
        layers=tuple(_layer_plans(request, settled)),
        prediction=chosen.prediction,
        candidates=tuple(found),
        shortfall=chosen.shortfall,
        ram_shortfall=chosen.ram_shortfall,
        argv=completion.argv if chosen.fits else (),
        environment=environment(chosen.settings, constraints) if chosen.fits else {},
        kept=completion.kept,
        added=completion.added if chosen.fits else (),
        dropped=completion.dropped,
        warnings=(
            *unknown_types(request.model),
            *map(_left_out, completion.dropped),
            *_kept_values(request.model, constraints),
            *_warnings(request, chosen),
            *cache_remarks(chosen, found),
        ),
        moe_cache=settled.footprint.moe_cache,
        inherited=completion.inherited,
    )


def device_plans(model: Model, settled: Settled) -> tuple[DevicePlan, ...]:
    """Each device with its memory, its layers and the layers whose experts it holds; then those that hold guests alone."""
    holding = tuple(
        DevicePlan(
            device=device,
            budget=budget,
            use=use,
            layers=tuple(i for i, owner in enumerate(settled.placement.slots[:-1]) if owner == index),
            expert_layers=tuple(
                layer.index
                for layer in model.layers
                if any(home(t.name, layer.index, settled.placement) == index for t in layer.experts)
            ),
            output=settled.placement.slots[-1] == index
            and all(settled.placement.overrides.get(t.name, index) == index for t in model.output),
            guests=_guests_on(settled, device),
        )
        for index, (device, budget, use) in enumerate(
            zip(settled.devices, settled.budgets, settled.footprint.devices, strict=True)
        )
    )
    alone = (
        DevicePlan(device, budget, Use(), (), (), output=False, guests=_guests_on(settled, device))
        for device, budget in settled.guest_devices
    )
    return (*holding, *alone)


def _guests_on(settled: Settled, device: Device) -> tuple[Guest, ...]:
    return tuple(guest for guest in settled.guests if guest.device == device.name)


def home(name: str, layer: int, placement: Placement) -> int:
    """Device index (or CPU) of a layer's tensor."""
    return placement.overrides.get(name, placement.slots[layer])


def _layer_plans(request: Request, settled: Settled) -> Iterator[LayerPlan]:
    model, constraints = request.model, request.launch.constraints
    placement, devices = settled.placement, settled.devices
    ruled = match(constraints.overrides, [t.name for layer in model.layers for t in layer.tensors])
    for layer in model.layers:
        homes = {_short(t.name): _name(home(t.name, layer.index, placement), devices) for t in layer.experts}
        places = set(homes.values())
        experts = None if not places else places.pop() if len(places) == 1 else homes
        base = _name(placement.slots[layer.index], devices)
        elsewhere = {
            _short(t.name): _name(placement.overrides[t.name], devices)
            for t in layer.tensors
            if t.role is not Role.EXPERT and t.name in placement.overrides
        }
        why = _why_not_open(layer, base, request, ruled)
        why = why or _why_there(model, base, experts, elsewhere)
        yield LayerPlan(layer.index, base, experts, why, elsewhere)


def _why_not_open(layer: Layer, base: str, request: Request, ruled: Mapping[str, Rule]) -> str | None:
    """The reason for where a layer is, in one clause, where somebody else decided or nothing has room; else None."""
    movable = layer.experts or layer.tensors
    rule = next((ruled[t.name] for t in movable if t.name in ruled), None)
    if layer.mtp:
        return "a multi-token-prediction block: loaded only with --spec-type draft-mtp"
    if base == "CPU":
        return _why_on_cpu(request)
    if rule is not None:
        what = "its experts follow" if layer.experts else "some of its tensors follow"
        whose = "llama.cpp's own fit" if rule.words == BY_FIT else f"your {' '.join(rule.words)}"
        return f"{what} {whose}"
    return None


def _why_on_cpu(request: Request) -> str:
    """The reason for a layer whose base is on no device."""
    wanted = request.launch.constraints
    if not request.machine.gpus:
        return "there is no GPU"
    if wanted.devices == ():
        return "-dev none leaves no device"
    if wanted.gpu_layers not in {None, "auto"}:
        return f"-ngl {wanted.gpu_layers} leaves it on the CPU"
    return "no device has room left for its attention and KV"


def _why_there(
    model: Model, base: str, experts: str | Mapping[str, str] | None, elsewhere: Mapping[str, str]
) -> str:
    """The reason for what the plan chose."""
    if elsewhere and experts is None:
        return "its FFN gives way, so that its attention and KV can stay"
    if experts is None or experts == base:
        return "all of it fits"
    if isinstance(experts, str) or not holds_weights(experts):
        read = f"{model.experts_used} of its {model.experts} experts"
        return f"a token reads {read} and all of its other weights: so its experts leave first"
    return "the room that was left holds some of its experts' tensors"


def _left_out(dropped: Dropped) -> Warn:
    return Warn("dropped", f"{dropped.shown} is left out: {dropped.why}")


def _kept_values(model: Model, constraints: Constraints) -> Iterator[Warn]:
    """`--override-kv` without an effect, of keys that a rule reads."""
    for override in constraints.kv_overrides:
        prefix, _, key = override.key.partition(".")
        read = prefix == model.architecture and key in KEYS
        if read and model.hparams.values.get(key) != override.value:
            why = (
                "llama.cpp keeps the file's value: it is of another type or a list, or an earlier one counts"
            )
            yield Warn("no-override", f"--override-kv {override.key}: {why}")


def _warnings(request: Request, chosen: Candidate) -> Iterator[Warn]:
    for text in request.machine.warnings:
        yield Warn("machine", text)
    for note in chosen.settled.footprint.notes:
        yield Warn("estimate", note)
    for note in dict.fromkeys(guest.note for guest in chosen.settled.guests if guest.note):
        yield Warn("estimate", note)
    if chosen.fits:
        yield from _paging(request, chosen)
    if request.model.truncated:
        yield truncated(request.model)


def _paging(request: Request, chosen: Candidate) -> Iterator[Warn]:
    """A mapped file that RAM cannot hold: now, or once saved prompts have grown."""
    missing = -ram_left(request, chosen.settled)
    if missing > chosen.settled.footprint.host.cache:
        yield Warn(
            "paging",
            "the weights on the CPU are larger than the RAM that is free: they are read from disk again and again, "
            f"{_share_of_paging(chosen.prediction):.0%} of the time",
            "a smaller file or more RAM makes it many times faster: `moefit compare -hf user/repo` lists files, --ram +8GiB plans with more",
        )
    elif missing > 0:
        yield Warn(
            "paging",
            f"once saved prompts and checkpoints have grown, {format_size(missing)} of the weights on the CPU "
            "are read from disk again and again",
            "-cram 0 keeps none; `moefit plan` says how large it may be",
        )


def _share_of_paging(prediction: Prediction) -> float:
    paging = sum(term.seconds for term in prediction.terms if term.name == "paging")
    return paging / sum(term.seconds for term in prediction.terms)


def truncated(model: Model) -> Warn:
    """A file that is shorter than its header says."""
    return Warn(
        "truncated",
        f"{model.path}: the file is shorter than its header says",
        "an unfinished download, or a header alone: enough to plan, not to run",
    )


def _name(index: int, devices: Sequence[Device]) -> str:
    return "CPU" if index == CPU else devices[index].name


def _short(name: str) -> str:
    """`ffn_up_exps` of `blk.3.ffn_up_exps.weight`."""
    return name.split(".", 2)[-1].removesuffix(".weight")
