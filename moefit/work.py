"""What one token costs: bytes read and multiply-adds, per layer slot, worked out once for a model.

A matrix of the base is read whole for every token and used once. A routed expert is read, and used, in the share
used/total. Attention grows with the tokens before: every cell of K and V is read, and each head multiplies with both.
Sums over a run of slots are differences of prefix sums, so that a placement of 94 layers and 282 exceptions is weighed
in a fraction of a millisecond.
"""

from __future__ import annotations

import itertools
from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING, Final

from moefit.memory.hparams import hparams
from moefit.model import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from moefit.gguf.quants import QuantType
    from moefit.memory.hparams import Attention, State
    from moefit.model import Model, Tensor


@dataclass(slots=True)
class Load:
    """What tensors, caches and layers cost a place. Mutable: places add up what their slots and exceptions bring."""

    base_bytes: float = 0.0
    """Weights that every token reads."""
    base_macs: float = 0.0
    """Their multiply-adds per token."""
    base_work: float = 0.0
    """Their bytes, each weighed by how slowly a CPU core gets through its type (1: as fast as Q4_K)."""
    expert_bytes: float = 0.0
    """All routed experts."""
    expert_read: float = 0.0
    """Bytes of the experts that one token uses."""
    expert_macs: float = 0.0
    expert_work: float = 0.0
    """`expert_read`, weighed like `base_work`."""
    expert_tensors: float = 0.0
    """Tensors of routed experts that are matrices."""
    key: float = 0.0
    """Elements of K read per cell by layers that attend to everything."""
    value: float = 0.0
    window_key: float = 0.0
    """The same for layers with a sliding window."""
    window_value: float = 0.0
    attention_macs: float = 0.0
    """Multiply-adds per token and cell of layers that attend to everything."""
    window_macs: float = 0.0
    state: float = 0.0
    """Bytes of recurrent state read, and as many written, per token."""
    layers: float = 0.0
    moe_layers: float = 0.0
    """Layers with routed experts."""

    def add(self, other: Load) -> None:
        """Takes on what `other` costs."""
        for name in _FIELDS:
            setattr(self, name, getattr(self, name) + getattr(other, name))


_FIELDS: Final = tuple(field.name for field in fields(Load))


@dataclass(frozen=True, slots=True)
class TensorWork:
    """One matrix that a placement may put elsewhere than its slot."""

    slot: int
    expert: bool
    bytes: int
    read: float
    """Bytes read per token."""
    macs: float
    """Multiply-adds per token."""
    work: float
    """`read`, weighed by how slowly a CPU core gets through its type."""


_EVENNESS: Final = 0.7
"""From prefill of one model at growing micro-batches with its experts on the CPU, less compute and over the link's rate: of
gpt-oss-120b (RTX 3090) 512 tokens move 0.70 of the experts and 2048 0.76, of Qwen3.6-35B-A3B (R9700) 512 move 0.83-0.92 of what 2048
move; random weights move all."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one token of a model costs, per slot."""

    sums: tuple[tuple[float, ...], ...]
    """Prefix sums over the blocks, one row of `Load`'s fields more than there are slots; the output's slot is empty."""
    output: Load
    """The output slot: read for every generated token, but once only for a prompt."""
    tensors: Mapping[str, TensorWork]
    """Every tensor of a block or the output, by name."""
    mtp_slots: frozenset[int]
    """Slots that are loaded, and run, only with multi-token prediction."""
    embedding: int
    """Elements of a hidden state."""
    experts: int
    experts_used: int
    """Routed experts, and how many of them a token uses; 0 for a dense model."""
    window: int
    """Tokens of the sliding window; 0 for none."""
    input_bytes: int
    """Token embeddings: on the host, one row read per token."""

    def over(self, start: int, end: int) -> Load:
        """What slots `start` to `end` (exclusive) cost together, their experts included."""
        return Load(*(b - a for a, b in zip(self.sums[start], self.sums[end], strict=True)))

    def distinct(self, tokens: int) -> float:
        """Share of a layer's experts that a batch of `tokens` uses.

        Experts are not equally popular. With popularities of a gamma distribution of shape `_EVENNESS`, an expert that is
        chosen m times on average is missed with probability (1 + m / shape) ** -shape.
        """
        if self.experts == 0:
            return 1.0
        chosen = tokens * self.experts_used / self.experts
        return float(1.0 - (1.0 + chosen / _EVENNESS) ** -_EVENNESS)


