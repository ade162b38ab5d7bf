"""The plain decoder: attention and feed-forward with residuals, as most architectures have it.

What a layer has is read off its tensors (norms, biases, fused matrices, shared experts, sinks) and its caches; what those
do not show is a field of `Plain`, in the architecture's row.
"""

from __future__ import annotations

from collections.abc import Sequence

from moefit.memory.graph import operations as g
from moefit.memory.graph.attention import attend, normed, qkv
from moefit.memory.graph.blocks import (
    DEEPSTACK,
    ffn,
    linear,
    lm_head,
    logits,
    norm,
    output_ids,
    output_norm,
)
from moefit.memory.graph.context import Context
from moefit.memory.graph.heads import Heads, heads_of
from moefit.memory.graph.moe import moe_ffn
from moefit.memory.graph.named import named
from moefit.memory.graph.nodes import Node
from moefit.memory.graph.steps import Steps
from moefit.model.architectures import Plain


def build(c: Context, layers: Sequence[int], what: Plain) -> None:
    """A whole graph, of these layers only."""
    _steps(what)(c, layers)


def _steps(what: Plain) -> Steps:

    def layer(c: Context, x: Node, at: int, last: bool) -> Node:  # noqa: FBT001 - as Steps has it
        cur = block(c, x, at, what, last=last)
        if at < c.hp.integer(DEEPSTACK):
            first = c.carried["embedding"]
            cur = g.add(cur, g.view_nd(first, (cur.ne[0], cur.ne[1]), (first.nb[1],)))
        return cur

    return Steps(named(what.embed), layer, lambda c, x: finish(c, x, what))


def finish(c: Context, x: Node, what: Plain) -> None:
    """From the last layer to the logits."""
    if what.outputs == "hidden":
        x.output = True
        x = g.get_rows(x, output_ids(c))
    elif what.outputs == "normed":
        state = output_norm(c, x, rms=what.rms)
        state.output = True
        lm_head(c, g.get_rows(state, output_ids(c)))
        return
    logits(c, x, rms=what.rms)


def block(c: Context, x: Node, layer: int, what: Plain, *, last: bool) -> Node:
    """One layer."""
    residual = x
    cur = normed(c, x, "attn_norm", layer, rms=what.rms)
    if what.early_norm:
        c.expand(cur)
    if what.parallel:
        return _parallel(c, x, cur, layer, what, last=last)
    cur = named(what.mix)(c, cur, layer, what)
    if last and what.outputs == "last layer":
        rows = output_ids(c)
        cur, residual = g.get_rows(cur, rows), g.get_rows(residual, rows)
    after = next((n for n in ("post_attention_norm", "attn_output_norm") if c.has(layer, n)), None)
    two_norms = c.has(layer, "ffn_norm")
    if two_norms and after is not None:
        cur = norm(c, cur, after, layer, rms=what.rms)
    if c.hp.real("residual_scale"):
        cur = g.scale(cur)
    before = g.add(cur, residual) if what.attention_first else _sum(cur, residual, what)
    cur = norm(c, before, "ffn_norm" if two_norms else after, layer, rms=what.rms)
    cur = named(what.feed)(c, cur, layer, what)
    last_norm = next((n for n in ("post_ffw_norm", "layer_output_norm") if c.has(layer, n)), None)
    if last_norm is not None:
        cur = norm(c, cur, last_norm, layer, rms=what.rms)
    if c.hp.real("residual_scale"):
        cur = g.scale(cur)
    return _sum(cur, before, what)


def _parallel(c: Context, x: Node, normed_x: Node, layer: int, what: Plain, *, last: bool) -> Node:
    """Attention and feed-forward side by side (Cohere, Falcon, GPT-NeoX)."""
    cur = named(what.mix)(c, normed_x, layer, what)
    if last and what.outputs == "last layer":
        rows = output_ids(c)
        cur, x, normed_x = g.get_rows(cur, rows), g.get_rows(x, rows), g.get_rows(normed_x, rows)
    out = named(what.feed)(c, normed_x, layer, what)
    return g.add(g.add(out, x), cur)


def _sum(cur: Node, residual: Node, what: Plain) -> Node:
    return g.add(residual, cur) if what.residual_first else g.add(cur, residual)


def self_attention(c: Context, x: Node, layer: int, what: Plain) -> Node:
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
    q, k = named(what.rotate)(c, q, k, layer, what)
    if what.norm_after_rope:
        q, k = _qk_norms(c, q, k, layer, what)
    if what.scaled_query:
        q = g.scale(q)
    gated = c.has(layer, "attn_gate")
    cur: Node = named(what.attend)(c, layer, heads, q, k, v, out=None if gated else "attn_output")
    return gated_output(c, cur, x, layer, heads) if gated else cur


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


def _qk_norms(c: Context, q: Node, k: Node, layer: int, what: Plain) -> tuple[Node, Node]:
    return normed(c, q, "attn_q_norm", layer, rms=what.rms), normed(c, k, "attn_k_norm", layer, rms=what.rms)


def feed_forward(c: Context, x: Node, layer: int, what: Plain) -> Node:
    """Routed experts and the shared one, or a dense block."""
    if not c.has(layer, "ffn_gate_inp"):
        return ffn(c, x, layer, activation=what.activation)
    routed = moe_ffn(c, x, layer, named(what.route)(c, layer))
    if not (c.has(layer, "ffn_up_shexp") or c.has(layer, "ffn_down_shexp")):
        return routed
    shared = ffn(c, x, layer, "_shexp", what.activation)
    if c.has(layer, "ffn_gate_inp_shexp"):
        shared = g.mul(shared, g.unary(linear(c, "ffn_gate_inp_shexp", x, layer)))
    return g.add(routed, shared)


def gated_attention(c: Context, x: Node, layer: int, what: Plain) -> Node:
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
    query, k = named(what.rotate)(c, query, k, layer, what)
    cur = attend(c, layer, heads, query, k, v, out=None)
    gate = g.unary(g.cont(gate, heads.k * heads.q, n))
    return linear(c, "attn_output", g.mul(cur, gate), layer)
