"""Kimi K3: residuals that attend to what earlier layers began with (src/models/kimi-k3.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from moefit.memory.graph import operations as g
from moefit.memory.graph.attention import attend_latent
from moefit.memory.graph.blocks import embedding, linear, lm_head, norm, output_ids, output_norm
from moefit.memory.graph.context import Context
from moefit.memory.graph.heads import Heads
from moefit.memory.graph.kda import kda
from moefit.memory.graph.latent import latent_query, query_of
from moefit.memory.graph.moe import moe_ffn, routing, situ
from moefit.memory.graph.nodes import F32, Node


def build(c: Context, layers: Sequence[int]) -> None:
    """A graph of all layers: how many states are kept depends on the layer's number."""
    every = c.hp.needed("attn_res.block_size")
    cur = embedding(c)
    stack: Node | None = None
    for layer in layers:
        x = _mixed(stack, cur, c.find(layer, "attn_res_score"))
        banked = bool(every) and layer % every == 0
        if banked:
            kept = g.reshape(cur, cur.ne[0], 1, cur.ne[1])
            stack = kept if stack is None else g.concat(stack, kept, 1)
        x = norm(c, x, "attn_norm", layer)
        c.expand(x)
        out = kda(c, x, layer) if c.memory.state[layer] is not None else _attention(c, x, layer)
        cur = out if banked else g.add(cur, out)
        x = norm(c, _mixed(stack, cur, c.find(layer, "ffn_res_score")), "ffn_norm", layer)
        cur = g.add(cur, _fed(c, x, layer))
    cur = _mixed(stack, cur, c.outside("output_res_score.weight"))
    lm_head(c, output_norm(c, g.get_rows(cur, output_ids(c))))


def _mixed(stack: Node | None, cur: Node, score: Node | None) -> Node:
    """The state and all kept ones, weighted by a softmax of their scores (res_mix)."""
    if stack is None or score is None:
        return cur
    embd, kept, n, _ = stack.ne
    before = g.reshape(g.sum_rows(g.mul(g.rms_norm(stack), score)), kept, n)
    now = g.sum_rows(g.mul(g.rms_norm(cur), score))
    weights = g.soft_max(g.concat(before, now, 0))
    of_before = g.cont(g.view_nd(weights, (kept, n), weights.nb[1:2]))
    of_now = g.cont(g.view_nd(weights, (1, n), weights.nb[1:2]))
    out = g.result("DSV4_HC_PRE", F32, (embd, n, 1, 1), stack, of_before)
    return g.add(out, g.mul(cur, of_now))


def _attention(c: Context, x: Node, layer: int) -> Node:
    """Latent attention without rotation, its output gated for each value."""
    hp = c.hp
    rank, rope = hp.integer("attention.kv_lora_rank"), hp.integer("rope.dimension_count")
    query, k, values = latent_query(c, query_of(c, x, layer), x, layer, rotates=False)
    shape = Heads(hp.heads(layer), 1, rank + rope, rank)
    out = attend_latent(c, layer, shape, query, k, values, c.weight(layer, "attn_v_b"))
    if c.has(layer, "attn_gate"):
        out = g.mul(out, g.unary(linear(c, "attn_gate", x, layer)))
    return linear(c, "attn_output", out, layer)


def _dense(c: Context, x: Node, layer: int, suffix: str = "") -> Node:
    gate, up = linear(c, f"ffn_gate{suffix}", x, layer), linear(c, f"ffn_up{suffix}", x, layer)
    return linear(c, f"ffn_down{suffix}", situ(gate, up), layer)


def _fed(c: Context, x: Node, layer: int) -> Node:
    """A dense block, or experts that work on a narrower state (build_latent_moe)."""
    if not c.has(layer, "ffn_gate_inp"):
        return _dense(c, x, layer)
    narrow = linear(c, "ffn_routed_down", x, layer) if c.has(layer, "ffn_routed_down") else x
    logits = g.mul_mat(c.weight(layer, "ffn_gate_inp"), x)
    out = moe_ffn(c, narrow, layer, replace(routing(c, layer), activation="situ"), logits=logits)
    if c.has(layer, "ffn_routed_norm"):
        out = norm(c, out, "ffn_routed_norm", layer)
    if c.has(layer, "ffn_routed_up"):
        out = linear(c, "ffn_routed_up", out, layer)
    return g.add(out, _dense(c, x, layer, "_shexp")) if c.has(layer, "ffn_gate_shexp") else out
