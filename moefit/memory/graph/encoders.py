"""BERT and its like: embeddings with positions or types, and norms after each block (src/models/bert.cpp).

Most of those that norm before each block are plain decoders that attend within a batch (graph.in_batch).
"""

from __future__ import annotations

from collections.abc import Sequence

from moefit.memory.graph import in_batch
from moefit.memory.graph import operations as g
from moefit.memory.graph.attention import normed, qkv
from moefit.memory.graph.blocks import (
    embedding,
    embedding_norm,
    ffn,
    lm_head,
    norm,
    output_ids,
    output_norm,
    positions,
)
from moefit.memory.graph.context import Context
from moefit.memory.graph.heads import heads_of
from moefit.memory.graph.moe import Routing, moe_ffn
from moefit.memory.graph.nodes import Node


def bert(c: Context, layers: Sequence[int]) -> None:
    """Learned positions where the file has them."""
    _build(c, layers, rotates=False)


def rotated_bert(c: Context, layers: Sequence[int]) -> None:
    """Queries and keys rotated instead; experts in the layers that have a router."""
    _build(c, layers, rotates=True)


def modern_bert(c: Context, layers: Sequence[int]) -> None:
    """Norms before each block, of which the first layer's attention may have none (src/models/modern-bert.cpp)."""
    cur = norm(c, embedding(c), c.first_weight("token_embd_norm.weight"), 0, rms=False)
    for layer in layers:
        residual = cur
        if layer or "attn_norm.weight" in c.tensors.of[layer]:
            cur = norm(c, cur, "attn_norm", layer, rms=False)
        cur = _attention(c, cur, layer, rotates=True)
        if layer == layers[-1]:
            cur, residual = (g.get_rows(x, output_ids(c)) for x in (cur, residual))
        before = g.add(cur, residual)
        cur = g.add(ffn(c, norm(c, before, "ffn_norm", layer, rms=False), layer), before)
    lm_head(c, output_norm(c, cur, rms=False))


def _build(c: Context, layers: Sequence[int], *, rotates: bool) -> None:
    cur = _embedded(c)
    for layer in layers:
        residual = cur
        cur = _attention(c, cur, layer, rotates=rotates)
        if layer == layers[-1]:
            cur, residual = (g.get_rows(x, output_ids(c)) for x in (cur, residual))
        cur = norm(c, g.add(cur, residual), "attn_output_norm", layer, rms=False)
        if c.has(layer, "attn_norm_2"):  # the input once more
            cur = norm(c, g.add(cur, residual), "attn_norm_2", layer, rms=False)
        fed = _feed_forward(c, cur, layer)
        cur = norm(c, g.add(fed, cur), "layer_output_norm", layer, rms=False)
    cur.output = True
    c.expand(cur)


def _embedded(c: Context) -> Node:
    """Tokens, the first of the token types, positions, and a norm."""
    cur = embedding(c)
    types = c.outside("token_types.weight", on_output=False)
    if types is not None:
        cur = g.add_matrix(cur, g.view_nd(types, (cur.ne[0],)))
    table = c.outside("position_embd.weight", on_output=False)
    if table is not None:
        cur = g.add(g.get_rows(table, positions(c)), cur)
    return embedding_norm(c, cur)


def _attention(c: Context, x: Node, layer: int, *, rotates: bool) -> Node:
    heads = heads_of(c, layer)
    q, k, v = qkv(c, x, layer, heads)
    q, k = _flat_norm(c, q, "attn_q_norm", layer), _flat_norm(c, k, "attn_k_norm", layer)
    if rotates:
        pos = positions(c)
        q, k = g.rope(q, pos), g.rope(k, pos)
    return in_batch.attend(c, layer, heads, q, k, v)


def _flat_norm(c: Context, x: Node, name: str, layer: int) -> Node:
    """A norm over all heads at once, where the layer has it."""
    if not c.has(layer, name):
        return x
    flat = g.reshape(x, x.ne[0] * x.ne[1], x.ne[2])
    return g.reshape(normed(c, flat, name, layer, rms=False), *x.ne)


def _feed_forward(c: Context, x: Node, layer: int) -> Node:
    if c.has(layer, "ffn_gate_inp"):
        return moe_ffn(c, x, layer, Routing(activation="gelu"))
    return ffn(c, x, layer, activation="gelu")
