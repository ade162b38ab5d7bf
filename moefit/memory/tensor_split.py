"""`-sm tensor`: every device has a part of each matrix and of each cache, cut at whole heads and blocks, to the byte.

source: src/llama-model.cpp, llama_meta_device_get_split_state; ggml/src/ggml-backend-meta.cpp
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from moefit.launch.resolve import f32
from moefit.machine.types import CPU
from moefit.memory.buffers import allocated
from moefit.memory.footprint import footprint
from moefit.memory.hparams import hparams
from moefit.memory.kv import layer_tensors
from moefit.memory.types import Footprint, Use
from moefit.memory.weights import loaded
from moefit.model import Role
from moefit.model.architectures import architecture, is_known
from moefit.placement.types import Placement
from moefit.values import dataclass

if TYPE_CHECKING:
    from moefit.launch.settings import Settings
    from moefit.machine.types import Device
    from moefit.model import Model, Tensor

_WIDE: Final = 128
"""Elements to which cuts of heads and of FFN rows are rounded where that leaves no device without any."""
_MATRIX: Final = 2
"""Dimensions of a matrix."""
_MIRRORED: Final = -1
"""Of an axis: every device has all of it (GGML_BACKEND_SPLIT_AXIS_MIRRORED)."""


@dataclass(frozen=True, slots=True)
class Cut:
    """How one tensor is divided."""

    axis: int
    """0: its rows are cut; 1: so many rows each; _MIRRORED: each device has all."""
    segments: tuple[tuple[int, int, int], ...] = ()
    """Elements or rows, how many times, and the multiple that parts have."""
    rotation: int = 0
    """Which device is the first to be rounded down."""


def tensor_split(
    model: Model,
    devices: Sequence[Device],
    settings: Settings,
    placement: Placement,
    split: Sequence[float] | None,
) -> Footprint | None:
    """What a launch takes; None for models whose layers keep a state, a compressed cache or none, which are cut by rules of their own.

    Args:
        model: as its header describes it.
        devices: those that share every layer.
        settings: the launch.
        placement: slots that are on devices, whichever, and what is overridden to the CPU.
        split: `-ts`; without it all parts are equal, whatever is free.
    """
    h, row = hparams(model), architecture(model.architecture)
    of_its_own = h.compress or row.repeats or not is_known(model.architecture)  # as deepseek4 and hrm_text
    if of_its_own or h.mla or any(h.state) or any(h.indexer) or settings.mtp:
        return None
    alone = replace(
        placement,
        slots=tuple(min(place, 0) for place in placement.slots),
        overrides={name: CPU for name, place in placement.overrides.items() if place == CPU},
    )
    if not all(_has_heads(model, tensor.layer) for tensor in _on_devices(model, settings, alone)):
        return None
    single = footprint(model, devices[:1], settings, alone)
    shares = [*(split or ()), *(0.0 for _ in devices)][: len(devices)]
    held = [[0, 0] for _ in devices]
    for tensor in _on_devices(model, settings, alone):
        _add(held, 0, _parts(tensor, _cut(model, tensor, len(devices)), shares, devices))
    _add_caches(held, model, devices, settings, alone, shares)
    [use] = single.devices
    return replace(single, devices=tuple(Use(m, c, use.compute) for m, c in held))


def _add_caches(
    held: list[list[int]],
    model: Model,
    devices: Sequence[Device],
    settings: Settings,
    alone: Placement,
    shares: Sequence[float],
) -> None:
    """Add what each device has of the caches of layers that are on devices."""
    for index, (place, caches) in enumerate(zip(alone.slots, layer_tensors(model, settings), strict=False)):
        if place == CPU or not settings.kv_offload or not caches:
            continue
        for cache, grain in zip(caches, _cache_grains(model, index, len(devices)), strict=True):
            parts = _divided(((cache.row, 1, grain),), shares, _rotation(model, index, len(devices)))
            sizes = [
                replace(cache, row=n).bytes_in(d.backend) if n else 0
                for n, d in zip(parts, devices, strict=True)
            ]
            _add(held, 1, sizes)


def _has_heads(model: Model, layer: int | None) -> bool:
    """Whether a layer has a cache of its own with heads to cut at; true of what lies in no layer."""
    if layer is None:
        return True
    return hparams(model).attention[layer] is not None and model.hparams.kv_heads(layer) > 0


def _add(held: list[list[int]], term: int, sizes: Sequence[int]) -> None:
    for sums, size in zip(held, sizes, strict=True):
        sums[term] += size


def _on_devices(model: Model, settings: Settings, placement: Placement) -> Iterator[Tensor]:
    """The tensors that are not on the CPU; of a tied output the second copy."""
    known = loaded(model, settings.mtp)
    for slot, tensors in enumerate(known.slots):
        if placement.slots[slot] != CPU:
            yield from (t for t in tensors if placement.overrides.get(t.name) != CPU)
    if any(placement.slots[index] != CPU for index in known.askers):
        yield from known.replicated


def _parts(tensor: Tensor, cut: Cut, shares: Sequence[float], devices: Sequence[Device]) -> list[int]:
    """Bytes of a tensor on each device."""
    row, rest = tensor.shape[0], math.prod(tensor.shape[1:])
    if cut.axis == _MIRRORED:
        pieces = [(row, rest)] * len(devices)
    else:
        parts = _divided(cut.segments, shares, cut.rotation)
        pieces = [(n, rest) if cut.axis == 0 else (row, rest // tensor.shape[1] * n) for n in parts]
    return [
        allocated(tensor.quant.row_bytes(n) * rows, n, tensor.quant, device.backend) if n * rows else 0
        for (n, rows), device in zip(pieces, devices, strict=True)
    ]


def _divided(segments: Sequence[tuple[int, int, int]], shares: Sequence[float], rotation: int) -> list[int]:
    """The elements of each device, as llama.cpp cuts them in single precision."""
    count = len(shares)
    order = [(index + rotation) % count for index in range(count)]
    sums: list[float] = []
    for index in order:
        sums.append(f32((sums[-1] if sums else 0.0) + f32(shares[index])))
    parts = [0] * count
    for size, times, grain in segments:
        low = 0
        for index, (device, upto) in enumerate(zip(order, sums, strict=True)):
            high = size * (index + 1) // count if not sums[-1] else int(f32(f32(f32(size) * upto) / sums[-1]))
            high = size if index == count - 1 else high - high % grain
            parts[device] += (high - low) * times
            low = high
    return parts


def _rotation(model: Model, layer: int, count: int) -> int:
    """Layers of the same kind before this one, so that roundings do not always favour one device."""
    windowed = hparams(model).windowed or (False,) * len(model.layers)
    return windowed[:layer].count(windowed[layer]) % count


@dataclass(frozen=True, slots=True)
class _Heads:
    """Multiples of a layer's attention."""

    query: int
    key: int
    value: int
    head: int
    """For what has one value a head."""
    out: int


