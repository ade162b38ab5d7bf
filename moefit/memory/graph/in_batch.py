"""Attention without a cache: a batch attends to itself alone (src/llama-graph.cpp, build_attn_inp_no_cache and its build_attn)."""

from __future__ import annotations

from moefit.memory.graph.attention import mha
from moefit.memory.graph.blocks import linear
from moefit.memory.graph.context import Context
from moefit.memory.graph.heads import Heads
from moefit.memory.graph.nodes import F16, F32, Node


def attend(
    c: Context, layer: int, heads: Heads, q: Node, k: Node, v: Node, *, out: str | None = "attn_output", bias: Node | None = None
) -> Node:  # fmt: skip
    """Attention within the batch, and its output matrix."""
    n = c.batch.tokens
    c.expand(q, k, v)
    name = "mask.batch.swa" if heads.window else "mask.batch"
    mask = c.input(name, F16 if c.batch.flash else F32, n, n, 1, 1)
    cur = mha(c, layer, q, k, v, mask, bias=bias)
    return cur if out is None else linear(c, out, cur, layer)
