"""Granite with adapters inside: a head of its own finds which is in use, and every matrix adds that adapter's part.

source: src/models/granite-switch.cpp
"""

from __future__ import annotations

from collections.abc import Sequence

from moefit.memory.graph import operations as g
from moefit.memory.graph.attention import attend
from moefit.memory.graph.blocks import logits, norm, output_ids
from moefit.memory.graph.context import Context
from moefit.memory.graph.heads import Heads, heads_of
from moefit.memory.graph.nodes import F32, I32, Node
from moefit.memory.graph.rotations import rotated
from moefit.model import MissingError
from moefit.model.architectures import Plain

GRANITE = Plain(rope="rotations.unless_finetuned")


def build(c: Context, layers: Sequence[int]) -> None:
    """The router's layer, which has no tensors and is the last by number, runs first."""
    cur = g.get_rows(_table(c), c.input("sub_tokens", I32, c.batch.tokens))
    if c.hp.real("embedding_scale"):
        cur = g.scale(cur)
    *blocks, router = layers
    adapters = _adapters(c, router)
    for layer in blocks:
        residual = cur
        cur = _attention(c, norm(c, cur, "attn_norm", layer), adapters, layer)
        if layer == blocks[-1]:
            rows = output_ids(c)
            cur, residual = g.get_rows(cur, rows), g.get_rows(residual, rows)
            adapters = g.get_rows(g.reshape(adapters, 1, adapters.ne[0]), rows)
            adapters = g.reshape(adapters, rows.ne[0])
        cur = _fed(c, cur, residual, adapters, layer)
    logits(c, cur)


def _adapters(c: Context, layer: int) -> Node:
    """Which adapter each token uses: one head over a cache of signals, each a value with zeros after it."""
    heads, n = heads_of(c, layer), c.batch.tokens
    q, k, v = (
        g.pad(g.reshape(c.input(name, F32, n), 1, 1, n), heads.k - 1)
        for name in ("router_q", "router_ksig", "router_vval")
    )
    found = attend(c, layer, heads, q, k, v, out=None)
    slot = g.reshape(g.cont(g.view_nd(found, (1, n), (found.nb[1],))), n)
    return g.cast(g.unary(g.clamp(slot)), I32)


def _switched(c: Context, x: Node, adapters: Node, layer: int, name: str, fused: Node | None = None) -> Node:
    """A matrix's product, or a part of one, and the adapter's: of two narrow matrices that are chosen for each token."""
    base = g.mul_mat(c.weight(layer, name), x) if fused is None else fused
    return g.add(base, _delta(c, x, adapters, layer, name))


def _delta(c: Context, x: Node, adapters: Node, layer: int, name: str) -> Node:
    n = x.ne[1]
    ids = g.reshape(adapters, 1, n)
    inner = g.mul_mat_id(c.weight(layer, f"{name}.lora_a"), g.reshape(x, x.ne[0], 1, n), ids)
    outer = g.mul_mat_id(c.weight(layer, f"{name}.lora_b"), inner, ids)
    return g.reshape(outer, outer.ne[0], n)


def _attention(c: Context, x: Node, adapters: Node, layer: int) -> Node:
    heads, n = heads_of(c, layer), c.batch.tokens
    q, k, v = _parts(c, x, adapters, layer, heads)
    q = g.reshape(q, heads.k, heads.q, n)
    k, v = g.reshape(k, heads.k, heads.kv, n), g.reshape(v, heads.k, heads.kv, n)
    q, k = rotated(c, q, k, layer, GRANITE)
    attended = attend(c, layer, heads, q, k, v, out=None)
    return _switched(c, attended, adapters, layer, "attn_output")


def _parts(c: Context, x: Node, adapters: Node, layer: int, heads: Heads) -> list[Node]:
    """Queries, keys and values: copies of their parts of one product, each with its adapter's."""
    fused = g.mul_mat(c.weight(layer, "attn_qkv"), x)
    widths = (("attn_q", heads.k * heads.q), ("attn_k", heads.k * heads.kv), ("attn_v", heads.k * heads.kv))
    return [
        _switched(c, x, adapters, layer, name, g.cont(g.view_nd(fused, (width, x.ne[1]), (fused.nb[1],))))
        for name, width in widths
    ]


def _fed(c: Context, cur: Node, residual: Node, adapters: Node, layer: int) -> Node:
    scaled = bool(c.hp.real("residual_scale"))
    before = g.add(g.scale(cur) if scaled else cur, residual)
    x = norm(c, before, "ffn_norm", layer)
    gate = _switched(c, x, adapters, layer, "ffn_gate")
    up = _switched(c, x, adapters, layer, "ffn_up")
    cur = _switched(c, g.mul(g.unary(gate), up), adapters, layer, "ffn_down")
    return g.add(g.scale(cur) if scaled else cur, before)


def _table(c: Context) -> Node:
    table = c.outside("token_embd.weight", on_output=False)
    if table is None:
        raise MissingError("token_embd")
    return table
