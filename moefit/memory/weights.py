"""Weights: what each tensor takes on the device that holds it.

source: src/llama-model.cpp, llama_model_base::load_tensors; src/llama-model-loader.cpp, create_tensor
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from moefit.machine.types import CPU
from moefit.memory.buffers import allocated, backend_at
from moefit.memory.hparams import hparams
from moefit.memory.memo import per_object
from moefit.model import Role
from moefit.model.architectures import architecture, is_known
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from moefit.launch.settings import Settings
    from moefit.machine.backends import Backend
    from moefit.machine.types import Device
    from moefit.model import Layer, Model, Tensor
    from moefit.placement.types import Placement

EMBEDDING = "token_embd.weight"
REPACKABLE = frozenset({"q2_K", "q4_0", "q4_K", "iq4_nl", "mxfp4"})
"""Types that an x86 CPU repacks (ggml_repack_get_optimal_repack_type in ggml/src/ggml-cpu/repack.cpp)."""


@dataclass(frozen=True, slots=True)
class SlotWeights:
    """The weights of one layer slot in a backend's buffer, in bytes."""

    base: int
    experts: tuple[tuple[str, int], ...]

    @property
    def total(self) -> int:
        """All of them."""
        return self.base + sum(size for _, size in self.experts)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What is loaded, and where it goes without overrides."""

    slots: tuple[tuple[Tensor, ...], ...]
    """Tensors of each slot, the output last; replicated ones left out."""
    homes: Mapping[str, int]
    """Slot of each of them, by name."""
    replicated: tuple[Tensor, ...]
    """Rope factors: every buffer that holds a block of `askers` gets a copy."""
    askers: tuple[int, ...]
    input: tuple[Tensor, ...]


@per_object(16)
def loaded(model: Model, mtp: bool) -> Loaded:  # noqa: FBT001 - memoised by position
    """The tensors that llama.cpp loads, by slot."""
    blocks = [_of_block(model, layer, mtp=mtp) for layer in model.layers]
    slots = (*(tuple(t for t in tensors if not t.replicated) for tensors in blocks), model.output)
    return Loaded(
        slots=slots,
        homes={t.name: slot for slot, tensors in enumerate(slots) for t in tensors},
        replicated=tuple(t for tensors in blocks for t in tensors if t.replicated),
        askers=_rope_askers(model),
        input=model.input,
    )


def _rope_askers(model: Model) -> tuple[int, ...]:
    """The blocks that ask for rope factors: all, but for Gemma 4 only those without a window."""
    if not architecture(model.architecture).rope_without_window:
        return tuple(range(len(model.layers)))
    return tuple(il for il, windowed in enumerate(hparams(model).windowed) if not windowed)


def _of_block(model: Model, layer: Layer, *, mtp: bool) -> tuple[Tensor, ...]:
    """A block's tensors; none of a nextn block unless multi-token prediction is asked for (TENSOR_SKIP)."""
    row = architecture(model.architecture)
    skipped = not mtp or row.never_loads_mtp
    if not (layer.mtp and skipped and is_known(model.architecture)):
        return layer.tensors
    if not row.mtp_anyway:
        return ()
    anyway = re.compile(rf"blk[.]\d+[.](?:{row.mtp_anyway})")
    return tuple(t for t in layer.tensors if anyway.match(t.name))


@per_object(64)
def slot_weights(model: Model, mtp: bool, backend: Backend) -> tuple[SlotWeights, ...]:  # noqa: FBT001
    """Each slot's weights in a buffer of `backend`."""
    sizes = tensor_sizes(model, mtp, backend)
    return tuple(
        SlotWeights(
            sum(sizes[t.name] for t in tensors if t.role is not Role.EXPERT),
            tuple((t.name, sizes[t.name]) for t in tensors if t.role is Role.EXPERT),
        )
        for tensors in loaded(model, mtp).slots
    )


@per_object(64)
def slot_totals(model: Model, mtp: bool, backend: Backend) -> tuple[int, ...]:  # noqa: FBT001
    """Each slot's weights, experts included."""
    return tuple(slot.total for slot in slot_weights(model, mtp, backend))


@per_object(64)
def tensor_sizes(model: Model, mtp: bool, backend: Backend) -> Mapping[str, int]:  # noqa: FBT001
    """Bytes of each slot's tensors in a buffer of `backend`, by name."""
    return {t.name: _size(t, backend) for tensors in loaded(model, mtp).slots for t in tensors}


def _size(tensor: Tensor, backend: Backend) -> int:
    return allocated(tensor.bytes, tensor.shape[0], tensor.quant, backend)


def weights(
    model: Model, devices: Sequence[Device], settings: Settings, placement: Placement
) -> tuple[tuple[int, ...], int]:
    """Bytes of weights: for each device, and for the host (pinned, plain and repacked buffers together)."""
    held = [0] * (len(devices) + 1)  # the host last, which CPU (-1) indexes
    known = loaded(model, settings.mtp)
    places = sorted({*placement.slots, *placement.overrides.values()})
    sizes = {i: tensor_sizes(model, settings.mtp, backend_at(devices, i)) for i in places}
    totals = {i: slot_totals(model, settings.mtp, backend_at(devices, i)) for i in {*placement.slots}}
    for slot, device in enumerate(placement.slots):
        held[device] += totals[device][slot]
    for name, device in placement.overrides.items():
        if name in known.homes:
            home = placement.slots[known.homes[name]]
            held[home] -= sizes[home][name]
            held[device] += sizes[device][name]
    pinned = settings.host_buffers and any(device.backend.host_buffer for device in devices)
    for tensor, device in (
        *_copies(known, placement),
        *_inputs(model, known, placement, repacked=not pinned),
    ):
        held[device] += _size(tensor, backend_at(devices, device))
    return tuple(held[:-1]), held[-1]


def _copies(known: Loaded, placement: Placement) -> list[tuple[Tensor, int]]:
    """Rope factors and the devices that get a copy."""
    wanted = {placement.slots[il] for il in known.askers}
    return [
        (tensor, device)
        for tensor in known.replicated
        for device in sorted({placement.overrides.get(tensor.name, device) for device in wanted})
    ]


def _inputs(model: Model, known: Loaded, placement: Placement, *, repacked: bool) -> list[tuple[Tensor, int]]:
    """Input tensors and where they live: the host, unless overridden.

    A tied embedding whose second copy is in the same buffer has no first one, but where the output is made before it. Where
    CPU weights are repacked, an output of a type that can be goes to a buffer of its own.
    """
    output = placement.overrides.get(EMBEDDING, placement.slots[-1])
    twice = architecture(model.architecture).output_first
    homes = [(tensor, placement.overrides.get(tensor.name, CPU)) for tensor in known.input]
    return [
        (tensor, home)
        for tensor, home in homes
        if not (model.tied and tensor.name == EMBEDDING and home == output)
        or twice
        or (repacked and home == CPU and tensor.quant.name in REPACKABLE)
    ]
