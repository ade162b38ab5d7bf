"""T5: relative positions as a bias of attention, and a decoder that also reads what an encoder left (src/models/t5.cpp).

The context reserves the decoder's graph; a file of the encoder alone has only that one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from moefit.memory.graph import in_batch
from moefit.memory.graph import operations as g
from moefit.memory.graph.attention import attend, mha
from moefit.memory.graph.blocks import embedding, linear, lm_head, norm, output_ids, output_norm
from moefit.memory.graph.context import Context
from moefit.memory.graph.heads import Heads, heads_of
from moefit.memory.graph.nodes import F16, F32, I32, Node

ENCODER: Final = ("attn_norm", "attn_q", "attn_k", "attn_v", "attn_o", "ffn_norm", "ffn_up", "ffn_down")
"""What each block of an encoder has."""


def encoder(c: Context, layers: Sequence[int]) -> None:
    """Attention within a batch, with a bias by distance."""
    cur, n = embedding(c), c.batch.tokens
    for layer in layers:
        heads, bias = heads_of(c, layer), _position_bias(c, "enc", layer, n)
        q, k, v = _projected(
            c, norm(c, cur, c.weight(layer, "enc.attn_norm"), layer), "enc.attn", layer, heads
        )
        attended = in_batch.attend(c, layer, heads, q, k, v, out="enc.attn_o", bias=bias)
        cur = _fed(c, attended, cur, "enc", layer, last=layer == layers[-1])
    lm_head(c, output_norm(c, cur))


def decoder(c: Context, layers: Sequence[int]) -> None:
    """Attention over its own cache, then over the encoder's states, as many as the trained context has."""
    c.weight(0, "enc.attn_rel_b")  # of the encoder's graph, which is built for each prompt
    c.lacking += [f"enc.blk.{i}.{name}" for i in layers for name in ENCODER if not c.has(i, f"enc.{name}")]
    cur = embedding(c)
    states = c.input("cross_embd", F32, c.hp.embd(), c.hp.integer("context_length"))
    for layer in layers:
        heads, bias = heads_of(c, layer), _position_bias(c, "dec", layer, c.batch.cells)
        q, k, v = _projected(
            c, norm(c, cur, c.weight(layer, "dec.attn_norm"), layer), "dec.attn", layer, heads
        )
        own = attend(c, layer, heads, q, k, v, out="dec.attn_o", bias=bias)
        before = g.add(own, cur)
        crossed = _crossed(
            c, norm(c, before, c.weight(layer, "dec.cross_attn_norm"), layer), states, layer, heads
        )
        cur = _fed(c, crossed, before, "dec", layer, last=layer == layers[-1])
    lm_head(c, output_norm(c, cur))


def _projected(
    c: Context, x: Node, name: str, layer: int, heads: Heads, source: Node | None = None
) -> tuple[Node, Node, Node]:
    """Queries of `x`, keys and values of it or of another source."""
    shapes = (("q", heads.k, heads.q), ("k", heads.k, heads.kv), ("v", heads.v, heads.kv))
    read = (x, source or x, source or x)
    q, k, v = (
        g.reshape(linear(c, f"{name}_{part}", of, layer), size, count, of.ne[1])
        for of, (part, size, count) in zip(read, shapes, strict=True)
    )
    return q, k, v


def _crossed(c: Context, x: Node, states: Node, layer: int, heads: Heads) -> Node:
    q, k, v = _projected(c, x, "dec.cross_attn", layer, heads, states)
    c.expand(q, k, v)
    mask = c.input("mask.cross", F16 if c.batch.flash else F32, states.ne[1], c.batch.tokens, 1, 1)
    return linear(c, "dec.cross_attn_o", mha(c, layer, q, k, v, mask), layer)


def _position_bias(c: Context, side: str, layer: int, cells: int) -> Node:
    """A bias for each head, query and cell (build_pos_bias); layers without a table of their own take the first one's."""
    name = f"{side}.attn_rel_b.weight"
    table = c.weight(layer if name in c.tensors.of[layer] else 0, name)
    bucket = c.input("pos_bucket", I32, cells, c.batch.tokens)
    found = g.get_rows(table, g.reshape(bucket, bucket.elements))
    return g.cont(g.permute(g.reshape(found, found.ne[0], *bucket.ne[:2]), 2, 0, 1, 3))


def _fed(c: Context, cur: Node, residual: Node, side: str, layer: int, *, last: bool) -> Node:
    """The sum with the residual, and the feed-forward block, with a gate in Flan-T5."""
    if last:
        cur, residual = (g.get_rows(x, output_ids(c)) for x in (cur, residual))
    before = g.add(cur, residual)
    x = norm(c, before, c.weight(layer, f"{side}.ffn_norm"), layer)
    up = linear(c, f"{side}.ffn_up", x, layer)
    gated = c.has(layer, f"{side}.ffn_gate")
    inner = g.glu(linear(c, f"{side}.ffn_gate", x, layer), up) if gated else g.unary(up)
    return g.add(linear(c, f"{side}.ffn_down", inner, layer), before)
