"""Sparse attention with an indexer, compressed caches, residual streams."""

from __future__ import annotations

from typing import Final

from moefit.model.architectures.row import (
    DELTA_NET,
    SIGMOID,
    SQRT_SOFTPLUS,
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
        indexer=Indexer.EVERY_LAYER,
        mtp_anyway="exp_probs_b",
        grows=True,
    ),
    "deepseek4": Architecture(
        gating=SQRT_SOFTPLUS,
        graph="deepseek4.STEPS",
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
        window=Window(),
        indexer=Indexer.FULL,
        never_loads_mtp=True,
        grows=True,
    ),
    "glm-dsa": Architecture(
        splits_tensors=False,
        graph=Plain(mix="sparse.indexed_latent_attention"),
        defaults={"expert_gating_func": SIGMOID},
        indexer=Indexer.FULL,
        indexer_default=as_glm_5_2,
        mtp_anyway="exp_probs_b",
        grows=True,
    ),
    "glm5-next": Architecture(
        splits_tensors=False,
        graph="glm5.STEPS",
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
        graph="hyper.HY_V4",
        indexer=Indexer.FULL,
        grows=True,
        unturned_indexer=True,
    ),
    "kimi-k3": Architecture(
        splits_tensors=False,
        graph="kimi_k3.build",
        recurrent=Recurrent.NO_KV_HEADS,
        nextn_in_main=True,
        rolls_back=True,
        grows=True,
    ),
    "minimax-m3": Architecture(
        splits_tensors=False,
        graph=Plain(mix="sparse.block_sparse_attention"),
        indexer=Indexer.SPARSE,
        grows=True,
    ),
    "qwen4exp": Architecture(
        held=DELTA_NET,
        graph="qwen4.build",
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
