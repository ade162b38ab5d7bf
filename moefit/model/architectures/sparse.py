"""Sparse attention with an indexer, compressed caches, residual streams."""

from __future__ import annotations

from typing import Final

from moefit.model.architectures.row import (
    SIGMOID,
    Architecture,
    Indexer,
    Plain,
    Positions,
    PredictionBlocks,
    Recurrent,
    Window,
)
from moefit.model.hyperparameters import Hyperparameters


def every_layer(_hparams: Hyperparameters, _layer: int) -> bool:
    """Without indexer.types all have an indexer (src/models/glm5-next.cpp)."""
    return True


def as_glm_5_2(hparams: Hyperparameters, layer: int) -> bool:
    """Every layer before GLM-5.2, which has a longer context, and then the first two and every fourth of 78 (src/models/glm-dsa.cpp)."""
    if hparams.integer("context_length") < 1 << 20:
        return True
    return layer < 2 or (layer < 78 and (layer - 2) % 4 == 0)


ROWS: Final[dict[str, Architecture]] = {
    "deepseek32": Architecture(
        splits_tensors=False,
        graph=Plain(mix="sparse.indexed_latent_attention"),
        reads=(
            "attention.indexer.head_count attention.indexer.key_length attention.indexer.top_k "
            "attention.key_length_mla attention.kv_lora_rank attention.q_lora_rank "
            "attention.value_length_mla expert_feed_forward_length expert_gating_func "
            "expert_shared_count expert_weights_norm expert_weights_scale leading_dense_block_count "
            "rope.dimension_sections"
        ),
        indexer=Indexer.EVERY_LAYER,
        mtp_anyway="exp_probs_b",
        grows=True,
    ),
    "deepseek4": Architecture(
        graph="deepseek4.build",
        reads=(
            "attention.compress_ratios attention.indexer.head_count attention.indexer.key_length "
            "attention.indexer.top_k attention.output_group_count attention.output_lora_rank "
            "attention.q_lora_rank attention.sliding_window expert_feed_forward_length "
            "expert_gating_func expert_shared_count expert_weights_norm expert_weights_scale "
            "hash_layer_count hyper_connection.count hyper_connection.sinkhorn_iterations "
            "swiglu_clamp_exp swiglu_clamp_shexp"
        ),
        window=Window(),
        compressed=True,
        nextn_in_main=True,
        rolls_back=True,
        prediction=PredictionBlocks.WITH_PROJECTION,
        grows=True,
        fused_streams=True,
        fused_clamp=True,
        all_streams_out=True,
    ),
    "dots3note": Architecture(
        splits_tensors=False,
        graph=Plain(mix="sparse.indexed_or_windowed"),
        reads=(
            "attention.indexer.head_count attention.indexer.key_length attention.indexer.top_k "
            "attention.indexer.types attention.key_length_mla attention.key_length_mla_swa "
            "attention.kv_lora_rank attention.kv_lora_rank_swa attention.q_lora_rank "
            "attention.sliding_window attention.sliding_window_pattern attention.value_length_mla "
            "attention.value_length_mla_swa expert_feed_forward_length expert_gating_func "
            "expert_shared_count expert_weights_norm expert_weights_scale leading_dense_block_count"
        ),
        window=Window(),
        indexer=Indexer.FULL,
        never_loads_mtp=True,
        grows=True,
    ),
    "glm-dsa": Architecture(
        splits_tensors=False,
        graph=Plain(mix="sparse.indexed_latent_attention"),
        reads=(
            "attention.indexer.head_count attention.indexer.key_length attention.indexer.top_k "
            "attention.indexer.types attention.key_length_mla attention.kv_lora_rank "
            "attention.q_lora_rank attention.value_length_mla expert_feed_forward_length "
            "expert_shared_count expert_weights_norm expert_weights_scale leading_dense_block_count "
            "rope.dimension_sections"
        ),
        defaults={"expert_gating_func": SIGMOID},
        indexer=Indexer.FULL,
        indexer_default=as_glm_5_2,
        mtp_anyway="exp_probs_b",
        grows=True,
    ),
    "glm5-next": Architecture(
        splits_tensors=False,
        graph="glm5.build",
        reads=(
            "attention.indexer.head_count attention.indexer.key_length attention.indexer.kpool "
            "attention.indexer.top_k attention.indexer.types attention.key_length_mla "
            "attention.kv_lora_rank attention.q_lora_rank attention.value_length_mla "
            "expert_feed_forward_length expert_shared_count expert_weights_norm expert_weights_scale "
            "hyper_connection.count hyper_connection.sinkhorn_iterations kda.head_dim "
            "leading_dense_block_count ssm.conv_kernel swiglu_clamp_exp swiglu_clamp_shexp"
        ),
        defaults={"expert_gating_func": SIGMOID},
        recurrent=Recurrent.NO_KV_HEADS,
        indexer=Indexer.FULL,
        indexer_default=every_layer,
        pooled=3,
        rolls_back=True,
        grows=True,
        fused_streams=True,
        fused_clamp=True,
    ),
    "hy_v4": Architecture(
        splits_tensors=False,
        graph="hyper.hy_v4",
        reads=(
            "attention.indexer.head_count attention.indexer.key_length attention.indexer.top_k "
            "attention.indexer.types attention.key_length_mla attention.kv_lora_rank "
            "attention.q_lora_rank attention.value_length_mla expert_feed_forward_length "
            "expert_gating_func expert_shared_count expert_weights_norm expert_weights_scale "
            "hyper_connection.count leading_dense_block_count swiglu_clamp_exp"
        ),
        indexer=Indexer.FULL,
        grows=True,
        unturned_indexer=True,
    ),
    "kimi-k3": Architecture(
        splits_tensors=False,
        graph="kimi_k3.build",
        reads=(
            "attention.key_length_mla attention.kv_lora_rank attention.q_lora_rank "
            "attention.value_length_mla attn_res.block_size expert_feed_forward_length "
            "expert_gating_func expert_shared_count expert_weights_norm expert_weights_scale "
            "kda.head_dim leading_dense_block_count ssm.conv_kernel"
        ),
        recurrent=Recurrent.NO_KV_HEADS,
        nextn_in_main=True,
        rolls_back=True,
        grows=True,
    ),
    "minimax-m3": Architecture(
        splits_tensors=False,
        graph=Plain(mix="sparse.block_sparse_attention"),
        reads=(
            "attention.indexer.block_size attention.indexer.head_count attention.indexer.key_length "
            "attention.indexer.top_k expert_feed_forward_length expert_gating_func "
            "expert_shared_count expert_weights_norm expert_weights_scale leading_dense_block_count"
        ),
        indexer=Indexer.SPARSE,
        grows=True,
    ),
    "qwen4exp": Architecture(
        graph="qwen4.build",
        reads=(
            "attention.compress_ratios attention.indexer.head_count attention.indexer.key_length "
            "attention.indexer.top_k attention.recurrent_layers embedding_length_per_layer_input "
            "expert_feed_forward_length expert_shared_feed_forward_length hyper_connection.count "
            "hyper_connection.low_rank ple.conv_kernel ple.heads_per_ngram ple.layers ple.ngram_size "
            "rope.dimension_sections ssm.conv_kernel ssm.group_count ssm.inner_size ssm.state_size "
            "ssm.time_step_rank"
        ),
        defaults={"full_attention_interval": 4},
        recurrent=Recurrent.INTERVAL,
        indexer=Indexer.ATTENTION,
        pooled=2,
        rolls_back=True,
        positions=Positions.FOUR,
        grows=True,
        fused_streams=True,
        all_streams_out=True,
        undescribed="ple_key",
    ),
}
