"""Lightning attention: decays by position instead of a softmax (src/models/minimax-01.cpp)."""

from __future__ import annotations

from collections.abc import Sequence

from moefit.memory.graph import operations as g
from moefit.memory.graph.blocks import embedding, linear, logits, norm, output_ids
from moefit.memory.graph.context import Context
from moefit.memory.graph.decoder import self_attention
from moefit.memory.graph.moe import moe_ffn, routing
from moefit.memory.graph.nodes import F32, Node
from moefit.memory.graph.recurrent import state
from moefit.model.architectures import Plain


def minimax_01(c: Context, layers: Sequence[int]) -> None:
    """Lightning or ordinary attention, then experts; residuals are what was normed."""
    cur = embedding(c)
    for layer in layers:
        residual = x = norm(c, cur, "attn_norm", layer)
        recurrent = c.memory.state[layer] is not None
        out = lightning(c, x, layer) if recurrent else self_attention(c, x, layer, Plain())
        if layer == layers[-1]:
            out, residual = (g.get_rows(t, output_ids(c)) for t in (out, residual))
        x = norm(c, g.add(out, g.scale(residual)), "ffn_norm", layer)
        cur = g.add(moe_ffn(c, x, layer, routing(c, layer, normalise=True)), g.scale(x))
    logits(c, cur)


def lightning(c: Context, x: Node, layer: int) -> Node:
    """One layer: within the batch by a matrix of decays, from before it by a state."""
    heads, width = c.hp.heads(), c.hp.head_k()
    tokens, sequences = c.batch.sequence_tokens, c.batch.sequences
    slopes = c.input("la.slopes", F32, heads)
    q_decay = c.input("la.q_decay", F32, 1, heads, tokens, sequences)
    k_decay = c.input("la.k_decay", F32, 1, heads, tokens, sequences)
    diagonal = c.input("la.diag_decay", F32, tokens, tokens, heads, sequences)
    state(c, c.cache(layer, "r", F32, 0, sequences), 0)
    slope_rate = g.scale(slopes)
    x = g.reshape(x, x.ne[0], tokens, 1, sequences)
    both = g.unary(linear(c, "attn_qkv", x, layer))
    both = g.reshape(both, 3 * width, heads, tokens, sequences)
    q, k, v = (g.view_nd(both, (width, heads, tokens, sequences), both.nb[1:]) for _ in range(3))
    size = width * width * heads
    states = c.cache(layer, "s", F32, size, sequences)
    before = g.reshape(state(c, states, size), width, width, heads, sequences)
    of_q, of_k, of_pair = (g.unary(g.scale(decay)) for decay in (q_decay, k_decay, diagonal))
    from_before = g.mul_mat(before, g.permute(g.mul(q, of_q), 0, 2, 1, 3))
    scores = g.mul(g.mul_mat(g.permute(k, 0, 2, 1, 3), g.permute(q, 0, 2, 1, 3)), of_pair)
    values = g.cont(g.permute(v, 1, 2, 0, 3))
    out = g.add(from_before, g.mul_mat(values, scores))
    c.expand(out)
    kept = g.mul(before, g.reshape(g.unary(g.scale(slope_rate)), 1, 1, heads))
    keys = g.cont(g.permute(g.mul(k, of_k), 1, 2, 0, 3))
    after = g.add(kept, g.mul_mat(keys, values))
    c.expand(g.cpy(after, g.view_nd(states, (size * sequences,))))
    out = g.cont(g.permute(out, 0, 2, 1, 3))
    out = norm(c, g.reshape(out, width * heads, tokens, 1, sequences), "attn_norm_2", layer)
    out = linear(c, "attn_output", g.mul(g.unary(linear(c, "attn_gate", x, layer)), out), layer)
    return g.reshape(out, out.ne[0], tokens * sequences)
