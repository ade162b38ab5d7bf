"""Which architecture is built from which blocks.

To add one: read src/models/NAME.cpp, and give it an entry. If it is a plain decoder, a `Decoder` with the fields that
differ is enough; tensors that a layer has or lacks are seen by themselves. Otherwise write a function
`build(c, layers)` from the blocks, in the order in which the source calls them: only that order, shapes and
in-place operations matter. What the architecture caches is a row of moefit.memory.architectures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from moefit.memory.graph import decoder, gemma4, hybrids
from moefit.memory.graph.context import Context
from moefit.memory.graph.decoder import Decoder
from moefit.memory.graph.latent import latent_attention
from moefit.memory.graph.moe import Routing, routing

Build = Callable[[Context, Sequence[int]], None]
"""Builds a graph of some layers."""


def plain(what: Decoder) -> Build:
    """The graph of a plain decoder."""

    def build(c: Context, layers: Sequence[int]) -> None:
        decoder.build(c, layers, what)

    return build


def _softmax_normalised(c: Context, layer: int) -> Routing:
    return routing(c, layer, normalise=True)


def _softmax(c: Context, layer: int) -> Routing:
    return routing(c, layer, normalise=False)


def _sigmoid_normalised(c: Context, layer: int) -> Routing:
    return routing(c, layer, "sigmoid", normalise=True)


def _gpt_oss(c: Context, layer: int) -> Routing:
    return Routing("softmax_weight", scaled=routing(c, layer).scaled, activation="swiglu_oai")


def _llama4(c: Context, layer: int) -> Routing:
    return Routing("sigmoid", scaled=routing(c, layer).scaled, weight_first=True, select_logits=True)


def _llama4_rope(_c: Context, layer: int) -> bool:
    return (layer + 1) % 4 != 0


GENERIC: Final = plain(Decoder(route=_softmax_normalised))
"""What an unknown architecture is taken for."""

ARCHITECTURES: Final[dict[str, Build]] = {
    "bailingmoe2": plain(Decoder()),
    "deepseek2": plain(Decoder(mix=latent_attention)),
    "gemma3": plain(Decoder(scaled_embedding=True, scaled_query=True, activation="gelu")),
    "gemma4": gemma4.build,
    "glm4moe": plain(Decoder()),
    "gpt-oss": plain(Decoder(route=_gpt_oss, outputs="hidden")),
    "granitehybrid": plain(
        Decoder(
            route=_softmax_normalised,
            mix=hybrids.granite,
            scaled_residual=True,
            rope=lambda c, _layer: c.hp.flag("rope.scaling.finetuned", 0, default=True),
        )
    ),
    "hunyuan-moe": plain(Decoder(route=_softmax_normalised, norm_after_rope=True, shared_first=False)),
    "lfm2": plain(Decoder(mix=hybrids.lfm2, residual_first=True)),
    "lfm2moe": plain(Decoder(route=_sigmoid_normalised, mix=hybrids.lfm2, residual_first=True)),
    "llama": plain(Decoder(route=_softmax_normalised)),
    "llama4": plain(Decoder(route=_llama4, rope=_llama4_rope, bare_qk_norm=True, query_scale_input=True)),
    "nemotron_h": hybrids.nemotron,
    "nemotron_h_moe": hybrids.nemotron,
    "olmoe": plain(Decoder(route=_softmax)),
    "qwen3": plain(Decoder()),
    "qwen35": plain(Decoder(route=_softmax_normalised, mix=hybrids.qwen35, early_norm=True, outputs="normed")),
    "qwen35moe": plain(Decoder(route=_softmax_normalised, mix=hybrids.qwen35, early_norm=True, outputs="normed")),
    "qwen3moe": plain(Decoder(route=_softmax_normalised)),
    "qwen3next": plain(Decoder(route=_softmax_normalised, mix=hybrids.qwen_next, early_norm=True, outputs="normed")),
}

PERIODS: Final = {"llama4": 4}
"""Architectures whose layers differ by their number and not by their tensors: after how many they repeat."""
