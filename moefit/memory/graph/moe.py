"""Routed experts (src/llama-graph.cpp, build_moe_ffn)."""

from __future__ import annotations

from collections.abc import Sequence

from moefit.memory.graph import operations as g
from moefit.memory.graph.blocks import linear
from moefit.memory.graph.context import Context
from moefit.memory.graph.nodes import F32, I32, Node
from moefit.model import MissingError
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Routing:
    """How experts are chosen and weighted."""

    gating: str = "softmax"
    """softmax, sigmoid, softmax_weight or sqrt_softplus (llama_expert_gating_func_type)."""
    normalise: bool = False
    """Weights of the chosen experts are made to sum to one."""
    scaled: bool = False
    """Weights are multiplied by expert_weights_scale, other than 1."""
    activation: str = "silu"
    weight_first: bool = False
    """The weights multiply the expert's input instead of its output (Llama 4)."""
    clamped: bool = False
    """Gate and up are bounded before they meet (swiglu_clamp_exp)."""
    select_logits: bool = False
    """Experts are chosen by the raw logits (Llama 4)."""
    grouped: bool = False
    """Experts are chosen by sigmoids, and their groups' numbers by division (GroveMoE)."""
    fused_clamp: bool = False
    """Where gate and up are bounded, one operation does it all."""


GATING = {1: "softmax", 2: "sigmoid", 3: "softmax_weight", 4: "sqrt_softplus"}
"""llama_expert_gating_func_type."""


def routing(
    c: Context, layer: int, default_gating: str = "softmax", *, normalise: bool | None = None
) -> Routing:
    """What the file's keys say about routing."""
    hp = c.hp
    code = hp.integer("expert_gating_func") or int(hp.defaults.get("expert_gating_func", 0))
    norm = hp.flag("expert_weights_norm", layer=layer) if normalise is None else normalise
    scale = hp.real("expert_weights_scale")
    clamped = hp.real("swiglu_clamp_exp", 0, layer) > 1e-6
    return Routing(GATING.get(code, default_gating), norm, scale not in (0, 1), clamped=clamped)


def probabilities(logits: Node, gating: str) -> Node:
    """What experts are chosen by, of the router's logits."""
    if gating == "softmax":
        return g.soft_max(logits)
    if gating == "sigmoid":
        return g.unary(logits)
    if gating == "sqrt_softplus":
        return g.like("SQRT", g.unary(logits))
    return logits


def _grouped(c: Context, selection: Node, experts: int, groups: int) -> Node:
    """Only the experts of the best groups stay eligible (DeepSeek V3)."""
    n = selection.ne[1]
    per = experts // groups
    grouped = g.reshape(selection, per, groups, n)
    best = g.argsort_top_k(grouped, 2)
    scores = g.get_rows(g.reshape(grouped, 1, *grouped.ne[:3]), best)
    scores = g.sum_rows(g.reshape(scores, *scores.ne[1:]))
    scores = g.reshape(scores, scores.ne[1], scores.ne[2])
    chosen = g.argsort_top_k(scores, c.hp.integer("expert_group_used_count"))
    kept = g.get_rows(grouped, chosen)
    masked = g.set_rows(g.like("FILL", grouped), kept, chosen)
    return g.reshape(masked, experts, n)


def _product(c: Context, layer: int, name: str, x: Node, ids: Node, *, precise: bool = False) -> Node:
    """Experts' matrix, per-expert scale and bias (build_lora_mm_id, ggml_add_id)."""
    cur = g.mul_mat_id(c.weight(layer, name), x, ids, precise=precise)
    factor = c.find(layer, f"{name}.scale")
    if factor is not None:
        n = factor.ne[0]
        s = g.repeat(g.reshape(factor, 1, n, 1), 1, n, x.ne[2], 1)
        cur = g.mul(cur, g.get_rows(s, ids))
    bias = c.find(layer, f"{name}.bias")
    if bias is not None:
        cur = g.add_id(cur, bias, ids)
    return cur