def work_of(model: Model, *, mtp: bool = False) -> Work:
    """What one token of `model` costs.

    mtp: the multi-token-prediction blocks run too.
    """
    h = hparams(model)
    share = model.experts_used / model.experts if model.experts else 0.0
    heads = model.per_layer("attention.head_count", 0)
    tensors: dict[str, TensorWork] = {}
    slots = []
    for layer in model.layers:
        load = Load()
        if not layer.mtp or mtp:
            for tensor in layer.tensors:
                cost = _tensor_work(tensor, layer.index, share)
                tensors[tensor.name] = cost
                _put(load, cost)
            _attend(load, h.attention[layer.index] or h.mtp_attention[layer.index], heads[layer.index], model)
            load.state = _state_bytes(h.state[layer.index])
            load.layers = 1.0
            load.moe_layers = 1.0 if layer.experts else 0.0
        slots.append(load)
    output = Load()
    last = len(model.layers)
    for tensor in model.output:
        cost = _tensor_work(tensor, last, share)
        tensors[tensor.name] = cost
        _put(output, cost)
    return Work(
        sums=_prefix_sums([*slots, Load()]),
        output=output,
        tensors=tensors,
        mtp_slots=frozenset(layer.index for layer in model.layers if layer.mtp),
        embedding=model.embedding,
        experts=model.experts,
        experts_used=model.experts_used,
        window=h.window,
        input_bytes=sum(t.bytes for t in model.input),
    )


def _prefix_sums(slots: Iterable[Load]) -> tuple[tuple[float, ...], ...]:
    zero = (0.0,) * len(_FIELDS)
    rows = (astuple(slot) for slot in slots)
    return tuple(
        itertools.accumulate(rows, lambda a, b: tuple(x + y for x, y in zip(a, b, strict=True)), initial=zero)
    )


def _tensor_work(tensor: Tensor, slot: int, share: float) -> TensorWork:
    """A vector (norm, bias, scale) has no multiply-adds to speak of; a matrix has one for each element."""
    matrix = len(tensor.shape) > 1 and tensor.shape[1] > 1
    elements = 1
    for n in tensor.shape:
        elements *= n
    expert = tensor.role is Role.EXPERT
    used = share if expert else 1.0
    read = tensor.bytes * used
    return TensorWork(
        slot=slot,
        expert=expert,
        bytes=tensor.bytes,
        read=read,
        macs=elements * used if matrix else 0.0,
        work=read * slowness(tensor.quant),
    )


def _put(load: Load, cost: TensorWork) -> None:
    if cost.expert:
        load.expert_bytes += cost.bytes
        load.expert_read += cost.read
        load.expert_macs += cost.macs
        load.expert_work += cost.work
        load.expert_tensors += 1.0 if cost.macs else 0.0
    else:
        load.base_bytes += cost.bytes
        load.base_macs += cost.macs
        load.base_work += cost.work


def _attend(load: Load, attention: Attention | None, heads: int, model: Model) -> None:
    """K and V of a cell, and the products of all heads with them."""
    if attention is None:
        return
    lora = model.integer("attention.kv_lora_rank", 0)
    if (
        attention.value == 0 and lora
    ):  # MLA: every head meets the compressed row twice, V being its first part
        macs = heads * (attention.key + lora)
    else:
        macs = heads * (_head(model, "key_length") + _head(model, "value_length"))
    if attention.windowed:
        load.window_key, load.window_value, load.window_macs = attention.key, attention.value, macs
    else:
        load.key, load.value, load.attention_macs = attention.key, attention.value, macs


def _head(model: Model, which: str) -> int:
    heads = max(model.per_layer("attention.head_count", 0), default=0)
    return model.integer(f"attention.{which}", model.embedding // heads if heads else 0)


def _state_bytes(state: State | None) -> float:
    return 0.0 if state is None else 4.0 * (state.conv + state.recurrent)


_SLOWNESS: Final = {
    "iq1_s": 2.2,
    "iq1_m": 2.6,
    "iq2_xxs": 2.6,
    "iq2_xs": 2.4,
    "iq2_s": 2.4,
    "iq3_xxs": 2.0,
    "iq3_s": 2.2,
    "q2_K": 1.3,
    "q3_K": 1.3,
    "tq1_0": 1.3,
    "mxfp4": 1.4,
    "q4_0": 0.9,
    "q8_0": 0.6,
    "f16": 0.5,
    "bf16": 0.5,
    "f32": 0.4,
}


def slowness(quant: QuantType) -> float:
    """Time a CPU core needs for a byte of `quant`, against a byte of Q4_K."""
    return _SLOWNESS.get(quant.name, 1.0)
