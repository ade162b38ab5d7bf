"""Architectures that mix attention with recurrent layers, or have these alone."""

from __future__ import annotations

from typing import Final

from moefit.model.architectures.row import (
    DELTA_NET,
    WHOLE_HEADS,
    Architecture,
    Plain,
    Positions,
    Recurrent,
    Window,
)

ROWS: Final[dict[str, Architecture]] = {
    "arwkv7": Architecture(
        held=WHOLE_HEADS,
        graph="rwkv_qwen.rwkv7",
        grows=True,
        defaults={"token_shift_count": 2},
        recurrent=Recurrent.EVERY_LAYER,
        attention_free=True,
    ),
    "bailingmoe3": Architecture(
        splits_tensors=False,
        graph=Plain(mix="hybrids.kimi", outputs="normed"),
        recurrent=Recurrent.NO_KV_HEADS,
        nextn_in_main=True,
        rolls_back=True,
        positions=Positions.SECTIONED,
    ),
    "falcon-h1": Architecture(
        splits_tensors=False,
        graph="hybrids.falcon_h1",
        recurrent=Recurrent.EVERY_LAYER,
        attends_everywhere=True,
    ),
    "granitehybrid": Architecture(
        splits_tensors=False,
        graph=Plain(
            route="routes.softmax_normalised", rope="rotations.unless_finetuned", mix="hybrids.granite"
        ),
        recurrent=Recurrent.NO_KV_HEADS,
        nextn_in_main=True,
    ),
    "jamba": Architecture(
        splits_tensors=False,
        graph=Plain(route="routes.softmax", mix="hybrids.jamba", residual_first=True),
        recurrent=Recurrent.NO_KV_HEADS,
        nextn_in_main=True,
    ),
    "kimi-linear": Architecture(
        splits_tensors=False,
        graph=Plain(
            route="routes.sigmoid_normalised", mix="hybrids.kimi", early_norm=True, rope="rotations.never"
        ),
        recurrent=Recurrent.NO_KV_HEADS,
        nextn_in_main=True,
    ),
    "lfm2": Architecture(
        graph=Plain(mix="hybrids.lfm2", residual_first=True),
        window=Window(all_attention=True),
        recurrent=Recurrent.NO_KV_HEADS,
        nextn_in_main=True,
        rolls_back=True,
        norm_as_output=True,
        undescribed="attn_norm.bias",  # of a decision head
    ),
    "lfm2moe": Architecture(
        graph=Plain(route="routes.sigmoid_normalised", mix="hybrids.lfm2", residual_first=True),
        recurrent=Recurrent.NO_KV_HEADS,
        nextn_in_main=True,
        rolls_back=True,
        norm_as_output=True,
    ),
    "mamba": Architecture(
        splits_tensors=False,
        graph="hybrids.pure_mamba",
        recurrent=Recurrent.EVERY_LAYER,
        attention_free=True,
    ),
    "mamba2": Architecture(
        splits_tensors=False,
        graph="hybrids.pure_mamba2",
        grows=True,
        recurrent=Recurrent.EVERY_LAYER,
        attention_free=True,
    ),
    "minimax-01": Architecture(
        splits_tensors=False,
        graph="linear_attention.minimax_01",
        grows=True,
        defaults={"full_attention_interval": 8},
        recurrent=Recurrent.INTERVAL,
        linear_attention=True,
    ),
    "nemotron_h": Architecture(
        experts_by_layer=True,
        splits_tensors=False,
        graph="hybrids.nemotron",
        recurrent=Recurrent.NO_KV_HEADS_NO_FFN,
        nextn_in_main=True,
        rolls_back=True,
    ),
    "nemotron_h_moe": Architecture(
        experts_by_layer=True,
        splits_tensors=False,
        graph="hybrids.nemotron",
        recurrent=Recurrent.NO_KV_HEADS_NO_FFN,
        nextn_in_main=True,
        rolls_back=True,
    ),
    "qwen35": Architecture(
        held=DELTA_NET,
        graph=Plain(
            route="routes.softmax_normalised", mix="hybrids.qwen35", early_norm=True, outputs="normed"
        ),
        defaults={"full_attention_interval": 4},
        recurrent=Recurrent.INTERVAL,
        rolls_back=True,
        positions=Positions.FOUR,
    ),
    "qwen35moe": Architecture(
        held=DELTA_NET,
        graph=Plain(
            route="routes.softmax_normalised", mix="hybrids.qwen35", early_norm=True, outputs="normed"
        ),
        defaults={"full_attention_interval": 4},
        recurrent=Recurrent.INTERVAL,
        rolls_back=True,
        positions=Positions.FOUR,
    ),
    "qwen3next": Architecture(
        held=DELTA_NET,
        graph=Plain(
            route="routes.softmax_normalised", mix="hybrids.qwen_next", early_norm=True, outputs="normed"
        ),
        defaults={"full_attention_interval": 4},
        recurrent=Recurrent.INTERVAL,
    ),
    "rwkv6": Architecture(
        held={"n_head_kv": "n_head_kv n_embd wkv.head_size / 0 if"},
        graph="rwkv.rwkv6",
        grows=True,
        defaults={"token_shift_count": 2},
        recurrent=Recurrent.EVERY_LAYER,
        attention_free=True,
    ),
    "rwkv6qwen2": Architecture(
        graph="rwkv_qwen.rwkv6",
        grows=True,
        defaults={"token_shift_count": 2},
        recurrent=Recurrent.EVERY_LAYER,
        attention_free=True,
    ),
    "rwkv7": Architecture(
        held=WHOLE_HEADS,
        graph="rwkv.rwkv7",
        grows=True,
        defaults={"token_shift_count": 2},
        recurrent=Recurrent.EVERY_LAYER,
        attention_free=True,
    ),
}
