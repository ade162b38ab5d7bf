"""Files that draft for another model."""

from __future__ import annotations

from typing import Final

from moefit.model.architectures.row import Architecture, Positions, PredictionBlocks, Window

ROWS: Final[dict[str, Architecture]] = {
    "dflash": Architecture(
        head=True,
        speculation="draft-dflash",
        reads=(
            "attention.compress_ratios attention.output_group_count attention.output_lora_rank "
            "attention.q_lora_rank attention.sliding_window attention.sliding_window_pattern "
            "attention.value_scale embedding_scale expert_feed_forward_length expert_gating_func "
            "expert_shared_count expert_weights_norm expert_weights_scale final_logit_softcapping "
            "hyper_connection.count hyper_connection.sinkhorn_iterations logit_scale "
            "rope.dimension_sections swiglu_clamp_exp swiglu_clamp_shexp"
        ),
        window=Window(),
        positions=Positions.SECTIONED,
    ),
    "eagle3": Architecture(head=True, untied=True),
    "gemma4-assistant": Architecture(
        head=True,
        graph="gemma4_assistant.build",
        reads="attention.shared_kv_layers attention.sliding_window attention.sliding_window_pattern",
        window=Window(),
        borrows_kv=True,
        rope_without_window=True,
        prediction=PredictionBlocks.NONE,
    ),
}
