"""What one token costs: bytes read and multiply-adds, per layer slot, worked out once for a model.

A matrix of the base is read whole for every token and used once. A routed expert is read, and used, in the share
used/total. Attention grows with the tokens before: every cell of K and V is read, and each head multiplies with both.
Sums over a run of slots are differences of prefix sums, so that a placement of 94 layers and 282 exceptions is weighed
in a fraction of a millisecond.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import fields
from typing import TYPE_CHECKING, Final, NamedTuple

from moefit.memory.hparams import hparams
from moefit.model import Role
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
    """Their bytes, each weighed by the time a CPU core takes for its type in decode, against Q4_K."""
    base_toil: float = 0.0
    """Their multiply-adds, each weighed by the time a CPU core takes for its type in prefill, against Q4_K."""
    expert_bytes: float = 0.0
    """All routed experts."""
    expert_read: float = 0.0
    """Bytes of the experts that one token uses."""
    expert_macs: float = 0.0
    expert_work: float = 0.0
    """`expert_read`, weighed like `base_work`."""
    expert_toil: float = 0.0
    """`expert_macs`, weighed like `base_toil`."""
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
    recurrent_layers: float = 0.0
    """Layers with a recurrent state."""
    recurrence_macs: float = 0.0
    """Multiply-adds per token with that state: it decays, is asked, and is updated."""

    def add(self, other: Load, times: float = 1.0) -> None:
        """Takes on what `other` costs, or with -1 gives it up."""
        for name in _FIELDS:
            setattr(self, name, getattr(self, name) + times * getattr(other, name))

    def plus(self, other: Load) -> Load:
        """What both cost together."""
        return Load(*(getattr(self, name) + getattr(other, name) for name in _FIELDS))


_FIELDS: Final = tuple(field.name for field in fields(Load))


class TensorWork(NamedTuple):
    """One tensor that a placement may put elsewhere than its slot."""

    slot: int
    matrix: bool
    """It is multiplied with, so its place is where a layer's hidden state has to go."""
    costs: tuple[float, ...]
    """The first fields of `Load`, weights only; sums of many are the columns' sums."""


_EVENNESS: Final = 0.7
_UNEVEN: Final = {"gpt-oss": 0.3}
_MANY_EXPERTS: Final = 512
_OF_MANY: Final = 0.3
"""From prefill of one model at growing micro-batches with its experts on the CPU, less compute and over the link's rate: of
Qwen3.6-35B-A3B (R9700) 512 tokens move 0.83-0.92 of what 2048 move; of gpt-oss-120b (RTX 3090) 512 move 0.70 of the experts and 2048
0.76, as its log of used experts has it: 72 to 95 of 128 (github.com/ggml-org/llama.cpp/pull/15346). Random weights move all. Of 512 experts (Qwen3-Next) 0.3 too: with 0.7 prefill was
predicted at 0.68 of what was measured, with 0.3 at 0.86-0.90."""


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
    """Slots that run only to draft tokens (multi-token prediction); they cost nothing in `sums`."""
    draft: Load
    """What those slots cost for each token they draft."""
    embedding: int
    """Elements of a hidden state."""
    experts: int
    experts_used: int
    """Routed experts, and how many of them a token uses; 0 for a dense model."""
    window: int
    """Tokens of the sliding window; 0 for none."""
    evenness: float
    """How alike the popularities of experts are: the shape of their gamma distribution."""
    input_bytes: int
    """Token embeddings: on the host, one row read per token."""
    fingerprint: str = ""
    """Of the model."""

    def over(self, start: int, end: int) -> Load:
        """What slots `start` to `end` (exclusive) cost together, their experts included."""
        return Load(*(b - a for a, b in zip(self.sums[start], self.sums[end], strict=True)))

    def distinct(self, tokens: int) -> float:
        """Share of a layer's experts that a batch of `tokens` uses.

        Experts are not equally popular. With popularities of a gamma distribution of shape `evenness`, an expert that is
        chosen m times on average is missed with probability (1 + m / shape) ** -shape.
        """
        if self.experts == 0:
            return 1.0
        chosen = tokens * self.experts_used / self.experts
        return float(1.0 - (1.0 + chosen / self.evenness) ** -self.evenness)


