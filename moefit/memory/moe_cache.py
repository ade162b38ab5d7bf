"""The expert cache, --moe-cache-mib: slots in device memory for the experts of layers that keep them in RAM.

A layer takes part when all its expert matrices are in plain or pinned host memory and the layer itself is on a device.
Layers of one device whose experts have the same types and shapes are a group: they share its slots, each of which holds
one expert of one layer.

source: src/llama-moe-cache.cpp, llama_moe_cache::impl::impl (b11480 and later)
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from moefit.launch.resolve import f32
from moefit.machine.types import CPU
from moefit.memory.buffers import HOST, pad
from moefit.memory.cache_tensor import cache_type
from moefit.memory.memo import per_object
from moefit.memory.weights import REPACKABLE, loaded
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from moefit.launch.settings import Settings
    from moefit.machine.types import Device
    from moefit.model import Model, Tensor
    from moefit.placement.types import Placement

_MATRIX: Final = re.compile(r"blk[.]\d+[.]ffn_(gate_up|gate|up|down)_exps[.]weight")
_ORDER: Final = ("gate_up", "gate", "up", "down")
_ID: Final = 4
"""Bytes of an entry of a layer's slot map, one for each of its experts."""
MAX_BATCH: Final = 32
"""Tokens of the largest micro-batch that reads experts from the cache (llama_moe_cache::impl::max_batch)."""


_TENSORS_A_LAYER: Final = 9.5
_ROOM_FOR_LOOKUPS: Final = 12569


@lru_cache(4096)
def served(name: str) -> bool:
    """Whether a tensor is one whose experts a cache may hold: a matrix, not its bias (llama_moe_cache_layer_experts)."""
    return _MATRIX.fullmatch(name) is not None


def overflows(model: Model, cache_types: Iterable[str], build: int | None) -> bool:
    """Whether llama.cpp ends because a graph with the cache's lookups and a quantised KV cache's rotations is too small for them.

    It has eight nodes for each tensor, which is too few where layers with attention have few tensors. Of 66 models asked, b11549
    ends with dbrx (8.1 a layer) and starts with all that have 10 or more; the release notes of b12569, which mends it, name cohere2moe (9.0).
    source: src/llama-context.cpp, llama_context::graph_max_nodes
    """
    if build is not None and build >= _ROOM_FOR_LOOKUPS:
        return False
    if all(cache_type(name).block == 1 for name in cache_types):
        return False
    few = len(model.tensors) < _TENSORS_A_LAYER * len(model.layers)
    return few and all(any(".attn_q" in t.name for t in layer.tensors) for layer in model.layers)


@dataclass(frozen=True, slots=True)
class Group:
    """Layers that share slots."""

    device: int
    """Index of the device."""
    layers: tuple[int, ...]
    experts: int
    """Experts of one layer."""
    expert_bytes: int
    """Bytes of one expert: a slot."""
    slots: int
    """0 where its share of the cache is too small for the experts that one token uses: then nothing is cached."""
    bytes: int
    """What the slots take, one that stays unused included."""

    @property
    def resident(self) -> float:
        """The share of its experts that the slots hold."""
        return self.slots / (len(self.layers) * self.experts)


@dataclass(frozen=True, slots=True)
class MoeCache:
    """A launch's expert cache; it counts as context, as llama.cpp counts it."""

    groups: tuple[Group, ...] = ()
    devices: tuple[int, ...] = ()
    """Bytes on each device."""
    host: int = 0
    """Bytes of the slot maps, in RAM."""

    @property
    def too_small(self) -> bool:
        """It holds the experts of one token for no layer: llama.cpp does not start."""
        return not any(group.slots for group in self.groups)


@dataclass(frozen=True, slots=True)
class _Layer:
    """The expert matrices of a layer that may be cached."""

    index: int
    matrices: tuple[Tensor, ...]
    layout: object
    """Equal for layers that can share slots."""
    bytes: int


