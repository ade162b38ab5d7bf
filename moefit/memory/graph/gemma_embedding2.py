"""EmbeddingGemma 2: Gemma 4's layers without a cache, a table of embeddings for each layer or a head (src/models/gemma-embedding2.cpp)."""

from __future__ import annotations

from collections.abc import Sequence

from moefit.memory.graph import in_batch
from moefit.memory.graph import operations as g
from moefit.memory.graph.blocks import (
    embedding,
    ffn,
    linear,
    lm_head,
    norm,
    output_ids,
    output_norm,
    positions,
)
from moefit.memory.graph.context import Context
from moefit.memory.graph.gemma4 import projected
from moefit.memory.graph.heads import heads_of
from moefit.memory.graph.nodes import Node


def build(c: Context, layers: Sequence[int]) -> None:
    """A whole graph, of these layers only."""
    cur = embedding(c, scaled=True)
    per_layer = projected(c, cur, c.hp.needed("embedding_length_per_layer_input"))
    per_layer = g.cont(g.permute(per_layer, 0, 2, 1, 3))
    for layer in layers:
        x = _alone(c, norm(c, cur, "attn_norm", layer), layer)
        own = g.view_nd(per_layer, per_layer.ne[:2], (per_layer.nb[1],))
        if layer == layers[-1]:
            x, cur = (g.get_rows(one, output_ids(c)) for one in (x, cur))
        after = g.add(norm(c, x, "post_attention_norm", layer), cur)
        x = ffn(c, norm(c, after, "ffn_norm", layer), layer, activation="gelu")
        x = g.add(norm(c, x, "post_ffw_norm", layer), after)
        gate = g.unary(linear(c, "inp_gate", x, layer))
        if layer == layers[-1]:
            own = g.get_rows(own, output_ids(c))
        own = norm(c, linear(c, "proj", g.mul(gate, own), layer), "post_norm", layer)
        cur = g.mul(g.add(x, own), c.weight(layer, "layer_output_scale"))
    lm_head(c, g.mul_mat(c.output_weight("output.weight"), output_norm(c, cur)))


def _alone(c: Context, x: Node, layer: int) -> Node:
    """Attention of a batch to itself; values are normed, too."""
    heads, n, pos = heads_of(c, layer), c.batch.tokens, positions(c)
    q, k, v = (linear(c, f"attn_{name}", x, layer) for name in "qkv")
    q, k = g.reshape(q, heads.k, heads.q, n), g.reshape(k, heads.k, heads.kv, n)
    v = g.reshape(v, heads.v, heads.kv, n)
    q, k, v = norm(c, q, "attn_q_norm", layer), norm(c, k, "attn_k_norm", layer), g.rms_norm(v)
    return in_batch.attend(c, layer, heads, g.rope(q, pos), g.rope(k, pos), v)