def work_of(model: Model) -> Work:
    """What one token of `model` costs."""
    h = hparams(model)
    share = model.experts_used / model.experts if model.experts else 0.0
    heads = model.hparams.each("attention.head_count")
    tensors: dict[str, TensorWork] = {}
    slots, draft = [], Load()
    for layer in model.layers:
        costs = {t.name: _tensor_work(t, layer.index, share) for t in layer.tensors}
        load = together(cost.costs for cost in costs.values())
        if layer.mtp:
            draft.add(load)
            slots.append(Load())
            continue
        tensors |= costs
        _attend(load, h.attention[layer.index], heads[layer.index], h.head_key)
        _recur(load, h.state[layer.index])
        load.layers = 1.0
        load.moe_layers = 1.0 if layer.experts else 0.0
        slots.append(load)
    costs = {t.name: _tensor_work(t, len(model.layers), share) for t in model.output}
    tensors |= costs
    return Work(
        sums=_prefix_sums([*slots, Load()]),
        output=together(cost.costs for cost in costs.values()),
        tensors=tensors,
        mtp_slots=frozenset(layer.index for layer in model.layers if layer.mtp),
        draft=draft,
        embedding=model.embedding,
        experts=model.experts,
        experts_used=model.experts_used,
        window=h.window,
        evenness=_UNEVEN.get(model.architecture, _OF_MANY if model.experts >= _MANY_EXPERTS else _EVENNESS),
        input_bytes=sum(t.bytes for t in model.input),
        fingerprint=model.fingerprint,
    )


def _prefix_sums(slots: Iterable[Load]) -> tuple[tuple[float, ...], ...]:
    zero = (0.0,) * len(_FIELDS)
    rows = (tuple(getattr(slot, name) for name in _FIELDS) for slot in slots)
    return tuple(
        itertools.accumulate(rows, lambda a, b: tuple(x + y for x, y in zip(a, b, strict=True)), initial=zero)
    )


def _tensor_work(tensor: Tensor, slot: int, share: float) -> TensorWork:
    """A vector (norm, bias, scale) has no multiply-adds to speak of; a matrix has one for each element."""
    matrix = len(tensor.shape) > 1 and tensor.shape[1] > 1
    macs = float(math.prod(tensor.shape)) if matrix else 0.0
    size = float(tensor.bytes)
    per_byte, per_mac = CORE_TIME.get(tensor.quant.name, (1.0, 1.0))
    if tensor.role is Role.EXPERT:
        read, used = size * share, macs * share
        experts = (size, read, used, read * per_byte, used * per_mac, float(matrix))
        return TensorWork(slot, matrix, (0.0, 0.0, 0.0, 0.0, *experts))
    base = (size, macs, size * per_byte, macs * per_mac)
    return TensorWork(slot, matrix, (*base, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0))


def together(costs: Iterable[tuple[float, ...]]) -> Load:
    """What tensors cost together."""
    return Load(*(sum(column) for column in zip(*costs, strict=True)))


def _attend(load: Load, attention: Attention | None, heads: int, head: int) -> None:
    """K and V of a cell, and the products of all heads with them; with MLA each head meets the compressed row twice."""
    if attention is None:
        return
    macs = 2.0 * heads * (head if attention.value else attention.key)
    if attention.windowed:
        load.window_key, load.window_value, load.window_macs = attention.key, attention.value, macs
    else:
        load.key, load.value, load.attention_macs = attention.key, attention.value, macs


def _recur(load: Load, state: State | None) -> None:
    """The state of a convolution and of a recurrence, in F32."""
    if state is None:
        return
    load.state = 4.0 * (state.conv + state.recurrent)
    load.recurrent_layers = 1.0
    load.recurrence_macs = 3.0 * state.recurrent


CORE_TIME: Final = {
    "f32": (0.7, 1.4),
    "f16": (0.7, 1.4),
    "bf16": (0.7, 1.4),
    "q4_0": (0.85, 0.7),
    "q4_1": (0.85, 0.7),
    "q5_0": (1.5, 1.0),
    "q5_1": (1.5, 1.0),
    "q8_0": (1.05, 0.75),
    "q2_K": (1.3, 0.9),
    "q3_K": (1.4, 1.3),
    "q4_K": (1.0, 1.0),
    "q5_K": (1.05, 1.4),
    "q6_K": (0.9, 1.3),
    "iq4_nl": (1.6, 0.9),
    "mxfp4": (1.25, 0.9),
    "iq4_xs": (1.25, 1.45),
    "iq3_s": (3.3, 3.6),
    "iq3_xxs": (3.3, 3.2),
    "iq2_s": (2.9, 2.5),
    "iq2_xs": (2.9, 2.2),
    "iq2_xxs": (3.4, 2.4),
    "iq1_m": (3.4, 2.4),
    "iq1_s": (3.4, 2.4),
}
"""Time of a CPU core against Q4_K: for a byte in decode, for a multiply-add in prefill. llama.cpp on a Ryzen 9 7950X, Llama-3.1-8B, 128
tokens on 2 threads and a prompt of 512 on 16 (github.com/ikawrakow/ik_llama.cpp/discussions/164); the order is the same on an M2 Max. MXFP4
is looked up like IQ4_NL, and its prefill is taken as that; 1.25 in decode explains gpt-oss where the memory's rate is right. IQ1 was not measured and is taken as IQ2_XXS."""
