"""Decoders with routed experts."""

from __future__ import annotations

from typing import Final

from moefit.model.architectures.row import (
    FFN_ANYWAY,
    HEAD_ANYWAY,
    SIGMOID,
    Architecture,
    Plain,
    Positions,
    Window,
)

ROWS: Final[dict[str, Architecture]] = {
    "afmoe": Architecture(
        graph=Plain(rope="rotations.three_of_four", embed="blocks.scaled_embedding"),
        defaults={"expert_gating_func": SIGMOID},
        window=Window(pattern=4),
        period=4,
    ),
    "arctic": Architecture(graph="variants.arctic"),
    "bailingmoe": Architecture(
        graph=Plain(),
    ),
    "bailingmoe2": Architecture(
        graph=Plain(),
        never_loads_mtp=True,
    ),
    "cohere2moe": Architecture(
        graph=Plain(
            parallel=True, rope="rotations.in_window_or_dense", outputs="normed", feed="variants.halved"
        ),
        defaults={"expert_gating_func": SIGMOID},
        window=Window(pattern=4, dense_first=True),
        mtp_anyway=HEAD_ANYWAY,
    ),
    "dbrx": Architecture(
        graph=Plain(route="routes.softmax_normalised", rms=False),
    ),
    "deepseek": Architecture(
        graph=Plain(route="routes.softmax"),
    ),
    "deepseek2": Architecture(
        splits_tensors=False,
        graph=Plain(mix="latent.latent_attention", route="routes.deepseek2"),
    ),
    "deepseek2-ocr": Architecture(
        splits_tensors=False,
        graph=Plain(route="routes.deepseek2"),
    ),
    "dots1": Architecture(
        graph=Plain(),
    ),
    "ernie4_5-moe": Architecture(
        graph=Plain(route="routes.softmax_normalised"),
    ),
    "exaone-moe": Architecture(
        graph=Plain(rope="rotations.in_window"),
        defaults={"attention.sliding_window": 128},
        window=Window(pattern=4),
        never_loads_mtp=True,
    ),
    "gemma4": Architecture(
        graph="gemma4.build",
        defaults={"final_logit_softcapping": 30.0},
        window=Window(),
        shares_kv=True,
        output_first=True,
        rope_without_window=True,
    ),
    "glm4moe": Architecture(
        graph=Plain(),
        defaults={"expert_gating_func": SIGMOID},
        positions=Positions.SECTIONED,
    ),
    "gpt-oss": Architecture(
        evenness=0.22,
        graph=Plain(route="routes.gpt_oss", outputs="hidden"),
        window=Window(pattern=2),
    ),
    "granitemoe": Architecture(
        graph=Plain(route="routes.softmax_normalised"),
    ),
    "grok": Architecture(
        splits_tensors=False,
        graph="variants.grok",
        defaults={"attn_logit_softcapping": 30.0, "embedding_scale": 78.4, "logit_scale": 0.577},
        no_flash_attention=True,
    ),
    "grovemoe": Architecture(
        graph="variants.grovemoe",
    ),
    "hunyuan-moe": Architecture(
        graph=Plain(route="routes.softmax_normalised", norm_after_rope=True),
    ),
    "hy_v3": Architecture(
        graph=Plain(outputs="normed"),
        defaults={"expert_gating_func": SIGMOID},
        mtp_anyway=f"{FFN_ANYWAY}|{HEAD_ANYWAY}",
    ),
    "k2-horizon": Architecture(
        graph="k2_horizon.build",
        defaults={"expert_gating_func": SIGMOID},
    ),
    "laguna": Architecture(
        graph=Plain(),
        defaults={"expert_gating_func": SIGMOID},
        window=Window(pattern=4, dense_first=True),
    ),
    "llama4": Architecture(
        graph=Plain(route="routes.llama4", rope="rotations.llama4", rotate="rotations.llama4_tempered"),
        defaults={"attention.sliding_window": 8192},
        window=Window(pattern=4, fixed=8192),
        period=4,
    ),
    "maple": Architecture(
        graph=Plain(route="routes.maple", rope="rotations.in_window"),
        window=Window(),
    ),
    "mellum": Architecture(
        graph=Plain(route="routes.softmax_normalised"),
        window=Window(pattern=4),
    ),
    "mimo2": Architecture(
        graph=Plain(route="routes.sigmoid_normalised", mix="variants.scaled_attention"),
        window=Window(),
    ),
    "minimax-m2": Architecture(
        splits_tensors=False,
        graph=Plain(route="routes.sigmoid_normalised"),
    ),
    "mistral4": Architecture(
        splits_tensors=False,
        graph=Plain(mix="latent.latent_attention", outputs="last layer"),
        precise_experts=True,
    ),
    "olmoe": Architecture(splits_tensors=False, graph=Plain(route="routes.softmax")),
    "phimoe": Architecture(
        graph=Plain(
            route="routes.softmax_normalised", scaled_query=True, residual_first=True, attention_first=True
        )
    ),
    "qwen2moe": Architecture(
        graph=Plain(route="routes.softmax", feed="variants.divided_gate"),
    ),
    "qwen3moe": Architecture(
        graph=Plain(route="routes.softmax_normalised"),
    ),
    "qwen3vlmoe": Architecture(
        graph=Plain(route="routes.softmax_normalised"),
        positions=Positions.FOUR,
    ),
    "smallthinker": Architecture(
        graph="variants.smallthinker",
        window=Window(pattern=4, dense_first=True, fixed=4096),
        period=4,
    ),
    "step35": Architecture(
        graph=Plain(outputs="hidden"),
        defaults={"expert_gating_func": SIGMOID},
        window=Window(),
        mtp_anyway=rf"attn_([qk]_norm|gate)[.]|{FFN_ANYWAY}|{HEAD_ANYWAY}",
    ),
}