def moe_ffn(
    c: Context, x: Node, layer: int, how: Routing, *, logits: Node | None = None, suffix: str = "_exps",
    experts: int | None = None, used: int | None = None, chosen: Node | None = None,
) -> Node:  # fmt: skip
    """Route, run and sum the chosen experts; `chosen` if they follow from the token alone."""
    embd, n = x.ne[0], x.ne[1]
    experts = experts or c.hp.experts()
    used = used or c.hp.experts_used(layer)
    if used < 1:  # build_moe_ffn asserts it
        raise MissingError("expert_used_count")
    if logits is None:
        logits = linear(c, "ffn_gate_inp", x, layer)
    probs = probabilities(logits, how.gating)
    ids = chosen or _chosen(c, layer, how, logits, probs, (experts, used))
    total = experts
    if how.grouped and experts != c.hp.experts():
        ids = g.cast(g.scale(g.cast(ids, F32)), I32)
        total = c.hp.experts()
    weights = chosen_weights(g.get_rows(g.reshape(probs, 1, total, n), ids), how)
    c.expand(weights)
    cur = g.reshape(x, embd, 1, n)
    if how.weight_first:
        cur = g.mul(g.repeat(cur, embd, used, n, 1), weights)
    cur = _activated(c, layer, cur, ids, how, suffix)
    out = _product(c, layer, f"ffn_down{suffix}", cur, ids, precise=c.row.precise_experts)
    if not how.weight_first:
        out = g.mul(out, weights)
    c.expand(out)
    return summed(c, [g.view_nd(out, (out.ne[0], n), (out.nb[2],)) for _ in range(used)])


def _chosen(c: Context, layer: int, how: Routing, logits: Node, probs: Node, counts: tuple[int, int]) -> Node:
    """Indices of the experts that each token uses."""
    experts, used = counts
    selection = probs
    bias = c.find(layer, "exp_probs_b.bias") or c.find(layer, "exp_probs_b")
    if bias is not None:
        selection = g.add(probs, bias)
    if how.select_logits:
        selection = logits
    if how.grouped:
        selection = g.unary(logits)
    groups = c.hp.integer("expert_group_count")
    if groups > 1:
        selection = _grouped(c, selection, experts, groups)
    return g.argsort_top_k(selection, used)


def chosen_weights(raw: Node, how: Routing) -> Node:
    """The chosen experts' weights, normalised and scaled as the model wants."""
    _, used, n, _ = raw.ne
    weights = raw
    if how.gating == "softmax_weight":
        weights = g.reshape(g.soft_max(g.reshape(weights, used, n)), 1, used, n)
    if how.normalise:
        flat = g.reshape(weights, used, n)
        weights = g.reshape(g.div(flat, g.clamp(g.sum_rows(flat))), 1, used, n)
    return g.scale(weights) if how.scaled else weights


def _activated(c: Context, layer: int, x: Node, ids: Node, how: Routing, suffix: str) -> Node:
    """Up, gate and what joins them."""
    if c.has(layer, f"ffn_gate_up{suffix}"):
        both = _product(c, layer, f"ffn_gate_up{suffix}", x, ids)
        ne = (both.ne[0] // 2, both.ne[1], both.ne[2])
        gate = g.view_nd(both, ne, both.nb[1:3])
        up = g.view_nd(both, ne, both.nb[1:3])
        return _joined(gate, up, how)
    up = _product(c, layer, f"ffn_up{suffix}", x, ids)
    if c.has(layer, f"ffn_gate{suffix}"):
        return _joined(_product(c, layer, f"ffn_gate{suffix}", x, ids), up, how)
    cur = g.unary(up)
    return g.like("SQR", cur) if how.activation == "relu_sqr" else cur


def situ(gate: Node, up: Node) -> Node:
    """Bounded gate and up (kimi_k3_situ)."""
    cur = g.mul(g.scale(g.unary(g.scale(gate))), g.unary(gate))
    return g.mul(cur, g.scale(g.unary(g.scale(up))))


def _joined(gate: Node, up: Node, how: Routing) -> Node:
    if how.activation == "situ":
        return situ(gate, up)
    if how.clamped and not how.fused_clamp:
        return g.mul(g.clamp(g.unary(gate)), g.clamp(up))
    return g.glu(gate, up)


def summed(c: Context, views: Sequence[Node]) -> Node:
    """The sum over experts, view by view."""
    c.expand(*views)
    total = views[0]
    for part in views[1:]:
        total = g.add(total, part)
        c.expand(total)
    return total if len(views) > 1 else g.cont(total)
