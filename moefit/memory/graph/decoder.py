"""The plain decoder: attention and feed-forward with residuals, as most architectures have it.

What a layer has is read off its tensors (norms, biases, fused matrices, shared experts, sinks) and its caches; what those
do not show is a field of `Decoder`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from moefit.memory.graph import nodes as g
from moefit.memory.graph.attention import Heads, attend, heads_of, normed, qkv
from moefit.memory.graph.blocks import (
    DEEPSTACK,
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
from moefit.values import dataclass

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
    scaled_embedding: bool = False
    """Token embeddings are multiplied by a constant of the model, row by row."""
    mean_embedding: bool = False
    """The whole embedding is scaled by a constant of the model (AFMoE)."""
    scaled_attention: bool = False
    """Attention's output is scaled where the file has attention.value_scale (MiMo)."""
    attention_first: bool = False
    """Attention still comes before the residual in its own sum, although residual_first."""
    scaled_query: bool = False
    scaled_residual: Callable[[Context], bool] = lambda _c: False
    """Whether attention and feed-forward are scaled before they are added (residual_scale)."""
    softcap: bool = False
    """Attention scores are capped even though the file does not say so (Grok)."""
    rope: Callable[[Context, int], bool] = lambda _c, _layer: True
    """Whether the layer rotates queries and keys."""
    norm_after_rope: bool = False
    """Queries and keys are normed after their rotation, with or without weights."""
    bare_qk_norm: Callable[[Context, int], bool] = lambda _c, _layer: False
    """Whether queries and keys of a rotated layer are normed without weights (Llama 4)."""
    query_scale_input: bool = False
    """Queries of layers without rotation are scaled by an input (attention temperature)."""
    temperature: bool = False
    """Rotated queries are scaled by an input where the file has attention.temperature_scale."""
    parallel: bool = False
    """The feed-forward block reads what attention reads, and both are added to the residual."""
    mix: Mix | None = None
    """Attention, or what some layers have instead."""
    bare_norms: bool = False
    """Norms have no weights (OLMo)."""
    fed_bare: bool = False
    """The feed-forward block reads the sum itself: norms come after each block only (EXAONE 4)."""
    early_norm: bool = False
    """The first norm is put in the graph before the rest of the layer."""
    residual_first: bool = False
    """The residual is the first term of each sum, and so the first in the graph."""
    divided_gate: bool = False
    """The shared expert's gate is silu(x) / x (Qwen2 MoE)."""
    halved: bool = False
    """The sum of shared and routed experts is scaled."""


def build(c: Context, layers: Sequence[int], what: Decoder) -> None:
    """A whole graph, of these layers only."""
    cur = embedding(c, scaled=what.scaled_embedding)
    if what.mean_embedding:
        cur = g.scale(cur)
    for layer in layers:
        cur = block(c, cur, layer, what, last=layer == layers[-1])
        if layer < c.hp.whole(DEEPSTACK):
            first = c.carried["embedding"]
            cur = g.add(cur, g.view_nd(first, (cur.ne[0], cur.ne[1]), (first.nb[1],)))
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
    cur = norm(c, x, "attn_norm", layer, rms=what.rms) if c.has(layer, "attn_norm") or what.bare_norms else x
    if what.early_norm:
        c.expand(cur)
    mix = what.mix or self_attention
    if what.parallel:
        return _parallel(c, x, cur, layer, what, last=last)
    cur = mix(c, cur, layer, what)
    if what.scaled_attention and c.hp.real("attention.value_scale", 1) != 1:
        cur = g.scale(cur)
    if last and what.outputs == "last layer":
        rows = output_ids(c)
        cur, residual = g.get_rows(cur, rows), g.get_rows(residual, rows)
    after = next((n for n in ("post_attention_norm", "attn_output_norm") if c.has(layer, n)), None)
    two_norms = c.has(layer, "ffn_norm") or what.fed_bare
    if two_norms and after is not None:
        cur = norm(c, cur, after, layer, rms=what.rms)
    if what.scaled_residual(c):
        cur = g.scale(cur)
    before = g.add(cur, residual) if what.attention_first else _sum(cur, residual, what)
    cur = before
    if not what.fed_bare:
        cur = norm(c, before, "ffn_norm" if two_norms else after, layer, rms=what.rms)
    cur = feed_forward(c, cur, layer, what)
    last_norm = next((n for n in ("post_ffw_norm", "layer_output_norm") if c.has(layer, n)), None)
    if last_norm is not None:
        cur = norm(c, cur, last_norm, layer, rms=what.rms)
    if what.scaled_residual(c):
        cur = g.scale(cur)
    return _sum(cur, before, what)


def _parallel(c: Context, x: Node, normed_x: Node, layer: int, what: Decoder, *, last: bool) -> Node:
    """Attention and feed-forward side by side (Cohere, Falcon, GPT-NeoX)."""
    mix = what.mix or self_attention
    cur = mix(c, normed_x, layer, what)
    if last and what.outputs == "last layer":
        rows = output_ids(c)
        cur, x, normed_x = g.get_rows(cur, rows), g.get_rows(x, rows), g.get_rows(normed_x, rows)
    out = feed_forward(c, normed_x, layer, what)
    return g.add(g.add(out, x), cur)


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
    if what.temperature and c.hp.real("attention.temperature_scale"):
        q = g.mul(q, c.input("attn_scale", F32, 1, 1, c.batch.tokens))
    if not c.has(layer, "attn_gate"):
        return attend(c, layer, heads, q, k, v, softcap=what.softcap)
    return gated_output(c, attend(c, layer, heads, q, k, v, out=None), x, layer, heads)


def gated_output(c: Context, cur: Node, x: Node, layer: int, heads: Heads) -> Node:
    """Attention's output times a gate for each value or for each head, then projected."""
    gate = g.unary(linear(c, "attn_gate", x, layer))
    n = c.batch.tokens
    if gate.ne[0] == heads.q:
        cur = g.mul(g.reshape(cur, heads.v, heads.q, n), g.reshape(gate, 1, heads.q, n))
        cur = g.reshape(cur, heads.v * heads.q, n)
    else:
        cur = g.mul(cur, gate)
    return linear(c, "attn_output", cur, layer)


def _qk_norms(c: Context, q: Node, k: Node, layer: int, what: Decoder) -> tuple[Node, Node]:
    return normed(c, q, "attn_q_norm", layer, rms=what.rms), normed(c, k, "attn_k_norm", layer, rms=what.rms)


def rotated(c: Context, q: Node, k: Node, layer: int, what: Decoder) -> tuple[Node, Node]:
    """Rotary embedding where the layer has it."""
    if what.rope(c, layer):
        pos, factors = positions(c), rope_factors(c, layer)
        q, k = g.rope(q, pos, factors), g.rope(k, pos, factors)
        if what.bare_qk_norm(c, layer):
            q, k = g.rms_norm(q), g.rms_norm(k)
    elif what.query_scale_input:
        q = g.mul(q, c.input("attn_scale", F32, 1, 1, c.batch.tokens))
    return q, k


def rope_factors(c: Context, layer: int) -> Node | None:
    """Frequency factors where the file has them (llama_model::get_rope_factors)."""
    scaled = c.shared(layer, "rope_freqs.weight")
    if scaled is not None:
        return scaled
    original = c.hp.whole("rope.scaling.original_context_length", c.hp.whole("context_length"))
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
        gate = linear(c, "ffn_gate_inp_shexp", x, layer)
        shared = g.mul(shared, g.div(g.unary(gate), gate) if what.divided_gate else g.unary(gate))
    total = g.add(routed, shared)
    return g.scale(total) if what.halved else total


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
