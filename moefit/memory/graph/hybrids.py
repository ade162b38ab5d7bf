"""Architectures that mix attention with recurrent layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from moefit.memory.graph import operations as g
from moefit.memory.graph.blocks import embedding, ffn, linear, norm, output_ids
from moefit.memory.graph.context import Context
from moefit.memory.graph.decoder import finish, gated_attention, self_attention
from moefit.memory.graph.delta_net import delta_net
from moefit.memory.graph.kda import kda
from moefit.memory.graph.latent import latent_attention
from moefit.memory.graph.moe import Routing, moe_ffn, routing
from moefit.memory.graph.nodes import Node
from moefit.memory.graph.recurrent import mamba, mamba2, mamba_with_heads, short_conv
from moefit.model.architectures import Plain


def qwen_next(c: Context, x: Node, layer: int, what: Plain) -> Node:
    """Gated delta net with repeated key heads, or gated attention (src/models/qwen3next.cpp)."""
    if c.memory.state[layer] is not None:
        return delta_net(c, x, layer, repeats=True)
    return gated_attention(c, x, layer, what)


def qwen35(c: Context, x: Node, layer: int, what: Plain) -> Node:
    """Gated delta net, or gated attention (src/models/qwen35moe.cpp)."""
    if c.memory.state[layer] is not None:
        return delta_net(c, x, layer, repeats=False)
    return gated_attention(c, x, layer, what)


def granite(c: Context, x: Node, layer: int, what: Plain) -> Node:
    """Mamba-2 or attention (src/models/granite-hybrid.cpp)."""
    if c.memory.state[layer] is not None:
        return mamba2(c, x, layer)
    return self_attention(c, x, layer, what)


def lfm2(c: Context, x: Node, layer: int, what: Plain) -> Node:
    """Short convolution or attention (src/models/lfm2.cpp)."""
    if c.memory.state[layer] is not None:
        return short_conv(c, x, layer)
    return self_attention(c, x, layer, what)


NEMOTRON = Plain(rope="rotations.never", activation="relu_sqr", outputs="normed")


def nemotron(c: Context, layers: Sequence[int]) -> None:
    """Each layer is a Mamba-2, an attention or a feed-forward block (src/models/nemotron-h.cpp)."""
    cur = embedding(c)
    for layer in layers:
        x = norm(c, cur, "attn_norm", layer)
        if c.memory.state[layer] is not None:
            y = mamba2(c, x, layer)
        elif c.memory.attention[layer] is not None:
            y = self_attention(c, x, layer, NEMOTRON)
        else:
            y = _nemotron_ffn(c, x, layer)
        cur = g.add(y, cur)
    finish(c, cur, NEMOTRON)


def _nemotron_ffn(c: Context, x: Node, layer: int) -> Node:
    if not c.has(layer, "ffn_gate_inp"):
        return ffn(c, x, layer, activation="relu_sqr")
    how = routing(c, layer)
    how = Routing("sigmoid", how.normalise, how.scaled, "relu_sqr")
    latent = x
    if c.has(layer, "ffn_latent_down"):
        latent = linear(c, "ffn_latent_down", x, layer)
    router = g.mul_mat(c.weight(layer, "ffn_gate_inp"), x)
    routed = moe_ffn(c, latent, layer, how, logits=router)
    if c.has(layer, "ffn_latent_up"):
        routed = linear(c, "ffn_latent_up", routed, layer)
    return g.add(routed, ffn(c, x, layer, "_shexp", "relu_sqr"))


def jamba(c: Context, x: Node, layer: int, what: Plain) -> Node:
    """Mamba or attention without rotation (src/models/jamba.cpp)."""
    if c.memory.state[layer] is not None:
        return mamba(c, x, layer)
    return self_attention(c, x, layer, replace(what, rope="rotations.never"))


def plamo2(c: Context, x: Node, layer: int, what: Plain) -> Node:
    """A Mamba layer with heads, or attention (src/models/plamo2.cpp)."""
    if c.memory.state[layer] is not None:
        return mamba_with_heads(c, x, layer)
    return self_attention(c, x, layer, what)


def kimi(c: Context, x: Node, layer: int, what: Plain) -> Node:
    """Kimi delta attention or latent attention (src/models/kimi-linear.cpp, bailingmoe3.cpp)."""
    if c.memory.state[layer] is not None:
        return kda(c, x, layer)
    return latent_attention(c, x, layer, what)


def falcon_h1(c: Context, layers: Sequence[int]) -> None:
    """Attention and Mamba-2 side by side (src/models/falcon-h1.cpp)."""
    what = Plain()
    cur = embedding(c)
    for layer in layers:
        attended = self_attention(c, norm(c, cur, "attn_norm", layer), layer, what)
        scanned = mamba2(c, norm(c, cur, "attn_norm", layer), layer)
        residual = g.add(g.add(attended, scanned), cur)
        if layer == layers[-1]:
            residual = g.get_rows(residual, output_ids(c))
        cur = g.add(ffn(c, norm(c, residual, "ffn_norm", layer), layer), residual)
    finish(c, cur, what)


def pure_mamba(c: Context, layers: Sequence[int]) -> None:
    """Nothing but Mamba layers (src/models/mamba.cpp)."""
    _mixers(c, layers, mamba)


def pure_mamba2(c: Context, layers: Sequence[int]) -> None:
    """Nothing but Mamba-2 layers (src/models/mamba2.cpp)."""
    _mixers(c, layers, mamba2)


def _mixers(c: Context, layers: Sequence[int], mix: Callable[[Context, Node, int], Node]) -> None:
    cur = embedding(c)
    for layer in layers:
        out = mix(c, norm(c, cur, "attn_norm", layer), layer)
        if layer == layers[-1]:
            out, cur = (g.get_rows(t, output_ids(c)) for t in (out, cur))
        cur = g.add(out, cur)
    finish(c, cur, Plain())
