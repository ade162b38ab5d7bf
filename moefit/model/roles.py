"""Which part of the model a tensor belongs to, by its name.

Roles follow llama.cpp's own split: LLM_FFN_EXPS_REGEX (common/common.h) says which tensors `--cpu-moe` moves,
LLM_TENSOR_INFOS (src/llama-arch.cpp) which are input, repeating or output.
"""

from __future__ import annotations

import re

from moefit.model.architectures import architecture as row_of
from moefit.model.types import Role

BLOCK = re.compile(r"(?:enc\.|dec\.)?blk\.(\d{1,9})\.")
EXPERT = re.compile(r"\.ffn_(?:up|down|gate|gate_up)_(?:ch)?exps")
"""source: common/common.h, LLM_FFN_EXPS_REGEX."""

INPUT = frozenset({"token_embd", "position_embd", "token_types", "per_layer_token_embd"})
"""source: src/llama-arch.cpp, LLM_TENSOR_INFOS, layer INPUT."""

OUTPUT = frozenset(
    {
        "output",
        "output_norm",
        "enc.output_norm",
        "dec.output_norm",
        "output_res_score",
        "output_hc_fn",
        "output_hc_base",
        "output_hc_scale",
        "output_hc_norm",
        "output_hc_down",
        "output_hc_up",
        "cls",
        "cls.output",
        "cls.norm",
        "dense_2",
        "dense_3",
        "altup_proj",
        "altup_unembd_proj",
        "nextn.post_projection",
        "fc",
        "d2t",
        "markov_w1",
        "markov_w2",
        "conf_proj",
        "selector_predecessor",
        "selector_successor",
        "selector_hidden",
    }
)
"""source: src/llama-arch.cpp, LLM_TENSOR_INFOS, layer OUTPUT; `decision.*` besides."""

UNUSED = frozenset({"masked_embd_centroids", "masked_embd_ordering"})
"""Never loaded. source: src/llama-arch.cpp, LLM_TENSOR_INFOS, operation NONE."""

REPLICATED = frozenset({"rope_freqs", "rope_factors_long", "rope_factors_short"})
"""Every layer asks for them, and each buffer gets one copy. source: src/models/llama.cpp and others, TENSOR_DUPLICATED."""


def base_name(name: str) -> str:
    """The name without its last part.

    >>> base_name("token_embd.weight"), base_name("cls.output.bias")
    ('token_embd', 'cls.output')
    """
    return name.rpartition(".")[0] or name


def block_of(name: str) -> int | None:
    """The block index in a tensor's name.

    >>> block_of("blk.12.ffn_up_exps.weight"), block_of("output.weight")
    (12, None)
    """
    match = BLOCK.match(name)
    return int(match[1]) if match else None


def role_of(name: str, architecture: str) -> Role | None:
    """What a tensor is for; None if llama.cpp never loads it.

    Tensors of no block that are neither input nor output (rope_freqs, per_layer_model_proj, the embedding's norm) are
    made with block 0, so they are base.

    >>> role_of("blk.0.ffn_gate_exps.weight", "qwen3moe"), role_of("blk.0.ffn_gate_inp.weight", "qwen3moe")
    (<Role.EXPERT: 'expert'>, <Role.BASE: 'base'>)
    >>> role_of("token_embd.weight", "qwen3moe"), role_of("output.weight", "qwen3moe")
    (<Role.INPUT: 'input'>, <Role.OUTPUT: 'output'>)
    """
    if block_of(name) is not None:
        return Role.EXPERT if EXPERT.search(name) else Role.BASE
    base = base_name(name)
    if base in UNUSED:
        return None
    if base in INPUT:
        return Role.INPUT
    if base in OUTPUT or name.startswith("decision."):
        return Role.OUTPUT
    if base == "token_embd_norm" and row_of(architecture).norm_as_output:
        return Role.OUTPUT
    return Role.BASE
