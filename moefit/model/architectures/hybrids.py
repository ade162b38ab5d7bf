"""Architectures that mix attention with recurrent layers, or have these alone."""

from __future__ import annotations

from typing import Final

from moefit.model.architectures.row import Architecture, Plain, Positions, Recurrent, Window

ROWS: Final[dict[str, Architecture]] = {
    "arwkv7": Architecture(
        reads="wkv.head_size",
        defaults={"token_shift_count": 2},
        recurrent=Recurrent.EVERY_LAYER,
        attention_free=True,
    ),
    "bailingmoe3": Architecture(
        splits_tensors=False,
        graph=Plain(mix="hybrids.kimi", outputs="normed"),
        reads=(
            "attention.key_length_mla attention.kv_lora_rank attention.q_lora_rank "
            "attention.value_length_mla expert_feed_forward_length expert_gating_func "
            "expert_shared_count expert_shared_feed_forward_length expert_weights_norm "
            "expert_weights_scale kda.head_dim leading_dense_block_count rope.dimension_sections "
            "ssm.conv_kernel swiglu_clamp_exp swiglu_clamp_shexp"
        ),
        recurrent=Recurrent.NO_KV_HEADS,
        nextn_in_main=True,
        rolls_back=True,
        positions=Positions.SECTIONED,
    ),
    "falcon-h1": Architecture(
        splits_tensors=False,
        graph="hybrids.falcon_h1",
        reads="ssm.conv_kernel ssm.group_count ssm.inner_size ssm.state_size ssm.time_step_rank",
        recurrent=Recurrent.EVERY_LAYER,
        attends_everywhere=True,
    ),
    "granitehybrid": Architecture(
        splits_tensors=False,
        graph=Plain(
            route="routes.softmax_normalised", rope="rotations.unless_finetuned", mix="hybrids.granite"
        ),
        reads=(
            "embedding_scale expert_shared_feed_forward_length logit_scale residual_scale "
            "ssm.conv_kernel ssm.group_count ssm.inner_size ssm.state_size ssm.time_step_rank"
        ),
        recurrent=Recurrent.NO_KV_HEADS,
        nextn_in_main=True,
    ),
    "jamba": Architecture(
        splits_tensors=False,
        graph=Plain(route="routes.softmax", mix="hybrids.jamba", residual_first=True),
        reads="ssm.conv_kernel ssm.inner_size ssm.state_size ssm.time_step_rank",
        recurrent=Recurrent.NO_KV_HEADS,
        nextn_in_main=True,
    ),
    "kimi-linear": Architecture(
        splits_tensors=False,
        graph=Plain(
            route="routes.sigmoid_normalised", mix="hybrids.kimi", early_norm=True, rope="rotations.never"
        ),
        reads=(
            "attention.key_length_mla attention.kv_lora_rank attention.value_length_mla "
            "expert_feed_forward_length expert_gating_func expert_shared_count expert_weights_scale "
            "kda.head_dim leading_dense_block_count ssm.conv_kernel"
        ),
        recurrent=Recurrent.NO_KV_HEADS,
        nextn_in_main=True,
    ),
    "lfm2": Architecture(
        graph=Plain(mix="hybrids.lfm2", residual_first=True),
        reads="attention.sliding_window shortconv.l_cache",
        window=Window(all_attention=True),
        recurrent=Recurrent.NO_KV_HEADS,
        nextn_in_main=True,
        rolls_back=True,
        norm_as_output=True,
    ),
    "lfm2moe": Architecture(
        graph=Plain(route="routes.sigmoid_normalised", mix="hybrids.lfm2", residual_first=True),
        reads="expert_feed_forward_length expert_gating_func leading_dense_block_count shortconv.l_cache",
        recurrent=Recurrent.NO_KV_HEADS,
        nextn_in_main=True,
        rolls_back=True,
        norm_as_output=True,
    ),
    "mamba": Architecture(
        splits_tensors=False,
        graph="hybrids.pure_mamba",
        reads="ssm.conv_kernel ssm.inner_size ssm.state_size ssm.time_step_rank",
        recurrent=Recurrent.EVERY_LAYER,
        attention_free=True,
    ),
    "mamba2": Architecture(
        splits_tensors=False,
        graph="hybrids.pure_mamba2",
        grows=True,
        reads="ssm.conv_kernel ssm.group_count ssm.inner_size ssm.state_size ssm.time_step_rank",
        recurrent=Recurrent.EVERY_LAYER,
        attention_free=True,
    ),
    "minimax-01": Architecture(
        splits_tensors=False,
        graph="linear_attention.minimax_01",
        grows=True,
        reads="attention.recurrent_layers residual_scale",
        defaults={"full_attention_interval": 8},
        recurrent=Recurrent.INTERVAL,
        linear_attention=True,
    ),
    "nemotron_h": Architecture(
        splits_tensors=False,
        graph="hybrids.nemotron",
        reads=(
            "expert_feed_forward_length expert_shared_count expert_shared_feed_forward_length "
            "expert_weights_norm expert_weights_scale ssm.conv_kernel ssm.group_count ssm.inner_size "
            "ssm.state_size ssm.time_step_rank"
        ),
        recurrent=Recurrent.NO_KV_HEADS_NO_FFN,
        nextn_in_main=True,
        rolls_back=True,
    ),
    "nemotron_h_moe": Architecture(
        splits_tensors=False,
        graph="hybrids.nemotron",
        reads=(
            "expert_feed_forward_length expert_shared_count expert_shared_feed_forward_length "
            "expert_weights_norm expert_weights_scale ssm.conv_kernel ssm.group_count ssm.inner_size "
            "ssm.state_size ssm.time_step_rank"
        ),
        recurrent=Recurrent.NO_KV_HEADS_NO_FFN,
        nextn_in_main=True,
        rolls_back=True,
    ),
    "qwen35": Architecture(
        graph=Plain(
            route="routes.softmax_normalised", mix="hybrids.qwen35", early_norm=True, outputs="normed"
        ),
        reads=(
            "attention.recurrent_layers rope.dimension_sections ssm.conv_kernel ssm.group_count "
            "ssm.inner_size ssm.state_size ssm.time_step_rank"
        ),
        defaults={"full_attention_interval": 4},
        recurrent=Recurrent.INTERVAL,
        rolls_back=True,
        positions=Positions.FOUR,
    ),
    "qwen35moe": Architecture(
        graph=Plain(
            route="routes.softmax_normalised", mix="hybrids.qwen35", early_norm=True, outputs="normed"
        ),
        reads=(
            "attention.recurrent_layers expert_feed_forward_length expert_shared_feed_forward_length "
            "rope.dimension_sections ssm.conv_kernel ssm.group_count ssm.inner_size ssm.state_size "
            "ssm.time_step_rank"
        ),
        defaults={"full_attention_interval": 4},
        recurrent=Recurrent.INTERVAL,
        rolls_back=True,
        positions=Positions.FOUR,
    ),
    "qwen3next": Architecture(
        graph=Plain(
            route="routes.softmax_normalised", mix="hybrids.qwen_next", early_norm=True, outputs="normed"
        ),
        reads=(
            "attention.recurrent_layers expert_feed_forward_length expert_shared_feed_forward_length "
            "ssm.conv_kernel ssm.group_count ssm.inner_size ssm.state_size ssm.time_step_rank"
        ),
        defaults={"full_attention_interval": 4},
        recurrent=Recurrent.INTERVAL,
    ),
    "rwkv6": Architecture(
        graph="rwkv.rwkv6",
        grows=True,
        reads="rescale_every_n_layers wkv.head_size",
        defaults={"token_shift_count": 2},
        recurrent=Recurrent.EVERY_LAYER,
        attention_free=True,
    ),
    "rwkv6qwen2": Architecture(
        reads="rescale_every_n_layers wkv.head_size",
        defaults={"token_shift_count": 2},
        recurrent=Recurrent.EVERY_LAYER,
        attention_free=True,
    ),
    "rwkv7": Architecture(
        graph="rwkv.rwkv7",
        grows=True,
        reads="wkv.head_size",
        defaults={"token_shift_count": 2},
        recurrent=Recurrent.EVERY_LAYER,
        attention_free=True,
    ),
}
