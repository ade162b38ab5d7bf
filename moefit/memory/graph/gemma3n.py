"""Gemma 3n: four states side by side that each layer predicts and corrects, and caches shared by the last layers (src/models/gemma3n.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from moefit.memory.graph import operations as g
from moefit.memory.graph.attention import attend, qkv
from moefit.memory.graph.blocks import embedding, linear, lm_head, norm, output_ids, output_norm, positions
from moefit.memory.graph.context import Context
from moefit.memory.graph.heads import cache_owner, heads_of
from moefit.memory.graph.nodes import F32, I32, Node
from moefit.model import MissingError

STATES: Final = 4
"""n_altup."""
SPARSE_LAYERS: Final = 10
"""n_layer_sparsity: in the first ones only the largest gates stay."""


def build(c: Context, layers: Sequence[int]) -> None:
    """A whole graph, of these layers only."""
    cur = embedding(c, scaled=True)
    per_layer = _per_layer_inputs(c, cur)
    cur = _spread(c, cur)
    for layer in layers:
        cur = _block(c, cur, layer, per_layer)
    cur = g.get_rows(_merged(c, cur), output_ids(c))
    lm_head(c, output_norm(c, cur))


def _first(x: Node) -> Node:
    """One of the states (gemma3n_view_2d_slice)."""
    return g.view_nd(x, x.ne[:2], (x.nb[1],))


def _others(x: Node) -> Node:
    """All states but the first."""
    return g.view_nd(x, (x.ne[0], x.ne[1], STATES - 1), x.nb[1:3])


def _magnitude(x: Node) -> Node:
    return g.like("SQRT", g.sum_rows(g.like("SQR", x)))


def _like(c: Context, x: Node, of: Node, name: str) -> Node:
    """A product of the states, as long as another."""
    wanted = _magnitude(of)
    made = g.mul_mat(c.output_weight(f"{name}.weight"), x)
    return g.div(g.mul(made, wanted), _magnitude(made))


def _per_layer_inputs(c: Context, x: Node) -> Node:
    """An embedding of each token for each layer (build_inp_per_layer, project_per_layer_inputs)."""
    table = c.outside("per_layer_token_embd.weight", on_output=False)
    projection = c.first_weight("per_layer_model_proj.weight")
    if table is None:
        raise MissingError("per_layer_token_embd.weight")
    n, layers = c.batch.tokens, c.memory.blocks
    width = table.ne[0] // layers
    own = g.scale(g.reshape(g.get_rows(table, c.input("inp_tokens.per_layer", I32, n)), width, layers, n))
    c.expand(own)
    both = g.reshape(g.scale(g.mul_mat(projection, x)), width, layers, n)
    both = norm(c, both, c.first_weight("per_layer_proj_norm.weight"), -1)
    return g.cont(g.permute(g.scale(g.add(both, own)), 0, 2, 1, 3))


def _spread(c: Context, x: Node) -> Node:
    """The embedding, and as many projections of it as there are other states."""
    repeated = g.repeat(x, x.ne[0], x.ne[1], STATES - 1, 1)
    return g.concat(x, _like(c, repeated, x, "altup_proj"), 2)


def _merged(c: Context, x: Node) -> Node:
    """The mean of the first state and the others, projected back."""
    made = _like(c, _others(x), _first(x), "altup_unembd_proj")
    cur = _first(x)
    for _ in range(STATES - 1):
        cur = g.add(cur, _first(made))
    return g.scale(cur)


def _modalities(c: Context, x: Node, layer: int) -> Node:
    """What the states weigh (altup_compute_router_modalities)."""
    router = g.scale(norm(c, x, "altup_router_norm", layer))
    return g.unary(g.mul_mat(c.weight(layer, "altup_router"), router))


def _predicted(c: Context, x: Node, layer: int) -> Node:
    """altup_predict."""
    n = c.batch.tokens
    shares = linear(c, "altup_predict_coef", _modalities(c, _first(x), layer), layer)
    shares = g.reshape(shares, STATES, STATES, n)
    cur = g.mul_mat(g.cont(g.permute(x, 1, 2, 0, 3)), shares)
    return g.add(g.cont(g.permute(cur, 0, 2, 1, 3)), x)


def _corrected(c: Context, predictions: Node, active: Node, layer: int) -> Node:
    """altup_correct."""
    n = c.batch.tokens
    modalities = _modalities(c, active, layer)
    innovation = g.sub(active, _first(predictions))
    shares = g.scale(linear(c, "altup_correct_coef", modalities, layer))
    shares = g.cont(g.transpose(shares), 1, n, STATES)
    innovation = g.repeat(innovation, active.ne[0], n, STATES, 1)
    return g.add(g.mul(innovation, shares), predictions)


def _attention(c: Context, x: Node, layer: int) -> Node:
    heads, pos = heads_of(c, layer), positions(c)
    if c.memory.attention[layer] is None:
        q = g.reshape(linear(c, "attn_q", x, layer), heads.k, heads.q, c.batch.tokens)
        q = g.rope(norm(c, q, "attn_q_norm", layer), pos)
        return attend(c, layer, heads, q, None, None, source=cache_owner(c, layer))
    q, k, v = qkv(c, x, layer, heads)
    q, k, v = norm(c, q, "attn_q_norm", layer), norm(c, k, "attn_k_norm", layer), g.rms_norm(v)
    return attend(c, layer, heads, g.rope(q, pos), g.rope(k, pos), v)


def _fed(c: Context, x: Node, layer: int) -> Node:
    up, gate = linear(c, "ffn_up", x, layer), linear(c, "ffn_gate", x, layer)
    if layer < SPARSE_LAYERS:
        gate = _largest(gate)
    return linear(c, "ffn_down", g.mul(up, g.unary(gate)), layer)


def _largest(x: Node) -> Node:
    """What is so many deviations above the mean (gaussian_topk)."""
    mean = g.result("MEAN", F32, (1, *x.ne[1:]), x)
    deviation = g.scale(g.sum_rows(g.like("SQR", g.sub(x, mean))))
    cutoff = g.add(mean, g.scale(g.like("SQRT", deviation)))
    return g.unary(g.sub(x, cutoff))


def _block(c: Context, x: Node, layer: int, per_layer: Node) -> Node:
    predictions = _predicted(c, x, layer)
    active = _first(predictions)
    cur = norm(c, active, "attn_norm", layer)
    narrow = linear(c, "laurel_r", linear(c, "laurel_l", cur, layer), layer)
    laurel = g.add(norm(c, narrow, "laurel_post_norm", layer), cur)
    cur = norm(c, _attention(c, cur, layer), "post_attention_norm", layer)
    before = g.scale(g.add(g.add(cur, active), laurel))
    cur = _fed(c, norm(c, before, "ffn_norm", layer), layer)
    cur = g.add(norm(c, cur, "post_ffw_norm", layer), before)
    corrected = _corrected(c, predictions, cur, layer)
    gate = g.mul(_first(corrected), c.weight(layer, "altup_correct_scale"))
    gate = g.unary(linear(c, "inp_gate", gate, layer))
    own = linear(c, "proj", g.mul(gate, _first(per_layer)), layer)
    own = norm(c, own, "post_norm", layer)
    return g.concat(_first(corrected), g.add(_others(corrected), own), 2)
