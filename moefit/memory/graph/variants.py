"""Mixture-of-experts decoders whose layers are built in an order of their own."""

from __future__ import annotations

from collections.abc import Sequence

from moefit.memory.graph import operations as g
from moefit.memory.graph.blocks import (
    embedding,
    ffn,
    linear,
    lm_head,
    logits,
    norm,
    output_ids,
    output_norm,
)
from moefit.memory.graph.context import Context
from moefit.memory.graph.decoder import block, feed_forward, self_attention
from moefit.memory.graph.moe import Routing, moe_ffn, routing
from moefit.memory.graph.nodes import Node
from moefit.model.architectures import Plain

PLAIN = Plain()


def arctic(c: Context, layers: Sequence[int]) -> None:
    """A dense block and experts that read the layer's input (src/models/arctic.cpp)."""
    cur = embedding(c)
    for layer in layers:
        residual = cur
        cur = self_attention(c, norm(c, cur, "attn_norm", layer), layer, PLAIN)
        if layer == layers[-1]:
            cur, residual = (g.get_rows(x, output_ids(c)) for x in (cur, residual))
        before = g.add(cur, residual)
        dense = g.add(ffn(c, norm(c, before, "ffn_norm", layer), layer), before)
        routed = norm(c, residual, "ffn_norm_exps", layer)
        routed = moe_ffn(c, routed, layer, routing(c, layer, normalise=True))
        cur = g.add(routed, dense)
    logits(c, cur)


def grok(c: Context, layers: Sequence[int]) -> None:
    """Experts and, in some files, a dense block beside them (src/models/grok.cpp)."""
    cur = embedding(c)
    for layer in layers:
        residual = cur
        cur = self_attention(c, norm(c, cur, "attn_norm", layer), layer, PLAIN)
        if layer == layers[-1]:
            cur, residual = (g.get_rows(x, output_ids(c)) for x in (cur, residual))
        before = g.add(norm(c, cur, "attn_output_norm", layer), residual)
        x = norm(c, before, "ffn_norm", layer)
        out = moe_ffn(
            c, x, layer, Routing(normalise=True, scaled=routing(c, layer).scaled, activation="gelu")
        )
        if c.has(layer, "ffn_up"):
            out = g.scale(g.add(ffn(c, x, layer, activation="gelu"), out))
        name = "layer_output_norm" if c.has(layer, "layer_output_norm") else "post_ffw_norm"
        cur = g.add(norm(c, out, name, layer), before)
    logits(c, cur)


def smallthinker(c: Context, layers: Sequence[int]) -> None:
    """The router reads the layer's input, before attention (src/models/smallthinker.cpp)."""
    what = Plain(rope="rotations.smallthinker")
    cur = embedding(c)
    for layer in layers:
        residual = cur
        router = g.mul_mat(c.weight(layer, "ffn_gate_inp"), cur)
        cur = self_attention(c, norm(c, cur, "attn_norm", layer), layer, what)
        if layer == layers[-1]:
            cur, residual, router = (g.get_rows(x, output_ids(c)) for x in (cur, residual, router))
        before = g.add(cur, residual)
        x = norm(c, before, "ffn_norm", layer)
        how = routing(c, layer, normalise=True)
        cur = g.add(moe_ffn(c, x, layer, how, logits=router), before)
    logits(c, cur)


def grovemoe(c: Context, layers: Sequence[int]) -> None:
    """Experts, then smaller adjugate experts that groups of them share (src/models/grovemoe.cpp)."""
    cur = embedding(c)
    for layer in layers:
        residual = cur
        cur = self_attention(c, norm(c, cur, "attn_norm", layer), layer, PLAIN)
        if layer == layers[-1]:
            cur, residual = (g.get_rows(x, output_ids(c)) for x in (cur, residual))
        before = g.add(cur, residual)
        x = norm(c, before, "ffn_norm", layer)
        router = g.mul_mat(c.weight(layer, "ffn_gate_inp"), x)
        how = routing(c, layer, normalise=True)
        how = Routing("softmax", normalise=True, scaled=how.scaled, grouped=True)
        out = moe_ffn(c, x, layer, how, logits=router)
        shared = _adjugate(c, out, layer, how, router)
        cur = g.add(g.add(out, g.scale(shared)), before)
    logits(c, cur)


def _adjugate(c: Context, x: Node, layer: int, how: Routing, router: Node) -> Node:
    chunks = c.weight(layer, "ffn_up_chexps").ne[2]
    group = c.hp.integer("experts_per_group", 1)
    count = c.hp.experts() // group if group else chunks
    used = min(c.hp.experts_used(layer), count)
    return moe_ffn(c, x, layer, how, logits=router, suffix="_chexps", experts=count, used=used)


def deci(c: Context, layers: Sequence[int]) -> None:
    """Layers without attention, with one matrix in its place, or without feed-forward (src/models/deci.cpp)."""
    cur = embedding(c)
    for layer in layers:
        before, residual = cur, cur
        heads, dense = c.hp.heads(layer), bool(c.hp.integer("feed_forward_length", 0, layer))
        out = cur
        if heads:
            out = norm(c, cur, "attn_norm", layer)
            if c.hp.kv_heads(layer):
                out = self_attention(c, out, layer, PLAIN)
            else:
                out = g.mul_mat(c.weight(layer, "attn_output"), out)
        if layer == layers[-1]:
            out, residual = (g.get_rows(x, output_ids(c)) for x in (out, residual))
        if not dense:
            continue  # and what attention gave is dropped
        before = g.add(out, residual) if heads else out
        out = ffn(c, norm(c, before, "ffn_norm", layer), layer)
        cur = g.add(out, before)
    logits(c, cur)


def minicpm3(c: Context, layers: Sequence[int]) -> None:
    """Latent attention, and constants before and after everything (src/models/minicpm3.cpp)."""
    what = Plain(mix="latent.latent_attention")
    cur = g.scale(embedding(c))
    for layer in layers:
        cur = block(c, cur, layer, what, last=layer == layers[-1])
    lm_head(c, output_norm(c, cur), scaled=True)


def scaled_attention(c: Context, x: Node, layer: int, what: Plain) -> Node:
    """Attention, its output scaled where the file says so (src/models/mimo2.cpp)."""
    cur = self_attention(c, x, layer, what)
    return g.scale(cur) if c.hp.real("attention.value_scale", 1) != 1 else cur


def halved(c: Context, x: Node, layer: int, what: Plain) -> Node:
    """The sum of routed and shared experts, scaled (src/models/cohere2moe.cpp)."""
    cur = feed_forward(c, x, layer, what)
    return g.scale(cur) if c.has(layer, "ffn_up_shexp") else cur


def divided_gate(c: Context, x: Node, layer: int, what: Plain) -> Node:
    """The shared expert's gate is silu(x) / x (src/models/qwen2moe.cpp)."""
    routed = moe_ffn(c, x, layer, routing(c, layer, normalise=False))
    shared = ffn(c, x, layer, "_shexp", what.activation)
    gate = linear(c, "ffn_gate_inp_shexp", x, layer)
    return g.add(routed, g.mul(shared, g.div(g.unary(gate), gate)))
