"""What one token costs: bytes read and multiply-adds, per layer slot, worked out once for a model.

A matrix of the base is read in full for every token and used once. A routed expert is read, and used, in the share
used/total. Attention grows with the tokens before: every cell of K and V is read, and each head multiplies with both.
Sums over a run of slots are differences of prefix sums, so that a placement of 94 layers and 282 exceptions is weighed
in a fraction of a millisecond.
"""

from __future__ import annotations

import math
import operator
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from moefit.cost import constants as c
from moefit.cost.core_products import elements
from moefit.cost.grouped import row_tiles
from moefit.cost.reading import Shares, in_fp4, in_types, types_read
from moefit.cost.token_load import Load, prefix_sums, together
from moefit.memory.hparams import hparams
from moefit.model import Role
from moefit.model.architectures import architecture
from moefit.model.architectures.row import DELTA_NET
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from moefit.memory.hparams import Attention, Hparams, State
    from moefit.model import Layer, Model, Tensor


class TensorWork(NamedTuple):
    """One tensor that a placement may put elsewhere than its slot."""

    slot: int
    matrix: bool
    """It is multiplied with, so its place is where a layer's hidden state has to go."""
    costs: tuple[float, ...]
    """The first fields of `Load`, weights only; sums of many are the columns' sums."""


_AFTER: Final = re.compile(r"_shexp\b|\.post_ffw_norm|\.layer_output_scale")
_LAST: Final = re.compile(r"\.ffn_down_exps\.")
_EXPERT_DIMENSIONS: Final = 3
_Q4_0: Final = frozenset({"q4_0"})
_SIXTEENS: Final = frozenset({"q2_K", "q3_K", "q6_K", "iq2_xs", "iq2_s"})
"""source: ggml/src/ggml-cuda/mmq.cuh, whose types ggml_cuda_mmq_vec_dot_q8_0_16_q8_1_mma, ..._q2_K_q8_1_mma and ..._q6_K_q8_1_mma multiply"""


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
    biases: Mapping[str, str]
    """Biases of routed experts, each with the name of its matrix; few models have any."""
    embedding: int
    """Elements of a hidden state."""
    experts: int
    experts_used: int
    """Routed experts, and how many of them a token uses; 0 for a dense model."""
    matrices: float
    """Of routed experts, in a layer that has them."""
    window: int
    """Tokens of the sliding window; 0 for none."""
    attends: bool
    """Some layer has a cache of keys and values."""
    heads: int
    """Query heads, of the layer that has most."""
    head_sizes: tuple[float, float]
    """Elements of a head's key and value of layers that attend to everything, and of those with a window, in the mean of their work; 0 without one."""
    evenness: float
    """How alike the popularities of experts are: the shape of their gamma distribution; 0 for what is usual with so many."""
    input_bytes: int
    """Token embeddings: on the host, one row read per token."""
    row_tiles: float = 0.0
    """Tiles of rows of all experts for each multiply-add of a token (cost.grouped)."""
    in_fp4: float = 0.0
    """Share of the routed experts' bytes whose type FP4 tensor cores multiply."""
    in_q4_0: float = 0.0
    """Share of all multiply-adds of a token whose weights are Q4_0."""
    in_sixteens: float = 0.0
    """The same of types that have a scale for every 16 elements."""
    types: Shares = ()
    """Types of the weights that every token reads, and of how many of their bytes."""
    expert_types: Shares = ()
    """The same of routed experts."""
    multiplied: tuple[tuple[str, float], ...] = ()
    """Elements of the layers' matrices by their types, without routed experts."""
    experts_multiplied: tuple[tuple[str, float], ...] = ()
    """The same of routed experts."""
    fingerprint: str = ""
    """Of the model."""
    dense_slots: frozenset[int] = frozenset()
    """Layers without routed experts."""
    recurrent_slots: frozenset[int] = frozenset()
    """Layers with a recurrent state."""
    after_experts: frozenset[int] = frozenset()
    """Layers that compute something behind their routed experts: shared experts, a norm."""

    def over(self, start: int, end: int) -> Load:
        """What slots `start` to `end` (exclusive) cost together, their experts included."""
        return Load(*map(operator.sub, self.sums[end], self.sums[start]))

    def distinct(self, tokens: int) -> float:
        """Share of a layer's experts that a batch of `tokens` uses.

        Experts are not equally popular. With popularities of a gamma distribution of shape `evenness`, an expert that is
        chosen m times on average is missed with probability (1 + m / shape) ** -shape.
        """
        if self.experts == 0:
            return 1.0
        chosen = tokens * self.experts_used / self.experts
        shape = self.evenness or c.POPULAR / self.experts
        return float(1.0 - (1.0 + chosen / shape) ** -shape)


