"""How a layer's experts are chosen: what `route` of a plain decoder names."""

from __future__ import annotations

from dataclasses import replace

from moefit.memory.graph.context import Context
from moefit.memory.graph.moe import Routing, routing


def as_told(c: Context, layer: int) -> Routing:
    """As the file's keys say."""
    return routing(c, layer)


def softmax(c: Context, layer: int) -> Routing:
    """Weights as they are, whatever the file says."""
    return routing(c, layer, normalise=False)


def softmax_normalised(c: Context, layer: int) -> Routing:
    """Weights that sum to one, whatever the file says."""
    return routing(c, layer, normalise=True)


def sigmoid_normalised(c: Context, layer: int) -> Routing:
    """By sigmoids unless the file says otherwise, and weights that sum to one."""
    return routing(c, layer, "sigmoid", normalise=True)


def deepseek2(c: Context, layer: int) -> Routing:
    """As told; of files that do not say, GLM-4.7-Flash chooses by sigmoids (src/models/deepseek2.cpp)."""
    flash = c.memory.blocks in (47, 48) and c.model.vocabulary == 154880
    return routing(c, layer, "sigmoid" if flash else "softmax")


def fused_clamp(c: Context, layer: int) -> Routing:
    """As told, and where gate and up are bounded, one operation does it all."""
    return replace(routing(c, layer), fused_clamp=True)


def gpt_oss(c: Context, layer: int) -> Routing:
    """A softmax over the chosen experts' weights, and its own activation."""
    return Routing("softmax_weight", scaled=routing(c, layer).scaled, activation="swiglu_oai")


def llama4(c: Context, layer: int) -> Routing:
    """By raw logits, and weights multiply the expert's input."""
    return Routing("sigmoid", scaled=routing(c, layer).scaled, weight_first=True, select_logits=True)


def maple(c: Context, layer: int) -> Routing:
    """Bounded where the file says by how much."""
    clamped = c.hp.real("swiglu_clamp_exp", 0, layer) > 1e-6
    return Routing(normalise=True, clamped=clamped, fused_clamp=True)
