"""Which architecture is built from which blocks.

To add one: read src/models/NAME.cpp, and give it an entry. If it is a plain decoder, a `Decoder` with the fields that
differ is enough; tensors that a layer has or lacks are seen by themselves. Otherwise write a function
`build(c, layers)` from the blocks, in the order in which the source calls them: only that order, shapes and
in-place operations matter. What the architecture caches is a row of moefit.model.architectures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any, Final

from moefit.memory.graph import decoder
from moefit.memory.graph.context import Context
from moefit.memory.graph.decoder import Decoder
from moefit.memory.graph.moe import Routing, routing


class Later:
    """A module of blocks, imported when one of its functions is first called: a plan needs few of them, and starts sooner."""

    def __init__(self, module: str) -> None:
        self._module = f"{__package__}.{module}"

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """The function of that name."""

        def call(*args: Any) -> Any:
            return getattr(import_module(self._module), name)(*args)

        return call


deepseek4 = Later("deepseek4")
dense = Later("dense")
gemma4 = Later("gemma4")
gemma4_assistant = Later("gemma4_assistant")
glm5 = Later("glm5")
hybrids = Later("hybrids")
hyper = Later("hyper")
kimi_k3 = Later("kimi_k3")
latent = Later("latent")
linear_attention = Later("linear_attention")
qwen4 = Later("qwen4")
sparse = Later("sparse")
variants = Later("variants")

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


def _maple(c: Context, layer: int) -> Routing:
    clamped = c.hp.real("swiglu_clamp_exp", 0, layer) > 1e-6
    return Routing(normalise=True, clamped=clamped, fused_clamp=True)


def _three_of_four(_c: Context, layer: int) -> bool:
    return (layer + 1) % 4 != 0


def _in_window(c: Context, layer: int) -> bool:
    return c.memory.windowed[layer]


def _in_window_or_dense(c: Context, layer: int) -> bool:
    return c.memory.windowed[layer] or layer < c.hp.whole("leading_dense_block_count")


def _unless_full(c: Context, layer: int) -> bool:
    return c.memory.windowed[layer] or not c.memory.window


def _always(_c: Context, _layer: int) -> bool:
    return True


def _never(_c: Context, _layer: int) -> bool:
    return False


def _unless_finetuned(c: Context, _layer: int) -> bool:
    return c.hp.flag("rope.scaling.finetuned", default=True)


def _of_32_layers(c: Context, _layer: int) -> bool:
    """Baichuan 7B rotates, 13B has a bias by distance, and 32 layers are 7B."""
    return len(c.memory.attention) == 32


def _by_pattern(c: Context, layer: int) -> bool:
    listed = c.hp.listed("attention.rope_pattern") or ()
    return layer >= len(listed) or bool(listed[layer])


def _llama4_rotates(c: Context, layer: int) -> bool:
    """Every fourth layer rotates nothing, or without a window the last alone."""
    return (layer + 1) % (4 if c.memory.window else c.memory.blocks) != 0


def _llama4_norms(c: Context, _layer: int) -> bool:
    """Maverick, with 128 experts, has no norms of queries and keys."""
    return c.hp.experts() != 128


def _residual_scale(c: Context) -> bool:
    return bool(c.hp.real("residual_scale"))


def _always_scaled(_c: Context) -> bool:
    return True


QWEN_NEXT: Final = Decoder(
    route=_softmax_normalised, mix=hybrids.qwen_next, early_norm=True, outputs="normed"
)
QWEN35: Final = Decoder(route=_softmax_normalised, mix=hybrids.qwen35, early_norm=True, outputs="normed")
GRANITE: Final = Decoder(route=_softmax_normalised, scaled_residual=_residual_scale, rope=_unless_finetuned)
PLAIN: Final = plain(Decoder())
NORMALISED: Final = plain(Decoder(route=_softmax_normalised))

ARCHITECTURES: Final[dict[str, Build]] = {
    # experts
    "afmoe": plain(Decoder(mean_embedding=True, rope=_three_of_four)),
    "arctic": variants.arctic,
    "bailingmoe": PLAIN,
    "bailingmoe2": PLAIN,
    "cohere2moe": plain(Decoder(parallel=True, rope=_in_window_or_dense, outputs="normed", halved=True)),
    "dbrx": plain(Decoder(route=_softmax_normalised, rms=False)),
    "deepseek": plain(Decoder(route=_softmax)),
    "deepseek2": plain(Decoder(mix=latent.latent_attention)),
    "deepseek32": plain(Decoder(mix=sparse.indexed_latent_attention)),
    "deepseek4": deepseek4.build,
    "dots1": PLAIN,
    "dots3note": plain(Decoder(mix=sparse.indexed_or_windowed)),
    "ernie4_5-moe": NORMALISED,
    "exaone-moe": plain(Decoder(rope=_in_window)),
    "gemma4": gemma4.build,
    "gemma4-assistant": gemma4_assistant.build,
    "glm-dsa": plain(Decoder(mix=sparse.indexed_latent_attention)),
    "glm4moe": PLAIN,
    "glm5-next": glm5.build,
    "gpt-oss": plain(Decoder(route=_gpt_oss, outputs="hidden")),
    "granitemoe": plain(replace(GRANITE, rope=_always)),
    "grok": variants.grok,
    "grovemoe": variants.grovemoe,
    "hunyuan-moe": plain(Decoder(route=_softmax_normalised, norm_after_rope=True)),
    "hy_v4": hyper.hy_v4,
    "hy_v3": plain(Decoder(outputs="normed")),
    "laguna": plain(Decoder()),
    "llama4": plain(
        Decoder(route=_llama4, rope=_llama4_rotates, bare_qk_norm=_llama4_norms, query_scale_input=True)
    ),
    "maple": plain(Decoder(route=_maple, rope=_in_window)),
    "mellum": NORMALISED,
    "mimo2": plain(Decoder(route=_sigmoid_normalised, scaled_attention=True)),
    "minimax-01": linear_attention.minimax_01,
    "minimax-m2": plain(Decoder(route=_sigmoid_normalised)),
    "minimax-m3": plain(Decoder(mix=sparse.block_sparse_attention)),
    "mistral4": plain(Decoder(mix=latent.latent_attention, outputs="last layer")),
    "olmoe": plain(Decoder(route=_softmax)),
    "phimoe": plain(
        Decoder(route=_softmax_normalised, scaled_query=True, residual_first=True, attention_first=True)
    ),
    "qwen2moe": plain(Decoder(route=_softmax, divided_gate=True)),
    "qwen3moe": NORMALISED,
    "qwen3vlmoe": NORMALISED,
    "smallthinker": variants.smallthinker,
    "step35": plain(Decoder(outputs="hidden")),
    # hybrids
    "bailingmoe3": plain(Decoder(mix=hybrids.kimi, outputs="normed")),
    "falcon-h1": hybrids.falcon_h1,
    "granitehybrid": plain(replace(GRANITE, mix=hybrids.granite)),
    "jamba": plain(Decoder(route=_softmax, mix=hybrids.jamba, residual_first=True)),
    "kimi-k3": kimi_k3.build,
    "kimi-linear": plain(Decoder(route=_sigmoid_normalised, mix=hybrids.kimi, early_norm=True, rope=_never)),
    "lfm2": plain(Decoder(mix=hybrids.lfm2, residual_first=True)),
    "lfm2moe": plain(Decoder(route=_sigmoid_normalised, mix=hybrids.lfm2, residual_first=True)),
    "nemotron_h": hybrids.nemotron,
    "nemotron_h_moe": hybrids.nemotron,
    "qwen35": plain(QWEN35),
    "qwen35moe": plain(QWEN35),
    "qwen4exp": qwen4.build,
    "qwen3next": plain(QWEN_NEXT),
    # dense, or with experts in some files
    "apertus": PLAIN,
    "arcee": plain(Decoder(activation="relu_sqr")),
    "baichuan": plain(Decoder(rope=_of_32_layers)),
    "bitnet": dense.bitnet,
    "bloom": dense.bloom,
    "chatglm": PLAIN,
    "codeshell": plain(Decoder(rms=False, activation="gelu")),
    "command-r": plain(Decoder(rms=False, parallel=True)),
    "cohere2": plain(Decoder(rms=False, parallel=True, rope=_in_window)),
    "deci": variants.deci,
    "ernie4_5": PLAIN,
    "exaone": PLAIN,
    "exaone4": plain(Decoder(rope=_unless_full, fed_bare=True)),
    "falcon": dense.falcon,
    "granite_swa": plain(replace(GRANITE, rope=_by_pattern)),
    "gemma": plain(Decoder(mean_embedding=True, scaled_query=True, activation="gelu")),
    "gemma2": plain(Decoder(mean_embedding=True, scaled_query=True, activation="gelu")),
    "gemma3": plain(Decoder(scaled_embedding=True, scaled_query=True, activation="gelu")),
    "gpt2": dense.positioned,
    "gptneox": dense.gptneox,
    "granite": plain(GRANITE),
    "glm4": PLAIN,
    "hunyuan-dense": plain(Decoder(norm_after_rope=True)),
    "hunyuan_vl": plain(Decoder(norm_after_rope=True)),
    "internlm2": PLAIN,
    "jais": plain(Decoder(rms=False, rope=_never)),
    "jais2": plain(Decoder(rms=False, activation="relu_sqr")),
    "llama": NORMALISED,
    "maincoder": plain(Decoder(norm_after_rope=True)),
    "mamba": hybrids.pure_mamba,
    "mamba2": hybrids.pure_mamba,
    "minicpm": plain(replace(GRANITE, rope=_always, scaled_residual=_always_scaled)),
    "minicpm3": variants.minicpm3,
    "mistral3": plain(Decoder(route=_softmax_normalised, temperature=True)),
    "mpt": dense.positioned,
    "muse-glimmer": dense.muse_glimmer,
    "nanbeige": PLAIN,
    "nemotron": plain(Decoder(rms=False, activation="relu_sqr")),
    "olmo": plain(Decoder(rms=False, bare_norms=True)),
    "olmo2": PLAIN,
    "orion": plain(Decoder(rms=False)),
    "paddleocr": PLAIN,
    "pangu-embedded": PLAIN,
    "phi2": dense.phi2,
    "phi3": plain(Decoder(scaled_query=True, residual_first=True, attention_first=True)),
    "plamo": plain(Decoder(parallel=True)),
    "plamo2": plain(Decoder(mix=hybrids.plamo2)),
    "plamo3": PLAIN,
    "qwen": PLAIN,
    "qwen2": PLAIN,
    "qwen2vl": PLAIN,
    "qwen3": PLAIN,
    "qwen3vl": PLAIN,
    "refact": plain(Decoder(rope=_never)),
    "seed_oss": PLAIN,
    "smollm3": plain(Decoder(rope=_three_of_four)),
    "spark2_5": PLAIN,
    "stablelm": plain(Decoder(rms=False)),
    "starcoder": dense.positioned,
    "starcoder2": plain(Decoder(rms=False, activation="gelu")),
    "talkie": dense.talkie,
    "xverse": PLAIN,
}
"""How each architecture's graph is built, by its name in the file."""

PERIODS: Final = {"llama4": 4, "smallthinker": 4, "afmoe": 4, "smollm3": 4}
"""Architectures whose layers differ by their number and not by their tensors: after how many they repeat."""

GROWING: Final = frozenset(
    {
        "deepseek32",
        "deepseek4",
        "dots3note",
        "glm-dsa",
        "hy_v4",
        "qwen4exp",
        "kimi-k3",
        "minimax-m3",
        "glm5-next",
    }
)
"""Architectures whose every layer leaves something allocated (a leaf that is no input): no few layers stand for all."""

HYPER: Final = frozenset({"deepseek4", "glm5-next", "qwen4exp"})
"""Architectures with fused operations of hyper-connections, which may be switched off."""

UNDESCRIBED: Final = {"qwen4exp": "ple_key"}
"""Tensors of blocks with a part that is not described: embeddings of n-grams."""