def work_of(model: Model) -> Work:
    """What one token of `model` costs."""
    h = hparams(model)
    share = model.experts_used / model.experts if model.experts else 0.0
    heads = model.hparams.each("attention.head_count")
    slots = [_slot(model, layer, h, share) for layer in model.layers]
    output = {t.name: _tensor_work(t, len(model.layers), share) for t in model.output}
    types, expert_types = types_read(model)
    return Work(
        sums=prefix_sums([*slots, Load()]),
        output=together(cost.costs for cost in output.values()),
        tensors={**_of_slots(model, share), **output},
        mtp_slots=frozenset(layer.index for layer in model.layers if layer.mtp),
        draft=_draft(model, share),
        biases=_biases(model),
        embedding=model.embedding,
        experts=model.experts,
        experts_used=model.experts_used,
        matrices=sum(load.expert_tensors for load in slots)
        / max(1.0, sum(load.moe_layers for load in slots)),
        window=h.window,
        attends=any(h.attention),
        heads=max(heads, default=0),
        head_sizes=_head_sizes(slots, heads),
        evenness=architecture(model.architecture).evenness or 0.0,
        input_bytes=sum(t.bytes for t in model.input),
        row_tiles=row_tiles((t for layer in model.layers if not layer.mtp for t in layer.experts), share),
        in_fp4=in_fp4(model),
        in_q4_0=in_types(model, share, _Q4_0),
        in_sixteens=in_types(model, share, _SIXTEENS),
        types=types,
        expert_types=expert_types,
        multiplied=elements(model, experts=False),
        experts_multiplied=elements(model, experts=True),
        fingerprint=model.fingerprint,
        dense_slots=frozenset(layer.index for layer in model.layers if not layer.experts),
        recurrent_slots=frozenset(layer.index for layer in model.layers if h.state[layer.index]),
        after_experts=frozenset(layer.index for layer in model.layers if _goes_on(layer)),
    )


def _slot(model: Model, layer: Layer, h: Hparams, share: float) -> Load:
    """What a layer costs, all of its tensors in its slot; nothing where it runs only to draft."""
    if layer.mtp:
        return Load()
    load = _weights(model, layer, share)
    heads = model.hparams.each("attention.head_count")
    _attend(load, h.attention[layer.index], heads[layer.index], h.head_key)
    _recur(load, h.state[layer.index], is_delta=architecture(model.architecture).held is DELTA_NET)
    load.layers = 1.0
    load.moe_layers = 1.0 if layer.experts else 0.0
    load.kernels = 0.0 if load.recurrent_layers else _more_kernels(layer)
    return load


def _draft(model: Model, share: float) -> Load:
    """What the layers that run only to draft cost."""
    load = Load()
    for layer in model.layers:
        if layer.mtp:
            load.add(_weights(model, layer, share))
    return load


def _weights(model: Model, layer: Layer, share: float) -> Load:
    """The tensors that a layer computes with: its own, or those of the block that it repeats."""
    source = layer if layer.block is None else model.layers[layer.block]
    return together(_tensor_work(t, layer.index, share).costs for t in source.tensors)


def _of_slots(model: Model, share: float) -> dict[str, TensorWork]:
    """Every tensor of a layer that does not run only to draft."""
    return {
        t.name: _tensor_work(t, layer.index, share)
        for layer in model.layers
        if not layer.mtp
        for t in layer.tensors
    }


