"""Multi-head latent attention (src/models/deepseek2.cpp)."""

from __future__ import annotations

from moefit.memory.graph import operations as g
from moefit.memory.graph.attention import attend, attend_latent
from moefit.memory.graph.blocks import linear, norm, positions
from moefit.memory.graph.context import Context
from moefit.memory.graph.heads import Heads
from moefit.memory.graph.named import named
from moefit.memory.graph.nodes import F32, Node
from moefit.model.architectures import Plain


def query_of(c: Context, x: Node, layer: int) -> Node:
    """Queries of all heads, through a narrow matrix where the file has one."""
    if c.has(layer, "attn_q"):
        return linear(c, "attn_q", x, layer)
    low = norm(c, linear(c, "attn_q_a", x, layer), "attn_q_a_norm", layer)
    return linear(c, "attn_q_b", low, layer)


def latent_attention(c: Context, x: Node, layer: int, what: Plain) -> Node:
    """Keys and values from one compressed row a token, which alone is cached when the file allows it."""
    hp, n = c.hp, c.batch.tokens
    heads, rank = hp.heads(layer), hp.integer("attention.kv_lora_rank")
    rope = hp.integer("rope.dimension_count")
    key = hp.integer("attention.key_length_mla") or hp.head_k()
    value = hp.integer("attention.value_length_mla") or hp.head_v()
    if c.memory.mla:
        query, k, values = latent_query(
            c, query_of(c, x, layer), x, layer, rotates=named(what.rope)(c, layer)
        )
        shape = Heads(heads, 1, rank + rope, rank)
        cur = attend_latent(c, layer, shape, query, k, values, c.weight(layer, "attn_v_b"))
        if c.has(layer, "attn_gate"):
            gate = g.unary(g.reshape(linear(c, "attn_gate", x, layer), 1, heads, n))
            cur = g.cont(g.mul(g.reshape(cur, value, heads, n), gate), value * heads, n)
        return linear(c, "attn_output", cur, layer)
    q = g.reshape(query_of(c, x, layer), key, heads, n)
    latent, k_pe = _compressed(c, x, layer, rotates=named(what.rope)(c, layer))
    return _expanded(c, layer, q, latent, k_pe, (heads, key - rope, rope, value))


def _compressed(c: Context, x: Node, layer: int, *, rotates: bool) -> tuple[Node, Node]:
    """The compressed row, normed, and the rotated part of the key."""
    rank, rope, n = (
        c.hp.integer("attention.kv_lora_rank"),
        c.hp.integer("rope.dimension_count"),
        c.batch.tokens,
    )
    both = linear(c, "attn_kv_a_mqa", x, layer)
    row = 4 * (rank + rope)
    latent = g.view_nd(both, (rank, n), (row,))
    k_pe = g.view_nd(both, (rope, 1, n), (row, row))
    if rotates:
        k_pe = g.rope(k_pe, positions(c))
    return norm(c, latent, "attn_kv_a_norm", layer), k_pe


def latent_query(
    c: Context, q: Node, x: Node, layer: int, *, rotates: bool = True
) -> tuple[Node, Node, Node]:
    """Queries with the keys' matrix absorbed, keys and values of the compressed row."""
    hp, n = c.hp, c.batch.tokens
    heads, rank, rope = (
        hp.heads(layer),
        hp.integer("attention.kv_lora_rank"),
        hp.integer("rope.dimension_count"),
    )
    key = hp.integer("attention.key_length_mla") or hp.head_k()
    q = g.reshape(q, key, heads, n)
    latent, k_pe = _compressed(c, x, layer, rotates=rotates)
    q_nope = g.view_nd(q, (key - rope, heads, n), q.nb[1:3])
    q_pe = g.view_nd(q, (rope, heads, n), q.nb[1:3])
    if rotates:
        q_pe = g.rope(q_pe, positions(c))
    absorbed = g.mul_mat(c.weight(layer, "attn_k_b"), g.permute(q_nope, 0, 2, 1, 3))
    query = _tempered(c, g.concat(g.permute(absorbed, 0, 2, 1, 3), q_pe, 0))
    latent = g.reshape(latent, rank, 1, n)
    return query, g.concat(latent, k_pe, 0), latent


def _tempered(c: Context, q: Node) -> Node:
    if c.hp.real("attention.temperature_scale"):
        return g.mul(q, c.input("attn_scale", F32, 1, 1, c.batch.tokens))
    return q


def _expanded(
    c: Context, layer: int, q: Node, latent: Node, k_pe: Node, sizes: tuple[int, int, int, int]
) -> Node:
    """The cache holds full heads: files without attn_k_b."""
    heads, nope, rope, value = sizes
    n = c.batch.tokens
    kv = linear(c, "attn_kv_b", latent, layer)
    row = 4 * (nope + value)
    k_nope = g.view_nd(kv, (nope, heads, n), (row, row * heads))
    v = g.cont(g.view_nd(kv, (value, heads, n), (row, row * heads)))
    query = _tempered(c, g.rope(q, positions(c)))
    k = g.concat(k_nope, g.repeat(k_pe, rope, heads, n, 1), 0)
    return attend(c, layer, Heads(heads, heads, nope + rope, value), query, k, v)
