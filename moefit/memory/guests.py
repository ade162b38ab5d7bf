"""Draft models, LoRA adapters and control vectors: what each takes on the devices that hold it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from moefit.launch.resolve import device_named, device_order, fixed_tensors, free, slot_devices
from moefit.machine.types import CPU
from moefit.memory.buffers import FLOAT, allocated, backend_at, pad
from moefit.memory.dummy_load import dummy_compute
from moefit.memory.footprint import footprint, most_of_draft
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
DRAFT = "the draft model"
BLOCK_DRAFTERS = frozenset({"draft-dflash", "draft-dspark"})


@dataclass(frozen=True, slots=True)
class GuestFiles:
    """The files of a line beside its model, as their headers describe them."""

    mmproj: Header | None = None
    draft: Model | None = None
    loras: tuple[Header, ...] = ()
    control_vectors: tuple[Header | None, ...] = ()
    """None for one that cannot be read: llama-server goes on without it."""


def guests(
    line: Constraints,
    files: GuestFiles,
    model: Model,
    gpus: Sequence[Device],
    devices: Sequence[Device],
    settings: Settings,
    placement: Placement,
) -> tuple[Guest, ...]:
    """Everything that a line loads beside its model.

    Args:
        line: the line with all that places something: `-dev` and `-ts` move the projector and the draft model, too.
        files: what it names.
        model: the main model.
        gpus: all of the machine's, in llama.cpp's order.
        devices: those that the main model uses.
        settings: the main model's.
        placement: the main model's; adapters and control vectors lie with its tensors.

    Raises:
        UsageError: the line names a device or a buffer that is not there, or images cannot be as large as it wants.
    """
    found: list[Guest] = []
    if files.mmproj is not None:
        device = projector_device(line, gpus)
        flash = settings.flash_attention != "off"
        tokens = ImageTokens(line.image_min_tokens, line.image_max_tokens)
        found.append(mmproj(files.mmproj, device, flash_attention=flash, image_tokens=tokens))
    if files.draft is not None:
        found += draft(
            files.draft,
            draft_devices(line, gpus, devices),
            settings,
            line.draft_gpu_layers,
            line.tensor_split,
            line.draft_overrides,
            blocks=not BLOCK_DRAFTERS.isdisjoint(line.spec_types),
            bound=_bound(files.draft, model, devices, settings, placement),
        )
    for header in files.loras:
        found += lora(header, model, devices, placement)
    for _ in line.control_vectors[:1]:  # several add up in one
        found += control_vector(model, devices, placement)
    return tuple(found)


def projector_device(line: Constraints, gpus: Sequence[Device]) -> str:
    """Where the projector runs: `--mmproj-device`, else the first of `-dev`, else the first GPU that is registered.

    source: common/arg.cpp, common_params_parse_ex (mmproj_device); tools/mtmd/clip.cpp, clip_ctx::clip_ctx
    """
    if not line.mmproj_offload:
        return CPU_NAME
    if line.mmproj_device is not None:
        return gpus[device_named(line.mmproj_device, gpus, "--mmproj-device")].name
    if line.devices is not None:
        return gpus[device_named(line.devices[0], gpus)].name if line.devices else CPU_NAME
    order = sorted(gpus, key=lambda gpu: (gpu.integrated, gpu.backend.name == "RPC"))
    return order[0].name if order else CPU_NAME


def draft_devices(line: Constraints, gpus: Sequence[Device], devices: Sequence[Device]) -> tuple[Device, ...]:
    """The draft model's: `-devd`, else the main model's; of them one with `-sm none`.

    source: common/speculative.cpp, common_base_params_to_speculative
    """
    if line.draft_devices is None:
        return tuple(devices)
    return tuple(gpus[i] for i in device_order(replace(line, devices=line.draft_devices), gpus))


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
    slots = slot_devices(model.slots, gpu_layers, tensor_split, [free(device) for device in devices])
    moved = fixed_tensors(rules, devices, (tensor.name for tensor in model.tensors))
    placement = Placement(slots, moved)
    settings = _draft_settings(model, main, blocks=blocks, overridden=bool(rules))
    if settings.mtp:
        used = _heads(model, devices, settings, placement, bound)
    else:
        used = _separate(model, devices, settings, placement)
    note = f"{DRAFT}: {'; '.join(used.notes)}" if used.notes else ""
    found = [
        Guest("draft", device.name, use.model, use.context, use.compute, note)
        for device, use in zip(devices, used.devices, strict=True)
    ]
    on_host = used.host.compute + used.host.output
    host = Guest("draft", CPU_NAME, used.host.loaded, used.host.context, on_host, note)
    return tuple(guest for guest in (*found, host) if guest.total)


def _draft_settings(model: Model, main: Settings, *, blocks: bool, overridden: bool) -> Settings:
    """The launch as the draft model's context has it."""
    borrows = architecture(model.architecture).borrows_kv
    return replace(
        main,
        cache_type_k=main.cache_type_k if borrows else main.draft_cache_type_k,
        cache_type_v=main.cache_type_v if borrows else main.draft_cache_type_v,
        draft_tokens=main.model_draft_tokens if blocks else 0,
        rollback_tokens=0,
        embeddings=False,
        cache_ram=0,
        context_checkpoints=0,
        overridden=overridden,
        mtp=main.mtp and any(layer.mtp for layer in model.layers),
    )


def _separate(model: Model, devices: Sequence[Device], settings: Settings, placement: Placement) -> Footprint:
    """A draft model's memory: of a run and a dummy load, which tells what a server is given, the larger compute buffers."""
    used = footprint(model, devices, settings, placement)
    told = dummy_compute(model, devices, settings, placement)
    on = tuple(
        replace(use, compute=max(use.compute, dummy.compute))
        for use, dummy in zip(used.devices, told.devices, strict=True)
    )
    return replace(used, devices=on)


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
        compute_host = min(compute_host, most_of_draft(bound.host.compute))
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
