"""K2 Horizon: norms over groups, values of routed experts, and a gate of attention's output (src/models/k2-horizon.cpp)."""

from __future__ import annotations

from moefit.memory.graph import operations as g
from moefit.memory.graph.attention import attend, normed
from moefit.memory.graph.blocks import embedding, linear, lm_head, output_ids
from moefit.memory.graph.context import Context
from moefit.memory.graph.decoder import feed_forward
from moefit.memory.graph.heads import heads_of
from moefit.memory.graph.moe import chosen_weights, probabilities, routing, summed
from moefit.memory.graph.nodes import Node
from moefit.memory.graph.rotations import rotated
from moefit.memory.graph.steps import Steps
from moefit.model.architectures import Plain

_PLAIN = Plain()


def _layer(c: Context, x: Node, layer: int, last: bool) -> Node:  # noqa: FBT001 - as Steps has it
    cur = _attention(c, _group_norm(c, x, c.weight(layer, "attn_norm")), layer)
    if last:
        cur, x = (g.get_rows(one, output_ids(c)) for one in (cur, x))
    before = g.add(cur, x)
    cur = feed_forward(c, _group_norm(c, before, c.weight(layer, "ffn_norm")), layer, _PLAIN)
    return g.add(cur, before)


def _finish(c: Context, x: Node) -> None:
    lm_head(c, _group_norm(c, x, c.output_weight("output_norm.weight")))


build = Steps(embedding, _layer, _finish)
"""A whole graph."""


def _group_norm(c: Context, x: Node, weight: Node) -> Node:
    """Each of some equal parts of a token has a norm of its own (k2_horizon_group_rms_norm)."""
    width, n = x.ne[:2]
    groups = max(1, c.hp.integer("attention.group_norm_groups"))
    parts = g.rms_norm(g.reshape(x, width // groups, groups, n))
    return g.mul(g.reshape(parts, width, n), weight)


def _attention(c: Context, x: Node, layer: int) -> Node:
    heads, n = heads_of(c, layer), c.batch.tokens
    q, k = linear(c, "attn_q", x, layer), linear(c, "attn_k", x, layer)
    routed = "attn_v_exps.weight" in c.tensors.of[layer]  # leading blocks have one matrix
    v = _routed_value(c, x, layer) if routed else linear(c, "attn_v", x, layer)
    q, k = g.reshape(q, heads.k, heads.q, n), g.reshape(k, heads.k, heads.kv, n)
    v = g.reshape(v, heads.v, heads.kv, n)
    q, k = normed(c, q, "attn_q_norm", layer), normed(c, k, "attn_k_norm", layer)
    q, k = rotated(c, q, k, layer, _PLAIN)
    if not c.has(layer, "attn_gate"):
        return attend(c, layer, heads, q, k, v)
    cur = attend(c, layer, heads, q, k, v, out=None)
    gate = g.scale(g.unary(g.scale(linear(c, "attn_gate", x, layer))))
    return linear(c, "attn_output", g.mul(cur, gate), layer)


def _routed_value(c: Context, x: Node, layer: int) -> Node:
    """The sum of the values of some experts, each by its weight (build_routed_value)."""
    width, n = x.ne[:2]
    how = routing(c, layer, "sigmoid")
    logits = g.mul_mat(c.weight(layer, "attn_v_gate"), x)
    probs = probabilities(logits, how.gating)
    bias = c.find(layer, "attn_v_gate.bias")
    used = c.hp.needed("attention.value_expert_used_count")
    ids = g.argsort_top_k(probs if bias is None else g.add(probs, bias), used)
    weights = chosen_weights(g.get_rows(g.reshape(probs, 1, probs.ne[0], n), ids), how)
    values = g.mul_mat_id(c.weight(layer, "attn_v_exps"), g.reshape(x, width, 1, n), ids)
    values = g.mul(g.unary(values), weights)
    return summed(c, [g.view_nd(values, (values.ne[0], 1, n), values.nb[1:3]) for _ in range(used)])
