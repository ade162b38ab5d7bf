"""Models without a cache: a batch attends to itself alone (src/llama-graph.cpp, build_attn_inp_no_cache)."""

from __future__ import annotations

from collections.abc import Sequence

from moefit.memory.graph import operations as g
from moefit.memory.graph.attention import Heads, heads_of, mha, qkv
from moefit.memory.graph.blocks import (
    embedding,
    embedding_norm,
    ffn,
    linear,
    norm,
    output_ids,
    output_norm,
    positions,
)
from moefit.memory.graph.context import Context
from moefit.memory.graph.decoder import feed_forward
from moefit.memory.graph.moe import Routing, moe_ffn
from moefit.memory.graph.nodes import F16, F32, Node
from moefit.memory.graph.rotations import rotated
from moefit.model.architectures import Plain

NORMALISED = Plain(route="routes.softmax_normalised")


def attend_to_batch(c: Context, layer: int, q: Node, k: Node, v: Node) -> Node:
    """Attention within the batch, and its output matrix (build_attn without a cache)."""
    n = c.batch.tokens
    c.expand(q, k, v)
    mask = c.input("mask.batch", F16 if c.batch.flash else F32, n, n, 1, 1)
    return linear(c, "attn_output", mha(c, layer, q, k, v, mask), layer)


def _parts(c: Context, x: Node, layer: int) -> tuple[Heads, Node, Node, Node]:
    heads = heads_of(c, layer)
    return (heads, *qkv(c, x, layer, heads))


def llama_embed(c: Context, layers: Sequence[int]) -> None:
    """Llama, ending in embeddings (src/models/llama.cpp, graph<true>)."""
    cur = embedding(c)
    for layer in layers:
        residual = cur
        _, q, k, v = _parts(c, norm(c, cur, "attn_norm", layer), layer)
        q, k = rotated(c, q, k, layer, NORMALISED)
        cur = attend_to_batch(c, layer, q, k, v)
        if layer == layers[-1]:
            cur, residual = (g.get_rows(x, output_ids(c)) for x in (cur, residual))
        before = g.add(cur, residual)
        cur = g.add(feed_forward(c, norm(c, before, "ffn_norm", layer), layer, NORMALISED), before)
    _ends(c, output_norm(c, cur))


def nomic_bert_moe(c: Context, layers: Sequence[int]) -> None:
    """BERT with rotated positions, and experts in every second layer (src/models/bert.cpp)."""
    cur = _embedded(c)
    for layer in layers:
        residual = cur
        _, q, k, v = _parts(c, cur, layer)
        pos = positions(c)
        cur = attend_to_batch(c, layer, g.rope(q, pos), g.rope(k, pos), v)
        if layer == layers[-1]:
            cur, residual = (g.get_rows(x, output_ids(c)) for x in (cur, residual))
        cur = before = norm(c, g.add(cur, residual), "attn_output_norm", layer, rms=False)
        if c.has(layer, "ffn_gate_inp"):
            cur = moe_ffn(c, cur, layer, Routing(activation="gelu"))
        else:
            cur = ffn(c, cur, layer, activation="gelu")
        cur = norm(c, g.add(cur, before), "layer_output_norm", layer, rms=False)
    _ends(c, cur)


def _embedded(c: Context) -> Node:
    """Tokens, the first of the token types, and a norm."""
    cur = embedding(c)
    types = c.outside("token_types.weight", on_output=False)
    if types is not None:
        cur = g.add_matrix(cur, g.view_nd(types, (cur.ne[0],)))
    return embedding_norm(c, cur)


def _ends(c: Context, cur: Node) -> None:
    cur.output = True
    c.expand(cur)
