"""Tensor names of made-up models, for tests of patterns."""

from __future__ import annotations

BASE = ("attn_norm.weight", "attn_q.weight", "attn_output.weight", "ffn_norm.weight", "ffn_gate_inp.weight")
SHARED = (
    "ffn_up_shexp.weight",
    "ffn_gate_shexp.weight",
    "ffn_down_shexp.weight",
    "ffn_gate_inp_shexp.weight",
)
DENSE = ("ffn_up.weight", "ffn_gate.weight", "ffn_down.weight")
SPLIT = ("ffn_gate_exps.weight", "ffn_up_exps.weight", "ffn_down_exps.weight")
FUSED = ("ffn_gate_up_exps.weight", "ffn_down_exps.weight")
BIASED = (*SPLIT, "ffn_gate_exps.bias", "ffn_up_exps.bias", "ffn_down_exps.bias")
CHUNKED = ("ffn_gate_chexps.weight", "ffn_up_chexps.weight", "ffn_down_chexps.weight", *SPLIT)
SCALED = (*SPLIT, "ffn_gate_exps.scale", "ffn_up_exps.scale", "ffn_down_exps.scale")
OUTER = ("token_embd.weight", "output_norm.weight", "output.weight")


def tensor_names(layers: int, *suffixes: str, dense: int = 0) -> list[str]:
    """A model of `layers` blocks, of which the first `dense` have dense FFNs instead of `suffixes` and shared experts."""
    blocks = (
        f"blk.{i}.{suffix}"
        for i in range(layers)
        for suffix in (*BASE, *(DENSE if i < dense else (*SHARED, *suffixes)))
    )
    return [*OUTER, *blocks]
