"""Gemma 4's drafting blocks, which read the caches and the embedding of the model that they draft for (src/models/gemma4-assistant.cpp)."""

from __future__ import annotations

from collections.abc import Sequence

from moefit.memory.graph import operations as g
from moefit.memory.graph.attention import attend
from moefit.memory.graph.blocks import ffn, linear, norm, output_ids, output_norm, positions
from moefit.memory.graph.context import Context
from moefit.memory.graph.heads import heads_of
from moefit.memory.graph.nodes import F32, I32, Node
from moefit.model import MissingError


def build(c: Context, layers: Sequence[int]) -> None:
    """A whole graph, of these layers only."""
    cur = _joined(c)
    for layer in layers:
        cur = _block(c, cur, layer, last=layer == layers[-1])
    state = output_norm(c, cur)
    logits = g.mul_mat(c.output_weight("token_embd.weight"), state)
    drafted = g.mul_mat(c.output_weight("nextn.post_projection.weight"), state)
    for node in (logits, drafted):
        node.output = True
        c.expand(node)


def _joined(c: Context) -> Node:
    """The token's embedding in the other model, on the CPU, and that model's state of it."""
    width, n = c.hp.needed("embedding_length_out"), c.batch.tokens
    table = c.on_host(F32, width, 1)
    token = g.scale(g.get_rows(table, c.input("inp_tokens", I32, n)))
    both = g.concat(token, c.input("inp_h", F32, width, n), 0)
    projection = c.on_first("nextn.pre_projection.weight")
    if projection is None:
        raise MissingError("nextn.pre_projection.weight")
    return g.mul_mat(projection, both)


def _block(c: Context, x: Node, layer: int, *, last: bool) -> Node:
    heads = heads_of(c, layer)
    cur = linear(c, "attn_q", norm(c, x, "attn_norm", layer), layer)
    cur = norm(c, g.reshape(cur, heads.k, heads.q, c.batch.tokens), "attn_q_norm", layer)
    factors = None if heads.window else c.shared(layer, "rope_freqs.weight")
    cur = attend(c, layer, heads, g.rope(cur, positions(c), factors), None, None)
    if last:
        cur, x = (g.get_rows(t, output_ids(c)) for t in (cur, x))
    after = g.add(norm(c, cur, "post_attention_norm", layer), x)
    cur = ffn(c, norm(c, after, "ffn_norm", layer), layer, activation="gelu")
    cur = g.add(norm(c, cur, "post_ffw_norm", layer), after)
    return g.mul(cur, c.weight(layer, "layer_output_scale"))
