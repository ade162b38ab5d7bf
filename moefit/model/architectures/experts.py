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
        reads=(
            "attention.sliding_window attention.sliding_window_pattern expert_feed_forward_length "
            "expert_shared_count expert_weights_norm expert_weights_scale leading_dense_block_count"
        ),
        defaults={"expert_gating_func": SIGMOID},
        window=Window(pattern=4),
        period=4,
    ),
    "arctic": Architecture(graph="variants.arctic"),
    "bailingmoe": Architecture(
        graph=Plain(),
        reads=(
            "expert_feed_forward_length expert_shared_count expert_weights_norm expert_weights_scale "
            "leading_dense_block_count"
        ),
    ),
    "bailingmoe2": Architecture(
        graph=Plain(),
        reads=(
            "expert_feed_forward_length expert_gating_func expert_shared_count "
            "expert_shared_feed_forward_length expert_weights_norm expert_weights_scale "
            "leading_dense_block_count"
        ),
        never_loads_mtp=True,
    ),
    "cohere2moe": Architecture(
        graph=Plain(
            parallel=True, rope="rotations.in_window_or_dense", outputs="normed", feed="variants.halved"
        ),
        reads=(
            "attention.sliding_window attention.sliding_window_pattern expert_feed_forward_length "
            "expert_shared_count expert_shared_feed_forward_length expert_weights_norm "
            "expert_weights_scale leading_dense_block_count logit_scale"
        ),
        defaults={"expert_gating_func": SIGMOID},
        window=Window(pattern=4, dense_first=True),
        mtp_anyway=HEAD_ANYWAY,
    ),
    "dbrx": Architecture(
        graph=Plain(route="routes.softmax_normalised", rms=False), reads="attention.clamp_kqv"
    ),
    "deepseek": Architecture(
        graph=Plain(route="routes.softmax"),
        reads=(
            "expert_feed_forward_length expert_shared_count expert_weights_scale leading_dense_block_count"
        ),
    ),
    "deepseek2": Architecture(
        splits_tensors=False,
        graph=Plain(mix="latent.latent_attention", route="routes.deepseek2"),
        reads=(
            "attention.key_length_mla attention.kv_lora_rank attention.q_lora_rank "
            "attention.temperature_scale attention.value_length_mla expert_feed_forward_length "
            "expert_gating_func expert_shared_count expert_weights_norm expert_weights_scale "
            "leading_dense_block_count"
        ),
    ),
    "deepseek2-ocr": Architecture(
        reads=(
            "expert_feed_forward_length expert_gating_func expert_shared_count expert_weights_norm "
            "expert_weights_scale leading_dense_block_count"
        )
    ),
    "dots1": Architecture(
        graph=Plain(),
        reads=(
            "expert_feed_forward_length expert_gating_func expert_shared_count expert_weights_norm "
            "expert_weights_scale leading_dense_block_count"
        ),
    ),
    "ernie4_5-moe": Architecture(
        graph=Plain(route="routes.softmax_normalised"),
        reads=(
            "expert_feed_forward_length expert_shared_feed_forward_length leading_dense_block_count "
            "rope.dimension_sections"
        ),
    ),
    "exaone-moe": Architecture(
        graph=Plain(rope="rotations.in_window"),
        reads=(
            "attention.sliding_window_pattern expert_feed_forward_length expert_gating_func "
            "expert_shared_count expert_shared_feed_forward_length expert_weights_norm "
            "expert_weights_scale leading_dense_block_count"
        ),
        defaults={"attention.sliding_window": 128},
        window=Window(pattern=4),
        never_loads_mtp=True,
    ),
    "gemma4": Architecture(
        graph="gemma4.build",
        reads=(
            "attention.shared_kv_layers attention.sliding_window attention.sliding_window_pattern "
            "embedding_length_per_layer_input expert_feed_forward_length"
        ),
        defaults={"final_logit_softcapping": 30.0},
        window=Window(),
        shares_kv=True,
        output_first=True,
        rope_without_window=True,
    ),
    "glm4moe": Architecture(
        graph=Plain(),
        reads=(
            "expert_feed_forward_length expert_shared_count expert_weights_norm expert_weights_scale "
            "leading_dense_block_count rope.dimension_sections"
        ),
        defaults={"expert_gating_func": SIGMOID},
        positions=Positions.SECTIONED,
    ),
    "gpt-oss": Architecture(
        evenness=0.22,
        graph=Plain(route="routes.gpt_oss", outputs="hidden"),
        reads="attention.sliding_window attention.sliding_window_pattern expert_feed_forward_length",
        window=Window(pattern=2),
    ),
    "granitemoe": Architecture(
        graph=Plain(route="routes.softmax_normalised"),
        reads="embedding_scale expert_shared_feed_forward_length logit_scale residual_scale",
    ),
    "grok": Architecture(
        splits_tensors=False,
        graph="variants.grok",
        grows=True,
        reads="expert_feed_forward_length final_logit_softcapping",
        defaults={"attn_logit_softcapping": 30.0, "embedding_scale": 78.4, "logit_scale": 0.577},
        no_flash_attention=True,
    ),
    "grovemoe": Architecture(graph="variants.grovemoe", reads="expert_feed_forward_length experts_per_group"),
    "hunyuan-moe": Architecture(
        graph=Plain(route="routes.softmax_normalised", norm_after_rope=True),
        reads="expert_feed_forward_length expert_shared_feed_forward_length",
    ),
    "hy_v3": Architecture(
        graph=Plain(outputs="normed"),
        reads=(
            "expert_feed_forward_length expert_shared_feed_forward_length expert_weights_norm "
            "expert_weights_scale"
        ),
        defaults={"expert_gating_func": SIGMOID},
        mtp_anyway=f"{FFN_ANYWAY}|{HEAD_ANYWAY}",
    ),
    "laguna": Architecture(
        graph=Plain(),
        reads=(
            "attention.sliding_window attention.sliding_window_pattern expert_feed_forward_length "
            "expert_shared_count expert_shared_feed_forward_length expert_weights_norm "
            "expert_weights_scale leading_dense_block_count"
        ),
        defaults={"expert_gating_func": SIGMOID},
        window=Window(pattern=4, dense_first=True),
    ),
    "llama4": Architecture(
        graph=Plain(route="routes.llama4", rope="rotations.llama4", rotate="rotations.llama4_tempered"),
        reads="attention.sliding_window_pattern expert_feed_forward_length",
        defaults={"attention.sliding_window": 8192},
        window=Window(pattern=4, fixed=8192),
        period=4,
    ),
    "maple": Architecture(
        graph=Plain(route="routes.maple", rope="rotations.in_window"),
        reads=(
            "attention.sliding_window attention.sliding_window_pattern expert_feed_forward_length "
            "swiglu_clamp_exp"
        ),
        window=Window(),
    ),
    "mellum": Architecture(
        graph=Plain(route="routes.softmax_normalised"),
        reads="attention.sliding_window attention.sliding_window_pattern expert_feed_forward_length",
        window=Window(pattern=4),
    ),
    "mimo2": Architecture(
        graph=Plain(route="routes.sigmoid_normalised", mix="variants.scaled_attention"),
        reads=(
            "attention.sliding_window attention.sliding_window_pattern attention.value_scale "
            "expert_feed_forward_length"
        ),
        window=Window(),
    ),
    "minimax-m2": Architecture(
        splits_tensors=False,
        graph=Plain(route="routes.sigmoid_normalised"),
        reads="expert_feed_forward_length expert_gating_func",
    ),
    "mistral4": Architecture(
        splits_tensors=False,
        graph=Plain(mix="latent.latent_attention", outputs="last layer"),
        reads=(
            "attention.key_length_mla attention.kv_lora_rank attention.q_lora_rank "
            "attention.temperature_scale attention.value_length_mla expert_feed_forward_length "
            "expert_gating_func expert_shared_count expert_weights_norm expert_weights_scale "
            "leading_dense_block_count"
        ),
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
        reads="expert_feed_forward_length expert_shared_feed_forward_length",
    ),
    "qwen3moe": Architecture(
        graph=Plain(route="routes.softmax_normalised"), reads="expert_feed_forward_length"
    ),
    "qwen3vlmoe": Architecture(
        graph=Plain(route="routes.softmax_normalised"),
        reads="expert_feed_forward_length n_deepstack_layers rope.dimension_sections",
        positions=Positions.FOUR,
    ),
    "smallthinker": Architecture(
        graph="variants.smallthinker",
        reads=(
            "attention.sliding_window attention.sliding_window_pattern expert_feed_forward_length "
            "expert_gating_func"
        ),
        window=Window(pattern=4, dense_first=True, fixed=4096),
        period=4,
    ),
    "step35": Architecture(
        graph=Plain(outputs="hidden"),
        reads=(
            "attention.sliding_window attention.sliding_window_pattern expert_feed_forward_length "
            "expert_shared_feed_forward_length expert_weights_norm expert_weights_scale "
            "swiglu_clamp_exp swiglu_clamp_shexp"
        ),
        defaults={"expert_gating_func": SIGMOID},
        window=Window(),
        mtp_anyway=rf"attn_([qk]_norm|gate)[.]|{FFN_ANYWAY}|{HEAD_ANYWAY}",
    ),
}
