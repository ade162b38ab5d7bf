"""The plain decoder: attention and feed-forward with residuals, as most architectures have it.

What a layer has is read off its tensors (norms, biases, fused matrices, shared experts, sinks) and its caches; what those
do not show is a field of `Decoder`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from moefit.memory.graph import nodes as g
from moefit.memory.graph.attention import Heads, attend, heads_of, normed, qkv
from moefit.memory.graph.blocks import (
    embedding,
    ffn,
    head_only,
    linear,
    logits,
    norm,
    output_ids,
    output_norm,
    positions,
)
from moefit.memory.graph.context import Context
from moefit.memory.graph.moe import Routing, moe_ffn, routing
from moefit.memory.graph.nodes import F32, Node

RouteOf = Callable[[Context, int], Routing]
Mix = Callable[[Context, Node, int, "Decoder"], Node]
"""A layer's mixer: what it does along the sequence."""


@dataclass(frozen=True, slots=True)
class Decoder:
    """What distinguishes one plain decoder from another."""

    rms: bool = True
    """Root-mean-square norms; False: layer norms."""
    route: RouteOf = routing
    """How experts are chosen."""
    activation: str = "silu"
    outputs: str = "last layer"
    """Where rows without wanted logits are dropped: inside the "last layer", after it while the "hidden" state is an output
    (t_h_nextn), or after the norm, whose result is that output ("normed")."""
    mixed_embedding: bool = True
    scaled_embedding: bool = False
    """Token embeddings are multiplied by a constant of the model, row by row."""
    scaled_query: bool = False
    scaled_residual: bool = False
    """Attention and feed-forward are scaled before they are added (residual_scale)."""
    rope: Callable[[Context, int], bool] = lambda _c, _layer: True
    """Whether the layer rotates queries and keys."""
    norm_after_rope: bool = False
    """Queries and keys are normed after their rotation, with or without weights."""
    bare_qk_norm: bool = False
    """Queries and keys of rotated layers are normed without weights (Llama 4)."""
    query_scale_input: bool = False
    """Queries of layers without rotation are scaled by an input (attention temperature)."""
    mix: Mix | None = None
    """Attention, or what some layers have instead."""
    early_norm: bool = False
    """The first norm is put in the graph before the rest of the layer."""
    residual_first: bool = False
    """The residual is the first term of each sum, and so the first in the graph."""
    shared_first: bool = False
    """The shared expert comes before the routed ones in their sum."""


def build(c: Context, layers: Sequence[int], what: Decoder) -> None:
    """A whole graph, of these layers only."""
    cur = embedding(c, scaled=what.scaled_embedding, mixed=what.mixed_embedding)
    for layer in layers:
        cur = block(c, cur, layer, what, last=layer == layers[-1])
    finish(c, cur, what)


def finish(c: Context, x: Node, what: Decoder) -> None:
    """From the last layer to the logits."""
    if what.outputs == "hidden":
        x.output = True
        x = g.get_rows(x, output_ids(c))
    elif what.outputs == "normed":
        state = output_norm(c, x, rms=what.rms)
        state.output = True
        head_only(c, g.get_rows(state, output_ids(c)))
        return
    logits(c, x, rms=what.rms)


def block(c: Context, x: Node, layer: int, what: Decoder, *, last: bool) -> Node:
    """One layer."""
    residual = x
    cur = norm(c, x, "attn_norm", layer, rms=what.rms)
    if what.early_norm:
        c.expand(cur)
    mix = what.mix or self_attention
    cur = mix(c, cur, layer, what)
    if last and what.outputs == "last layer":
        rows = output_ids(c)
        cur, residual = g.get_rows(cur, rows), g.get_rows(residual, rows)
    two_norms = c.has(layer, "ffn_norm")
    if two_norms and c.has(layer, "post_attention_norm"):
        cur = norm(c, cur, "post_attention_norm", layer, rms=what.rms)
    if what.scaled_residual:
        cur = g.scale(cur)
    before = _sum(cur, residual, what)
    cur = norm(c, before, "ffn_norm" if two_norms else "post_attention_norm", layer, rms=what.rms)
    cur = feed_forward(c, cur, layer, what)
    if c.has(layer, "post_ffw_norm"):
        cur = norm(c, cur, "post_ffw_norm", layer, rms=what.rms)
    if what.scaled_residual:
        cur = g.scale(cur)
    return _sum(cur, before, what)


