"""Draft models, LoRA adapters and control vectors: what each takes on the devices that hold it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from moefit.launch.resolve import fixed_tensors, free, slot_devices
from moefit.machine.types import CPU
from moefit.memory.buffers import allocated, backend_at, pad
from moefit.memory.footprint import footprint
from moefit.memory.guest import Guest
from moefit.memory.host import output_buffer
from moefit.memory.kv import kv
from moefit.memory.projector import ImageTokens, mmproj
from moefit.memory.rough import rough_compute
from moefit.memory.types import Footprint, HostUse, Use
from moefit.memory.weights import weights
from moefit.model.architectures import architecture
from moefit.placement.types import Placement
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moefit.gguf.header import Header
    from moefit.launch.constraints import Constraints
    from moefit.launch.patterns import Rule
    from moefit.launch.settings import Settings
    from moefit.machine.types import Device
    from moefit.model import Model

CPU_NAME = "CPU"
FLOAT = 4
DRAFT = "the draft model"
WHOLE_BLOCKS = frozenset({"draft-dflash", "draft-dspark"})


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a line beside its model, as their headers describe them."""

    mmproj: Header | None = None
    draft: Model | None = None
    loras: tuple[Header, ...] = ()


def guests(
    constraints: Constraints, files: Files, model: Model, devices: Sequence[Device], settings: Settings
) -> tuple[Guest, ...]:
    """Everything that a line loads beside its model.

    Adapters and control vectors follow the model's tensors; where those are still to be placed, all are taken to be on the
    devices, as far as the line lets them.

    Args:
        constraints: the line.
        files: what it names.
        model: the main model.
        devices: those that llama.cpp will use, in its order.
        settings: the main model's.

    Raises:
        UsageError: an override names a buffer that no device has, or images cannot be as large as the line wants.
    """
    shares = [free(device) for device in devices]
    layers, split = constraints.gpu_layers, constraints.tensor_split
    placement = Placement(
        slot_devices(model.slots, layers, split, shares),
        fixed_tensors(constraints.overrides, devices, (tensor.name for tensor in model.tensors)),
    )
    found: list[Guest] = []
    if files.mmproj is not None:
        device = _projector_device(constraints, devices)
        flash = settings.flash_attention != "off"
        tokens = ImageTokens(constraints.image_min_tokens, constraints.image_max_tokens)
        found.append(mmproj(files.mmproj, device, flash_attention=flash, image_tokens=tokens))
    if files.draft is not None:
        named = constraints.draft_devices
        own = devices if named is None else [d for d in devices if d.name in named]
        found += draft(
            files.draft,
            own,
            settings,
            constraints.draft_gpu_layers,
            split,
            constraints.draft_overrides,
            blocks=not WHOLE_BLOCKS.isdisjoint(constraints.spec_types),
            bound=_bound(files.draft, model, devices, settings, placement),
        )
    for header in files.loras:
        found += lora(header, model, devices, placement)
    for _ in constraints.control_vectors[:1]:  # several add up in one
        found += control_vector(model, devices, placement)
    return tuple(found)


def _projector_device(constraints: Constraints, devices: Sequence[Device]) -> str:
    """`--mmproj-device`, or else the first device; the CPU with `--no-mmproj-offload`."""
    if not constraints.mmproj_offload or not devices:
        return CPU_NAME
    return constraints.mmproj_device or devices[0].name


