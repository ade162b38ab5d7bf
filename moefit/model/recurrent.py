"""Which blocks keep a state: llama_hparams::is_recr, as load_arch_hparams of src/models/*.cpp fill it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from moefit.model.architectures import Recurrent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moefit.model.architectures import Architecture
    from moefit.model.hyperparameters import Hyperparameters
    from moefit.model.types import Layer

_STATE = re.compile(r"[.](ssm|shortconv|time_mix|channel_mix|kda|linear_attn|lightning)_?")
"""Names of tensors that only blocks with a state have."""


def recurrent_layers(
    row: Architecture, keys: Hyperparameters, blocks: Sequence[Layer], main: int
) -> list[bool]:
    """is_recr of each layer."""
    layers = len(blocks)
    match row.recurrent:
        case None:
            return [False] * layers
        case Recurrent.EVERY_LAYER:
            return [True] * layers
        case Recurrent.TENSORS:
            return [any(_STATE.search(t.name) for t in block.tensors) for block in blocks]
        case Recurrent.INTERVAL:
            return _between_full_attention(keys, layers, main)
        case Recurrent.NO_KV_HEADS | Recurrent.NO_KV_HEADS_NO_FFN:
            heads = keys.each("attention.head_count_kv")
            ffn = keys.each("feed_forward_length")
            alone = row.recurrent is Recurrent.NO_KV_HEADS_NO_FFN
            return [il < main and heads[il] == 0 and not (alone and ffn[il]) for il in range(layers)]


def _between_full_attention(keys: Hyperparameters, layers: int, main: int) -> list[bool]:
    """All but every so many-th layer, unless the file lists them."""
    if keys.has("attention.recurrent_layers"):
        return [bool(flag) for flag in keys.each("attention.recurrent_layers")]
    every = keys.needed("full_attention_interval")
    return [il < main and (il + 1) % every != 0 for il in range(layers)]