def _head_sizes(slots: Sequence[Load], heads: Sequence[int]) -> tuple[float, float]:
    """Elements of a head, as the products of layers that attend to everything and of those with a window have them in the mean."""
    pairs = list(zip(slots, heads, strict=False))
    full = sum(count for load, count in pairs if load.attention_macs)
    near = sum(count for load, count in pairs if load.window_macs)
    macs = [sum(load.attention_macs for load, _ in pairs), sum(load.window_macs for load, _ in pairs)]
    return macs[0] / (2.0 * full) if full else 0.0, macs[1] / (2.0 * near) if near else 0.0


def _more_kernels(layer: Layer) -> float:
    """How many matrices and norms a layer has beyond a plain one."""
    found = sum(t.name.endswith(".weight") and (len(t.shape) > 1 or "norm" in t.name) for t in layer.tensors)
    return float(max(0, found - c.PLAIN_KERNELS[bool(layer.experts)]))


def _biases(model: Model) -> Mapping[str, str]:
    """Each with its matrix, where the file has that."""
    experts = [t.name for layer in model.layers if not layer.mtp for t in layer.experts]
    matrices = {name for name in experts if name.endswith(".weight")}
    biases = ((name, name.removesuffix("bias") + "weight") for name in experts if name.endswith(".bias"))
    return {bias: matrix for bias, matrix in biases if matrix in matrices}


def _goes_on(layer: Layer) -> bool:
    """Whether a weight of the layer is used behind its routed experts. source: src/models: shared experts are added to what build_moe_ffn returns."""
    return any(_AFTER.search(tensor.name) for tensor in layer.tensors)


def _tensor_work(tensor: Tensor, slot: int, share: float) -> TensorWork:
    """A vector (norm, bias, scale) has no multiply-adds to speak of; a matrix has one for each element."""
    matrix = len(tensor.shape) > 1 and tensor.shape[1] > 1
    macs = float(math.prod(tensor.shape)) if matrix else 0.0
    size = float(tensor.bytes)
    per_byte, per_mac = c.CORE_TIME.get(tensor.quant.name, (1.0, 1.0))
    if tensor.role is Role.EXPERT:
        read, used = size * share, macs * share
        experts = (size, read, used, read * per_byte, used * per_mac, float(matrix))
        return TensorWork(slot, matrix, (0.0, 0.0, 0.0, 0.0, *experts, 0.0, _passed(tensor, share)))
    base = (size, macs, size * per_byte, macs * per_mac)
    row, passed = (float(tensor.shape[0]), float(sum(tensor.shape))) if matrix else (0.0, 0.0)
    return TensorWork(slot, matrix, (*base, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, row, passed))


def _passed(tensor: Tensor, share: float) -> float:
    """Elements that go into the products of the experts of a token and come out: what goes in is one row for all of them, but before the last one.

    source: ggml/src/ggml-cuda/mmq.cu, ggml_cuda_mul_mat_q, which quantises a row that all experts share once
    """
    if len(tensor.shape) < _EXPERT_DIMENSIONS:
        return 0.0
    row, column, experts = tensor.shape
    used = share * experts
    return column * used + row * (used if _LAST.search(tensor.name) else 1.0)


def _attend(load: Load, attention: Attention | None, heads: int, head: int) -> None:
    """K and V of a cell, and the products of all heads with them; with MLA each head meets the compressed row twice."""
    if attention is None:
        return
    macs = 2.0 * heads * (head if attention.value else attention.key)
    if attention.windowed:
        load.window_key, load.window_value, load.window_macs = attention.key, attention.value, macs
    else:
        load.key, load.value, load.attention_macs = attention.key, attention.value, macs


def _recur(load: Load, state: State | None, *, is_delta: bool) -> None:
    """The state of a convolution and of a recurrence, in F32."""
    if state is None:
        return
    load.state = 4.0 * (state.conv + state.recurrent)
    load.recurrent_layers = (
        1.0 if state.recurrent else 0.0
    )  # a short convolution alone has no more kernels than attention
    load.delta_layers = load.recurrent_layers if is_delta else 0.0
    load.recurrence_macs = 3.0 * state.recurrent