def draft(
    model: Model,
    devices: Sequence[Device],
    main: Settings,
    gpu_layers: int | str | None = None,
    tensor_split: Sequence[float] | None = None,
    rules: Sequence[Rule] = (),
    *,
    blocks: bool = False,
    bound: Footprint | None = None,
) -> tuple[Guest, ...]:
    """A draft model beside the main one, on each device that it uses.

    It has as many slots and as much context as the main model, one output a slot, and caches of its own types, or those of
    the main model. A file of multi-token-prediction blocks runs these alone.

    source: common/speculative.cpp, common_base_params_to_speculative and common_speculative_init_result

    Args:
        model: the draft model.
        devices: `-devd`, or else the main model's.
        main: the main model's settings.
        gpu_layers: `-ngld`.
        tensor_split: `-ts`, which the draft model inherits.
        rules: `-otd`, `-cmoed`, `-ncmoed`.
        blocks: it drafts all of its tokens in one pass, so that each is an output.
        bound: of a model with blocks like its own, whose compute buffers are no smaller.

    Raises:
        UsageError: a rule names a buffer that no device has.
    """
    borrows = architecture(model.architecture).borrows_kv
    settings = replace(
        main,
        cache_type_k=main.cache_type_k if borrows else main.draft_cache_type_k,
        cache_type_v=main.cache_type_v if borrows else main.draft_cache_type_v,
        draft_tokens=main.model_draft_tokens if blocks else 0,
        rollback_tokens=0,
        embeddings=False,
        cache_ram=0,
        context_checkpoints=0,
    )
    slots = slot_devices(model.slots, gpu_layers, tensor_split, [free(device) for device in devices])
    moved = fixed_tensors(rules, devices, (tensor.name for tensor in model.tensors))
    placement = Placement(slots, moved)
    heads = main.mtp and any(layer.mtp for layer in model.layers)
    settings = replace(settings, mtp=heads)
    if heads:
        used = _heads(model, devices, settings, placement, bound)
    else:
        used = footprint(model, devices, settings, placement)
    note = f"{DRAFT}: {'; '.join(used.notes)}" if used.notes else ""
    found = [
        Guest("draft", device.name, use.model, use.context, use.compute, settings.ubatch, note)
        for device, use in zip(devices, used.devices, strict=True)
    ]
    on_host = used.host.compute + used.host.output
    host = Guest("draft", CPU_NAME, used.host.loaded, used.host.context, on_host, settings.ubatch, note)
    return tuple(guest for guest in (*found, host) if guest.total)


def _bound(
    draft: Model, model: Model, devices: Sequence[Device], settings: Settings, placement: Placement
) -> Footprint | None:
    """The main model's memory, where the draft model holds prediction blocks of that very model."""
    if not (settings.mtp and devices and draft.architecture == model.architecture):
        return None
    return footprint(model, devices, settings, placement)


def _heads(
    model: Model,
    devices: Sequence[Device],
    settings: Settings,
    placement: Placement,
    bound: Footprint | None,
) -> Footprint:
    """What multi-token-prediction blocks take: caches of theirs alone; their compute buffers are bounded."""
    model_on, model_host = weights(model, devices, settings, placement)
    with_heads, host_with = kv(model, devices, settings, placement)
    without, host_without = kv(model, devices, replace(settings, mtp=False), placement)
    compute_on, compute_host = rough_compute(model, devices, settings, placement)
    if bound is not None and CPU not in {*placement.slots, *placement.overrides.values()}:
        most = max(use.compute for use in bound.devices)
        compute_on = tuple(min(size, most) for size in compute_on)
        compute_host = min(compute_host, bound.host.compute * 6 // 5)
    return Footprint(
        tuple(
            Use(held, both - trunk, compute)
            for held, both, trunk, compute in zip(model_on, with_heads, without, compute_on, strict=True)
        ),
        HostUse(model_host, host_with - host_without, compute_host, output=output_buffer(model, settings)),
        notes=(f"{model.architecture}: compute buffers of its prediction blocks are a bound",),
    )


def lora(header: Header, model: Model, devices: Sequence[Device], placement: Placement) -> tuple[Guest, ...]:
    """An adapter: its matrices lie where the tensors lie that they change.

    source: src/llama-adapter.cpp, llama_adapter_lora_init_impl
    """
    homes = {t.name: placement.slots[layer.index] for layer in model.layers for t in layer.tensors}
    homes |= {t.name: placement.slots[-1] for t in model.output}
    homes |= dict(placement.overrides)
    held = [0] * (len(devices) + 1)
    for tensor in header.tensors:
        changed = tensor.name.removesuffix(".lora_a").removesuffix(".lora_b")
        home = homes.get(changed, CPU)
        held[home] += allocated(tensor.bytes, tensor.shape[0], tensor.quant, backend_at(devices, home))
    return _spread("lora", devices, held)


def control_vector(model: Model, devices: Sequence[Device], placement: Placement) -> tuple[Guest, ...]:
    """A direction for every block but the first, where that block lies.

    source: src/llama-adapter.cpp, llama_adapter_cvec::init
    """
    row = FLOAT * model.embedding
    held = [0] * (len(devices) + 1)
    for layer in model.layers[1:]:
        if not layer.mtp:
            home = placement.slots[layer.index]
            held[home] += pad(row, backend_at(devices, home).alignment)
    return _spread("control-vector", devices, held)


def _spread(kind: str, devices: Sequence[Device], held: Sequence[int]) -> tuple[Guest, ...]:
    names = [*(device.name for device in devices), CPU_NAME]
    return tuple(Guest(kind, name, model=size) for name, size in zip(names, held, strict=True) if size)