def _sum(cur: Node, residual: Node, what: Decoder) -> Node:
    return g.add(residual, cur) if what.residual_first else g.add(cur, residual)


def self_attention(c: Context, x: Node, layer: int, what: Decoder) -> Node:
    """Queries, keys and values with their norms and rotation, and attention."""
    heads = heads_of(c, layer)
    q_norm = c.tensors.of[layer].get("attn_q_norm.weight")
    flat = q_norm is not None and len(q_norm.shape) == 1 and q_norm.shape[0] == heads.q * heads.k != heads.k
    q, k, v = qkv(c, x, layer, heads, flat=flat)
    if not what.norm_after_rope:
        q, k = _qk_norms(c, q, k, layer, what)
    if flat:
        n = c.batch.tokens
        q, k = g.reshape(q, heads.k, heads.q, n), g.reshape(k, heads.k, heads.kv, n)
        v = g.reshape(v, heads.v, heads.kv, n)
    q, k = rotated(c, q, k, layer, what)
    if what.norm_after_rope:
        q, k = _qk_norms(c, q, k, layer, what)
    if what.scaled_query:
        q = g.scale(q)
    return attend(c, layer, heads, q, k, v)


def _qk_norms(c: Context, q: Node, k: Node, layer: int, what: Decoder) -> tuple[Node, Node]:
    return normed(c, q, "attn_q_norm", layer, rms=what.rms), normed(c, k, "attn_k_norm", layer, rms=what.rms)


def rotated(c: Context, q: Node, k: Node, layer: int, what: Decoder) -> tuple[Node, Node]:
    """Rotary embedding where the layer has it."""
    if what.rope(c, layer):
        pos, factors = positions(c), rope_factors(c, layer)
        q, k = g.rope(q, pos, factors), g.rope(k, pos, factors)
        if what.bare_qk_norm:
            q, k = g.rms_norm(q), g.rms_norm(k)
    elif what.query_scale_input:
        q = g.mul(q, c.input("attn_scale", F32, 1, 1, c.batch.tokens))
    return q, k


def rope_factors(c: Context, layer: int) -> Node | None:
    """Frequency factors where the file has them (llama_model::get_rope_factors)."""
    scaled = c.shared(layer, "rope_freqs.weight")
    if scaled is not None:
        return scaled
    original = c.hp.integer("rope.scaling.original_context_length", c.hp.integer("context_length"))
    return c.shared(layer, f"rope_factors_{'long' if c.batch.cells > original else 'short'}.weight")


def feed_forward(c: Context, x: Node, layer: int, what: Decoder) -> Node:
    """Routed experts and the shared one, or a dense block."""
    if not c.has(layer, "ffn_gate_inp"):
        return ffn(c, x, layer, activation=what.activation)
    routed = moe_ffn(c, x, layer, what.route(c, layer))
    if not c.has(layer, "ffn_up_shexp"):
        return routed
    shared = ffn(c, x, layer, "_shexp", what.activation)
    if c.has(layer, "ffn_gate_inp_shexp"):
        shared = g.mul(shared, g.unary(linear(c, "ffn_gate_inp_shexp", x, layer)))
    return g.add(shared, routed) if what.shared_first else g.add(routed, shared)


def gated_attention(c: Context, x: Node, layer: int, what: Decoder) -> Node:
    """Attention whose queries carry a gate for its output (Qwen3-Next and later)."""
    heads = heads_of(c, layer)
    n = c.batch.tokens
    both = Heads(heads.q, heads.kv, heads.k, heads.v)
    q, k, v = qkv(c, x, layer, both, flat=True, query_width=2)
    wide = 8 * heads.k
    query = g.view_nd(q, (heads.k, heads.q, n), (wide, wide * heads.q))
    gate = g.view_nd(q, (heads.k, heads.q, n), (wide, wide * heads.q))
    k, v = g.reshape(k, heads.k, heads.kv, n), g.reshape(v, heads.v, heads.kv, n)
    query, k = _qk_norms(c, query, k, layer, what)
    query, k = rotated(c, query, k, layer, what)
    cur = attend(c, layer, heads, query, k, v, out=None)
    gate = g.unary(g.cont(gate, heads.k * heads.q, n))
    return linear(c, "attn_output", g.mul(cur, gate), layer)
