"""Kimi delta attention (src/models/kimi-linear.cpp, bailingmoe3.cpp)."""

from __future__ import annotations

from moefit.memory.graph import operations as g
from moefit.memory.graph.blocks import linear, norm
from moefit.memory.graph.context import Context
from moefit.memory.graph.nodes import F32, Node
from moefit.memory.graph.recurrent import gated_delta_net, gdn_norm, ssm_conv, state


def kda(c: Context, x: Node, layer: int) -> Node:
    """One layer: three short convolutions, the delta rule with a decay for each channel, a gated norm."""
    hp, n = c.hp, c.batch.tokens
    tokens, sequences = c.batch.sequence_tokens, c.batch.sequences
    heads, width, kernel = hp.heads(0), hp.integer("kda.head_dim"), hp.integer("ssm.conv_kernel")
    inner = heads * width
    size = (kernel - 1) * inner
    cache = c.cache(layer, "r", F32, 3 * size, sequences)
    before = state(c, cache, 3 * size)
    inputs = _qkv(c, x, layer, inner)
    q, k, v = (
        _convolved(c, part, layer, f"ssm_conv1d_{name}", cache, before, (kernel, inner, width, heads))
        for name, part in zip("qkv", inputs, strict=True)
    )
    decay = linear(c, "ssm_f_a", x, layer)
    if c.has(layer, "ssm_f_b"):
        decay = g.unary(g.add(linear(c, "ssm_f_b", decay, layer), c.weight(layer, "ssm_dt.bias")))
        decay = _times_a(c, g.reshape(decay, width, heads, n), layer, heads)
    else:
        decay = g.reshape(g.add(decay, c.weight(layer, "ssm_dt.bias")), width, heads, n)
        decay = g.scale(g.unary(_times_a(c, decay, layer, heads)))
    decay = g.reshape(decay, width, heads, tokens, sequences)
    beta = g.unary(g.reshape(linear(c, "ssm_beta", x, layer), 1, heads, tokens, sequences))
    total = width * width * heads
    memory = g.reshape(
        state(c, c.cache(layer, "s", F32, total, sequences), total), width, width, heads, sequences
    )
    out = gated_delta_net(c, layer, (gdn_norm(q), gdn_norm(k), v, decay, beta), memory, total)
    out = g.reshape(g.cont(out), width, heads, n)
    gate = linear(c, "ssm_g" if c.has(layer, "ssm_g") else "ssm_g_a", x, layer)
    if c.has(layer, "ssm_g_b"):
        gate = linear(c, "ssm_g_b", gate, layer)
    gate = g.unary(g.reshape(gate, width, heads, n))
    out = g.mul(norm(c, out, "ssm_norm", layer), gate)
    return linear(c, "attn_output", g.cont(out, inner, n), layer)


def _times_a(c: Context, x: Node, layer: int, heads: int) -> Node:
    return g.mul(x, g.reshape(c.weight(layer, "ssm_a"), 1, heads, 1))


def _qkv(c: Context, x: Node, layer: int, inner: int) -> tuple[Node, Node, Node]:
    """Queries, keys and values, from three matrices or parts of one."""
    if not c.has(layer, "attn_qkv"):
        return (linear(c, "attn_q", x, layer), linear(c, "attn_k", x, layer), linear(c, "attn_v", x, layer))
    both = linear(c, "attn_qkv", x, layer)
    a, b, d = (g.cont(g.view_nd(both, (inner, c.batch.tokens), (both.nb[1],))) for _ in range(3))
    return a, b, d


def _convolved(
    c: Context,
    x: Node,
    layer: int,
    kernel_name: str,
    cache: Node,
    before: Node,
    sizes: tuple[int, int, int, int],
) -> Node:
    """A causal convolution over a third of the state (causal_conv1d)."""
    kernel, inner, width, heads = sizes
    tokens, sequences = c.batch.sequence_tokens, c.batch.sequences
    total = 4 * cache.ne[0]
    past = g.view_nd(before, (kernel - 1, inner, sequences), (4 * (kernel - 1), total))
    joined = g.concat(past, g.transpose(g.reshape(x, inner, tokens, sequences)), 0)
    for _ in range(min(tokens, c.batch.snapshots)):
        last = g.view_nd(joined, (kernel - 1, inner, sequences), joined.nb[1:3])
        c.expand(g.cpy(last, g.view_nd(cache, (kernel - 1, inner, sequences), (4 * (kernel - 1), total))))
    out = ssm_conv(joined, g.reshape(c.weight(layer, kernel_name), kernel, inner))
    return g.reshape(g.unary(g.reshape(out, inner, c.batch.tokens)), width, heads, tokens, sequences)
