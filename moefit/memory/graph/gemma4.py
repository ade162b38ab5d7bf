"""Gemma 4 (src/models/gemma4.cpp)."""

from __future__ import annotations

from collections.abc import Sequence

from moefit.memory.graph import operations as g
from moefit.memory.graph.attention import attend
from moefit.memory.graph.blocks import embedding, ffn, linear, norm, positions
from moefit.memory.graph.context import Context
from moefit.memory.graph.decoder import finish
from moefit.memory.graph.heads import cache_owner, heads_of
from moefit.memory.graph.moe import Routing, moe_ffn
from moefit.memory.graph.nodes import I32, Node
from moefit.model import MissingError
from moefit.model.architectures import Plain

_DECODER = Plain(outputs="normed")
ROUTING = Routing(normalise=True, activation="gelu")


def build(c: Context, layers: Sequence[int]) -> None:
    """A whole graph, of these layers only."""
    cur = embedding(c, scaled=True)
    per_layer = _per_layer_inputs(c, cur)
    for layer in layers:
        cur = _block(c, cur, layer, per_layer)
    finish(c, cur, _DECODER)


def _per_layer_inputs(c: Context, x: Node) -> Node | None:
    """An embedding of each token for each layer (build_inp_per_layer, project_per_layer_inputs)."""
    table = c.outside("per_layer_token_embd.weight", on_output=False)
    if table is None:
        if c.hp.integer("embedding_length_per_layer_input"):
            raise MissingError("per_layer_token_embd")
        return None
    n, layers = c.batch.tokens, c.memory.blocks
    width = table.ne[0] // layers
    own = g.scale(g.reshape(g.get_rows(table, c.input("inp_tokens.per_layer", I32, n)), width, layers, n))
    c.expand(own)
    return g.cont(g.permute(g.scale(g.add(projected(c, x, width), own)), 0, 2, 1, 3))


def projected(c: Context, x: Node, width: int) -> Node:
    """What each layer takes of a token's embedding."""
    projection = c.first_weight("per_layer_model_proj.weight")
    own = g.reshape(g.scale(g.mul_mat(projection, x)), width, c.memory.blocks, c.batch.tokens)
    return norm(c, own, c.first_weight("per_layer_proj_norm.weight"), -1)


def _attention(c: Context, x: Node, layer: int) -> Node:
    heads, n = heads_of(c, layer), c.batch.tokens
    factors = None if heads.window else c.shared(layer, "rope_freqs.weight")
    pos = positions(c)
    q = g.reshape(linear(c, "attn_q", x, layer), heads.k, heads.q, n)
    q = g.rope(norm(c, q, "attn_q_norm", layer), pos, factors)
    if c.memory.attention[layer] is None:
        return attend(c, layer, heads, q, None, None, source=cache_owner(c, layer))
    k = linear(c, "attn_k", x, layer)
    v = linear(c, "attn_v", x, layer) if c.has(layer, "attn_v") else k
    k, v = g.reshape(k, heads.k, heads.kv, n), g.reshape(v, heads.v, heads.kv, n)
    k, v = norm(c, k, "attn_k_norm", layer), g.rms_norm(v)
    return attend(c, layer, heads, q, g.rope(k, pos, factors), v)


def _block(c: Context, x: Node, layer: int, per_layer: Node | None) -> Node:
    cur = _attention(c, norm(c, x, "attn_norm", layer), layer)
    cur = norm(c, cur, "post_attention_norm", layer)
    after = g.add(cur, x)
    if c.has(layer, "ffn_gate_inp"):
        cur = _experts(c, after, layer)
    else:
        cur = ffn(c, norm(c, after, "ffn_norm", layer), layer, activation="gelu")
    cur = g.add(norm(c, cur, "post_ffw_norm", layer), after)
    if per_layer is not None:
        gate = g.unary(linear(c, "inp_gate", cur, layer))
        own = g.view_nd(per_layer, per_layer.ne[:2], (per_layer.nb[1],))
        own = linear(c, "proj", g.mul(gate, own), layer)
        cur = g.add(cur, norm(c, own, "post_norm", layer))
    scale = c.find(layer, "layer_output_scale")
    return cur if scale is None else g.mul(cur, scale)


def _experts(c: Context, x: Node, layer: int) -> Node:
    """The dense block and the experts side by side; the router reads what both read, normed on its own."""
    dense = ffn(c, norm(c, x, "ffn_norm", layer), layer, activation="gelu")
    dense = norm(c, dense, "post_ffw_norm_1", layer)
    routed = norm(c, x, "pre_ffw_norm_2", layer)
    router = g.mul(g.scale(g.rms_norm(x)), c.weight(layer, "ffn_gate_inp.scale"))
    logits = g.mul_mat(c.weight(layer, "ffn_gate_inp"), router)
    routed = norm(c, moe_ffn(c, routed, layer, ROUTING, logits=logits), "post_ffw_norm_2", layer)
    return g.add(dense, routed)