def _heads(model: Model, layer: int, count: int) -> _Heads:
    """source: llama_meta_device_get_split_state, get_split_granularity."""
    attention = hparams(model).attention[layer]
    assert attention is not None
    heads = model.hparams.each("attention.head_count")[layer]
    groups = model.hparams.kv_heads(layer)
    key, value = attention.key // groups, attention.value // groups
    query = heads // groups * key
    block = _block_size(model, layer, ("attn_output",))
    while block < _WIDE and block * count < query:
        block *= 2
    grain = math.lcm(query, block)
    of_key = grain // (heads // groups)
    return _Heads(grain, of_key, of_key // key * value, grain // key, grain // key * value)


def _cache_grains(model: Model, layer: int, count: int) -> tuple[int, int]:
    multiples = _heads(model, layer, count)
    return multiples.key, multiples.value


def _block_size(model: Model, layer: int, stems: Sequence[str]) -> int:
    """Elements of a block of the first of these matrices that the layer has."""
    quants = {t.name: t.quant for t in model.layers[layer].tensors}
    names = (f"blk.{layer}.{stem}.weight" for stem in stems)
    return next((quants[name].block for name in names if name in quants), 1)


_BLOCK: Final = re.compile(r"blk\.(\d+)\.(.+)")
_FFN: Final = re.compile(r"ffn_(up|gate|gate_up|down)(_exps)?\.(weight|bias)")


def _cut(model: Model, tensor: Tensor, count: int) -> Cut:
    """How a tensor is divided; norms, routers, shared experts and a tied output are mirrored on every device."""
    if tensor.name == "output.weight":
        return Cut(1, ((tensor.shape[1], 1, 1),), len(model.layers) % count)
    if tensor.name == "output.bias":
        return Cut(0, ((tensor.shape[0], 1, 1),), len(model.layers) % count)
    block = _BLOCK.fullmatch(tensor.name)
    if block is None or tensor.role not in {Role.BASE, Role.EXPERT}:
        return Cut(_MIRRORED)
    layer, name = int(block[1]), block[2]
    if ffn := _FFN.fullmatch(name):
        segments = _ffn(model, tensor, layer, ffn[1], ffn[3])
        axis = 0 if ffn[1] == "down" or ffn[3] == "bias" else 1
    else:
        segments = _attention(model, tensor, layer, name, count)
        axis = 0 if name.endswith(("bias", "sinks.weight")) or name == "attn_output.weight" else 1
    return Cut(axis, segments, _rotation(model, layer, count)) if segments else Cut(_MIRRORED)


def _ffn(model: Model, tensor: Tensor, layer: int, part: str, kind: str) -> tuple[tuple[int, int, int], ...]:
    grain = math.lcm(_block_size(model, layer, ("ffn_down", "ffn_down_exps")), _WIDE)
    if part == "down":
        return ((tensor.shape[0], 1, grain),) if kind == "weight" else ()
    size = tensor.shape[0] if kind == "bias" else tensor.shape[1]
    width = next(
        (t.shape[0] for t in model.layers[layer].tensors if "ffn_down" in t.name and "shexp" not in t.name),
        size,
    )
    times = 2 if size == 2 * width else 1
    return ((size // times, times, grain),)


def _attention(
    model: Model, tensor: Tensor, layer: int, name: str, count: int
) -> tuple[tuple[int, int, int], ...]:
    """The segments of an attention tensor; none for one that is whole everywhere."""
    stem, _, kind = name.rpartition(".")
    if kind not in {"weight", "bias"}:  # scales
        return ()
    first = kind == "bias" or len(tensor.shape) < _MATRIX or stem == "attn_output"
    size = tensor.shape[0] if first else tensor.shape[1]
    g = _heads(model, layer, count)
    if stem == "attn_qkv":
        attention = hparams(model).attention[layer]
        assert attention is not None
        query = size - attention.key - attention.value
        return ((query, 1, g.query), (attention.key, 1, g.key), (attention.value, 1, g.value))
    grains = {"attn_q": g.query, "attn_k": g.key, "attn_v": g.value}
    if kind == "weight":
        heads = model.hparams.each("attention.head_count")[layer]
        grains |= {
            "attn_output": g.out,
            "attn_sinks": g.head,
            "attn_gate": g.head if size == heads else g.query,
        }
        if not first and size > 1:
            grains |= {"attn_q_norm": 1, "attn_k_norm": 1}
    return ((size, 1, grains[stem]),) if stem in grains else ()
