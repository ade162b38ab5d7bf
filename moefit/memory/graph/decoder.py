"""The plain decoder: attention and feed-forward with residuals, as most architectures have it.

What a layer has is read off its tensors (norms, biases, fused matrices, shared experts, sinks); what tensors do not show
is a field of `Decoder`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from moefit.memory.graph import nodes as g
from moefit.memory.graph.attention import attend, heads_of, normed, qkv
from moefit.memory.graph.blocks import embedding, ffn, linear, logits, norm, output_ids, positions
from moefit.memory.graph.context import Context
from moefit.memory.graph.moe import Routing, moe_ffn, routing
from moefit.memory.graph.nodes import Node

RouteOf = Callable[[Context, int], Routing]


@dataclass(frozen=True, slots=True)
class Decoder:
    """What distinguishes one plain decoder from another."""

    rms: bool = True
    """Root-mean-square norms; False: layer norms."""
    route: RouteOf = routing
    """How experts are chosen."""
    activation: str = "silu"
    late_outputs: bool = False
    """Rows without wanted logits are dropped after the last layer, not inside it (models with an MTP head)."""
    keeps_hidden: bool = False
    """The last hidden state is an output of the graph (t_h_nextn)."""
    scaled_embedding: bool = False
    """Token embeddings are multiplied by a constant of the model, row by row."""
    scaled_query: bool = False
    rope: bool = True
    gated_shared: bool = True
    """A shared expert with a gate of its own (ffn_gate_inp_shexp) is multiplied by it."""


def build(c: Context, layers: Sequence[int], what: Decoder) -> None:
    """A whole graph, of these layers only."""
    cur = embedding(c, scaled=what.scaled_embedding)
    for layer in layers:
        cur = block(c, cur, layer, what, last=layer == layers[-1])
    if what.late_outputs:
        if what.keeps_hidden:
            cur.output = True
        cur = g.get_rows(cur, output_ids(c))
    logits(c, cur, rms=what.rms)


def block(c: Context, x: Node, layer: int, what: Decoder, *, last: bool) -> Node:
    """One layer."""
    residual = x
    cur = norm(c, x, "attn_norm", layer, rms=what.rms)
    cur = self_attention(c, cur, layer, what)
    if last and not what.late_outputs:
        rows = output_ids(c)
        cur, residual = g.get_rows(cur, rows), g.get_rows(residual, rows)
    before = g.add(cur, residual)
    second = "ffn_norm" if c.has(layer, "ffn_norm") else "post_attention_norm"
    cur = norm(c, before, second, layer, rms=what.rms)
    cur = feed_forward(c, cur, layer, what)
    return g.add(cur, before)


def self_attention(c: Context, x: Node, layer: int, what: Decoder, *, window: bool = False) -> Node:
    """Queries, keys and values with their norms and rotation, and attention."""
    heads = heads_of(c, layer, window=window)
    q_norm = c.tensors.of[layer].get("attn_q_norm.weight")
    flat = q_norm is not None and len(q_norm.shape) == 1 and q_norm.shape[0] == heads.q * heads.k != heads.k
    q, k, v = qkv(c, x, layer, heads, flat=flat)
    q, k = normed(c, q, "attn_q_norm", layer, rms=what.rms), normed(c, k, "attn_k_norm", layer, rms=what.rms)
    if flat:
        n = c.batch.tokens
        q, k = g.reshape(q, heads.k, heads.q, n), g.reshape(k, heads.k, heads.kv, n)
        v = g.reshape(v, heads.v, heads.kv, n)
    if what.rope:
        pos = positions(c)
        q, k = g.rope(q, pos), g.rope(k, pos)
    if what.scaled_query:
        q = g.scale(q)
    return attend(c, layer, heads, q, k, v)


def feed_forward(c: Context, x: Node, layer: int, what: Decoder) -> Node:
    """Routed experts and the shared one, or a dense block."""
    if not c.has(layer, "ffn_gate_inp"):
        return ffn(c, x, layer, activation=what.activation)
    routed = moe_ffn(c, x, layer, what.route(c, layer))
    if not c.has(layer, "ffn_up_shexp"):
        return routed
    shared = ffn(c, x, layer, "_shexp", what.activation)
    if what.gated_shared and c.has(layer, "ffn_gate_inp_shexp"):
        shared = g.mul(shared, g.unary(linear(c, "ffn_gate_inp_shexp", x, layer)))
    return g.add(routed, shared)