def moe_cache(
    model: Model, devices: Sequence[Device], settings: Settings, placement: Placement
) -> MoeCache | None:
    """The cache that a launch has; None where it is off, or no layer takes part.

    Its size is split among the devices that take part as -ts splits the layers: by the user's own, or by the layers on each
    device, which is what moefit writes.
    """
    if not settings.moe_cache or not devices or not model.experts:
        return None
    members = list(_members(model, devices, settings, placement))
    if not members:
        return None
    split = proportions(settings, placement, {device for device, _ in members}, len(devices))
    of_device = [sum(layer.bytes for device, layer in members if device == i) for i in range(len(devices))]
    shared = []
    for (device, _), layers in _grouped(members).items():
        bytes_of = sum(layer.bytes for layer in layers)
        # in this order, so that rounding falls as it does there
        budget = int(settings.moe_cache * split[device] / sum(split) * bytes_of / of_device[device])
        shared.append(_group(device, layers, budget, model.experts_used, devices[device].backend.alignment))
    if not any(group.slots for group in shared):
        return MoeCache(tuple(shared), (0,) * len(devices))
    return MoeCache(
        tuple(shared),
        tuple(sum(g.bytes for g in shared if g.device == i) for i in range(len(devices))),
        sum(len(g.layers) * pad(_ID * g.experts, HOST.alignment) for g in shared if g.slots),
    )


def groups(
    model: Model, devices: Sequence[Device], settings: Settings, placement: Placement
) -> tuple[Group, ...]:
    """The groups of a launch's cache; none without one."""
    cache = moe_cache(model, devices, settings, placement)
    return cache.groups if cache else ()


def _members(
    model: Model, devices: Sequence[Device], settings: Settings, placement: Placement
) -> Iterator[tuple[int, _Layer]]:
    """The layers that take part, with their devices."""
    repacks = settings.repack and not (
        settings.host_buffers and any(device.backend.host_buffer for device in devices)
    )
    for layer in _layers(model, settings.mtp):
        device = placement.slots[layer.index]
        homes = {placement.overrides.get(t.name, device) for t in layer.matrices}
        repacked = repacks and any(t.quant.name in REPACKABLE for t in layer.matrices)
        if device != CPU and homes == {CPU} and not repacked:
            yield device, layer


@per_object(8)
def _layers(model: Model, mtp: bool) -> tuple[_Layer, ...]:  # noqa: FBT001 - memoised by position
    """The loaded layers that have expert matrices."""
    found = []
    for index, tensors in enumerate(loaded(model, mtp).slots[:-1]):
        named = {m[1]: t for t in tensors if (m := _MATRIX.fullmatch(t.name))}
        if named:
            matrices = tuple(named[part] for part in _ORDER if part in named)
            layout = tuple((t.quant.name, t.shape) for t in matrices)
            found.append(_Layer(index, matrices, layout, sum(t.bytes for t in matrices)))
    return tuple(found)


def _grouped(members: Sequence[tuple[int, _Layer]]) -> dict[tuple[int, object], list[_Layer]]:
    groups: dict[tuple[int, object], list[_Layer]] = {}
    for device, layer in members:
        groups.setdefault((device, layer.layout), []).append(layer)
    return groups


def proportions(settings: Settings, placement: Placement, taking: set[int], count: int) -> list[float]:
    """The proportions in which devices get the cache; those without a layer that takes part get none."""
    known = tuple(map(f32, settings.tensor_split or ())) or tuple(
        float(placement.slots.count(i)) for i in range(count)
    )
    split = [known[i] if i in taking and i < len(known) else 0.0 for i in range(count)]
    return split if sum(split) else [float(i in taking) for i in range(count)]


def _group(device: int, layers: Sequence[_Layer], budget: int, used: int, alignment: int) -> Group:
    """As many slots as its budget holds, one more included that stays unused, and no more than there are experts."""
    matrices = layers[0].matrices
    experts = matrices[0].shape[2]
    expert_bytes = sum(_of_one(t) for t in matrices)
    slots = min(len(layers) * experts, max(0, budget // expert_bytes - 1))
    while slots > 0 and _size(matrices, slots, alignment) > budget:  # the padding of the matrices
        slots -= 1
    slots = slots if slots >= used else 0
    size = _size(matrices, slots, alignment) if slots else 0
    return Group(device, tuple(layer.index for layer in layers), experts, expert_bytes, slots, size)


def _size(matrices: Sequence[Tensor], slots: int, alignment: int) -> int:
    return sum(pad(_of_one(t) * (slots + 1), alignment) for t in matrices)


def _of_one(tensor: Tensor) -> int:
    """Bytes of one expert's matrix."""
    return tensor.quant.row_bytes(tensor.shape[0]) * tensor.shape[1]
