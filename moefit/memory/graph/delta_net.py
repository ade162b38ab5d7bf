"""Gated delta net layers of the Qwen family (src/models/qwen3next.cpp, qwen35.cpp, qwen35moe.cpp)."""

from __future__ import annotations

from moefit.memory.graph import operations as g
from moefit.memory.graph.blocks import linear, norm
from moefit.memory.graph.context import Context
from moefit.memory.graph.nodes import F32, Node
from moefit.memory.graph.recurrent import conv_state, gated_delta_net, gdn_norm, ssm_conv, state
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class DeltaShape:
    """Sizes of a delta net layer."""

    key: int
    """Values of a key head."""
    key_heads: int
    value: int
    value_heads: int

    @property
    def channels(self) -> int:
        """Channels of the convolution: queries, keys and values."""
        return 2 * self.key * self.key_heads + self.value * self.value_heads


def shape_of(c: Context) -> DeltaShape:
    """The sizes by their keys."""
    hp = c.hp
    heads = hp.needed("ssm.time_step_rank")
    return DeltaShape(
        hp.needed("ssm.state_size"),
        hp.needed("ssm.group_count"),
        hp.needed("ssm.inner_size") // heads,
        heads,
    )


def _mixed_and_gate(c: Context, x: Node, layer: int, s: DeltaShape) -> tuple[Node, Node]:
    """Queries, keys and values in one, and the output's gate (build_qkvz)."""
    tokens, sequences = c.batch.sequence_tokens, c.batch.sequences
    if c.has(layer, "attn_qkv"):
        mixed = linear(c, "attn_qkv", x, layer)
        return g.reshape(mixed, mixed.ne[0], tokens, sequences), linear(c, "attn_gate", x, layer)
    per = s.value * s.value_heads // s.key_heads
    both = linear(c, "ssm_in", x, layer)
    both = g.reshape(both, 2 * s.key + 2 * per, s.key_heads, tokens, sequences)
    q, k = (g.view_nd(both, (s.key, s.key_heads, tokens, sequences), both.nb[1:]) for _ in range(2))
    v, z = (g.view_nd(both, (per, s.key_heads, tokens, sequences), both.nb[1:]) for _ in range(2))
    z = g.cont(z)
    flat = [g.cont(part, part.ne[0] * part.ne[1], tokens, sequences) for part in (q, k, v)]
    return g.concat(g.concat(flat[0], flat[1], 0), flat[2], 0), z


def _beta_and_decay(c: Context, x: Node, layer: int, s: DeltaShape) -> tuple[Node, Node]:
    """How much is written and how much is kept, a value for each head."""
    tokens, sequences = c.batch.sequence_tokens, c.batch.sequences
    if c.has(layer, "ssm_ba"):
        both = linear(c, "ssm_ba", x, layer)
        per = s.value_heads // s.key_heads
        both = g.reshape(both, 2 * per, s.key_heads, tokens, sequences)
        b, a = (g.view_nd(both, (per, s.key_heads, tokens, sequences), both.nb[1:]) for _ in range(2))
        beta = g.unary(g.cont(b))
        alpha = g.cont(a, s.value_heads, tokens, sequences)
        beta = g.reshape(beta, 1, s.value_heads, tokens, sequences)
    else:
        beta = g.unary(g.reshape(linear(c, "ssm_beta", x, layer), 1, s.value_heads, tokens, sequences))
        alpha = g.reshape(linear(c, "ssm_alpha", x, layer), s.value_heads, tokens, sequences)
    decay = g.mul(g.unary(g.add(alpha, c.weight(layer, "ssm_dt.bias"))), c.weight(layer, "ssm_a"))
    return beta, g.reshape(decay, 1, s.value_heads, tokens, sequences)


def delta_net(c: Context, x: Node, layer: int, *, repeats: bool, packed: bool = False) -> Node:
    """One layer (build_layer_attn_linear).

    `repeats`: key heads are repeated to the number of value heads; `packed`: see conv_state.
    """
    s = shape_of(c)
    tokens, sequences = c.batch.sequence_tokens, c.batch.sequences
    mixed, z = _mixed_and_gate(c, x, layer, s)
    beta, decay = _beta_and_decay(c, x, layer, s)
    kernel = c.weight(layer, "ssm_conv1d")
    joined = conv_state(c, mixed, layer, kernel.ne[0], s.channels, packed=packed)
    size = s.key * s.value * s.value_heads
    before = state(c, c.cache(layer, "s", F32, size, sequences), size)
    before = g.reshape(before, s.value, s.value, s.value_heads, sequences)
    out = g.unary(ssm_conv(joined, kernel))
    nb1 = 4 * s.channels
    q, k = (
        gdn_norm(g.view_nd(out, (s.key, s.key_heads, tokens, sequences), (4 * s.key, nb1, nb1 * tokens)))
        for _ in range(2)
    )
    v = g.view_nd(out, (s.value, s.value_heads, tokens, sequences), (4 * s.value, nb1, nb1 * tokens))
    if repeats and s.key_heads != s.value_heads:
        q, k = (_repeated(t, s, tokens, sequences) for t in (q, k))
    output = gated_delta_net(c, layer, (q, k, v, decay, beta), before, size)
    z = g.reshape(z, s.value, s.value_heads, tokens, sequences)
    cur = g.mul(norm(c, output, "ssm_norm", layer), g.unary(z))
    cur = linear(c, "ssm_out", g.reshape(cur, s.value * s.value_heads, tokens, sequences), layer)
    return g.reshape(cur, cur.ne[0], tokens * sequences)


def _repeated(x: Node, s: DeltaShape, tokens: int, sequences: int) -> Node:
    factor = s.value_heads // s.key_heads
    x = g.reshape(x, s.key, 1, s.key_heads, tokens * sequences)
    x = g.repeat(x, s.key, factor, s.key_heads, tokens * sequences)
    return g.reshape(x, s.key, s.value_heads, tokens, sequences)
