"""What the graph of attention reads a block's tensors as, where the loader makes them by other figures: it stops where the two differ.

source: src/llama-graph.cpp, llm_graph_context::build_qkv and build_attn; src/llama-kv-cache.cpp, llama_kv_cache::cpy_k and cpy_v
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Final

from moefit.model.loaders import LoadedShape

_ANY: Final = "?"
_QUERIES: Final = "head_k@ n_head@ *"
_NONE: Final[Mapping[str, LoadedShape]] = {}
_ATTENTION: Final = {
    name: LoadedShape(sizes, reshaped=False)
    for name, sizes in {
        "attn_q.weight": (_ANY, f"{_QUERIES} {_QUERIES} 2 * |"),  # with or without a gate
        "attn_k.weight": (_ANY, "head_k@ n_head_kv@ *"),
        "attn_v.weight": (_ANY, "head_v@ n_head_kv@ *"),
        "attn_output.weight": ("head_v@ n_head@ *", _ANY),
    }.items()
}
LATENT: Final = "attn_kv_a_mqa.weight"
"""The tensor of blocks whose attention compresses keys and values."""
LATENT_HEADS: Final = ("n_head_kv@", "is_mla 1 n_head@ if")
"""What is cached for one token of those: a compressed row, or every head's."""


def read_as(tensors: Container[str], *, attends: bool) -> Mapping[str, LoadedShape]:
    """The shapes of a block with these tensors, by their name in it."""
    return _ATTENTION if attends and LATENT not in tensors else _NONE
