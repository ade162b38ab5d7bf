"""DeepSeek-V4: hyper-connections, and attention to a window and to compressed tokens (src/models/deepseek4.cpp)."""

from __future__ import annotations

from dataclasses import replace

from moefit.memory.compressed import HEAVY, SPARSE
from moefit.memory.graph import operations as g
from moefit.memory.graph.attention import mha
from moefit.memory.graph.blocks import (
    embedding,
    ffn,
    linear,
    norm,
    positions,
)
from moefit.memory.graph.context import Context
from moefit.memory.graph.deepseek4_compressor import Compressor, advance, projected
from moefit.memory.graph.heads import Heads
from moefit.memory.graph.hyper import comb, finish, mixes_of, post, pre
from moefit.memory.graph.kv_cache import hadamard, inputs
from moefit.memory.graph.moe import moe_ffn, routing
from moefit.memory.graph.nodes import F16, F32, I32, Node
from moefit.memory.graph.steps import Steps
from moefit.values import dataclass


def _start(c: Context) -> Node:
    streams, n = c.hp.needed("hyper_connection.count"), c.batch.tokens
    cur = embedding(c, mixed=False)
    embd = cur.ne[0]
    c.expand(_raw(c).mask)
    return g.repeat(g.reshape(cur, embd, 1, n), embd, streams, n, 1)


def _layer(c: Context, residual: Node, layer: int, *_last: bool) -> Node:
    x, shares, combined = gathered(c, residual, layer, "attn")
    x = _attention(c, norm(c, x, "attn_norm", layer), layer)
    residual = post(c, layer, x, residual, shares, combined)
    x, shares, combined = gathered(c, residual, layer, "ffn")
    c.expand(residual, shares, combined)
    x = _fed(c, norm(c, x, "ffn_norm", layer), layer)
    cur = post(c, layer, x, residual, shares, combined)
    c.pin(cur, layer)
    return cur


def _finish(c: Context, cur: Node) -> None:
    finish(c, cur, _head)


STEPS = Steps(_start, _layer, _finish)


def _affine(x: Node, scale: Node, base: Node) -> Node:
    return g.add(g.mul(x, scale), base)


def gathered(c: Context, x: Node, layer: int, part: str) -> tuple[Node, Node, Node]:
    """One state of all streams, how much each gets of the result, and how they are combined (build_hc_pre)."""
    _, streams, n, _ = x.ne
    mixes = mixes_of(x, c.weight(layer, f"hc_{part}_fn"))
    scale, base = c.weight(layer, f"hc_{part}_scale"), c.weight(layer, f"hc_{part}_base")

    def gate() -> Node:
        cur = g.view_nd(mixes, (streams, n), (mixes.nb[1],))
        return g.scale(g.unary(_affine(cur, g.view_nd(scale, (1,)), g.view_nd(base, (streams,)))))

    taken, shares = gate(), gate()
    combined = comb(c, layer, mixes, scale, base, streams)
    return pre(c, layer, x, taken), shares, combined


def _head(c: Context, x: Node) -> Node:
    """The state that the output matrix reads (build_hc_head)."""
    matrix, scale, base = (c.output_weight(f"output_hc_{name}.weight") for name in ("fn", "scale", "base"))
    weights = g.scale(g.unary(_affine(mixes_of(x, matrix), scale, base)))
    return pre(c, -1, x, weights)


def _fed(c: Context, x: Node, layer: int) -> Node:
    """Experts, in the first layers chosen by the token alone, and the shared one."""
    chosen = None
    how = replace(routing(c, layer), fused_clamp=True)
    if layer < c.hp.integer("hash_layer_count"):
        chosen = g.get_rows(c.weight(layer, "ffn_gate_tid2eid"), c.input("inp_tokens", I32, c.batch.tokens))
    routed = moe_ffn(c, x, layer, how, chosen=chosen)
    return g.add(routed, ffn(c, x, layer, "_shexp"))


def _raw(c: Context) -> _Raw:
    heads = Heads(c.hp.heads(), 1, c.hp.head_k(), 0, window=True)
    inp = inputs(c, heads, v_cache=False)
    rotation = None
    if c.batch.type_k.block > 1 and heads.k % 64 == 0:
        size = 64
        while heads.k % (2 * size) == 0:
            size *= 2
        rotation = c.input("dsv4.raw.rot", F32, size, size)
    return _Raw(heads, inp.k_idxs, inp.mask, rotation)


@dataclass(frozen=True, slots=True)
class _Raw:
    heads: Heads
    k_idxs: Node
    mask: Node
    rotation: Node | None


def _attention(c: Context, x: Node, layer: int) -> Node:
    """build_attention_impl."""
    hp, n = c.hp, c.batch.tokens
    raw, pos = _raw(c), positions(c)
    heads = raw.heads
    low = norm(c, linear(c, "attn_q_a", x, layer), "attn_q_a_norm", layer)
    q = g.rope(g.rms_norm(g.reshape(linear(c, "attn_q_b", low, layer), heads.k, heads.q, n)), pos)
    kv = norm(c, linear(c, "attn_kv", x, layer), "attn_kv_a_norm", layer)
    kv = g.rope(g.reshape(kv, heads.k, 1, n), pos)
    ratio = c.memory.compress[layer] if layer < len(c.memory.compress) else 0
    of: Compressor | None = None
    indexer: Compressor | None = None
    if ratio in {HEAVY, SPARSE}:
        of = Compressor(c, "hca" if ratio == HEAVY else "csa", ratio, heads.k)
        advance(c, layer, "attn_compressor", of, *projected(c, x, layer, "attn_compressor", of))
    if ratio == SPARSE:
        indexer = Compressor(c, "lid", ratio, width=hp.integer("attention.indexer.key_length"))
        parts = projected(c, x, layer, "indexer_compressor", indexer)
        advance(c, layer, "indexer_compressor", indexer, *parts)
    top_k = None if indexer is None else _top_k(c, x, low, layer, indexer)
    out = _attend(c, layer, raw, q, kv, of, top_k)
    groups, rank = hp.needed("attention.output_group_count"), hp.needed("attention.output_lora_rank")
    out = g.like("ROPE_BACK", g.reshape(out, heads.k, heads.q, n), pos)
    out = g.permute(g.reshape(out, heads.q // groups * heads.k, groups, n), 0, 2, 1, 3)
    out = g.permute(g.mul_mat(c.weight(layer, "attn_output_a"), out), 0, 2, 1, 3)
    return linear(c, "attn_output_b", g.cont(out, rank * groups, n), layer)


def _attend(
    c: Context, layer: int, raw: _Raw, q: Node, kv: Node, of: Compressor | None, top_k: Node | None
) -> Node:
    """Attention to the window and, where there are some, to compressed keys (build_*_attention)."""
    b, width = c.batch, raw.heads.k
    if raw.rotation is not None:
        q, kv = hadamard(q, raw.rotation), hadamard(kv, raw.rotation)
    c.expand(q, kv)
    cells = b.window_cells
    cache = c.cache(layer, "k", b.type_k, width, cells, b.streams)
    target = g.reshape(cache, width, cells * b.streams) if b.streams > 1 else cache
    c.expand(g.set_rows(target, g.view_nd(kv, (width, b.tokens), (kv.nb[2],)), raw.k_idxs))
    row = cache.nb[1]
    keys = g.view(cache, (width, 1, cells, b.streams), (cache.nb[0], row, row, row * cells))
    seen = raw.mask
    if of is not None:
        others = of.keys(layer)
        keys = g.concat(keys, g.view(others, others.ne, others.nb), 2)
        visible = of.mask if top_k is None else _unmasked(c, of.mask, top_k)
        seen = g.concat(seen, visible, 0)
    out = mha(c, layer, q, keys, keys, seen, sinks=c.find(layer, "attn_sinks"))
    return out if raw.rotation is None else hadamard(out, raw.rotation)


def _unmasked(c: Context, full: Node, top_k: Node) -> Node:
    """The mask without the keys that were not chosen (build_top_k_mask)."""
    every = g.like("FILL", full)
    ne, nb = full.ne, every.nb
    rows = g.view(every, (1, ne[0], ne[1], ne[3]), (nb[0], nb[0], nb[1], nb[2]))
    tn, tb = top_k.ne, top_k.nb
    chosen = g.view(top_k, (tn[0], tn[1], tn[3], 1), (tb[0], tb[1], tb[2], tn[3] * tb[3]))
    zeros = g.new(F16 if c.batch.flash else F32, 1, chosen.ne[0], chosen.ne[1], chosen.ne[2])
    opened = g.set_rows(rows, g.like("FILL", zeros), chosen)
    on, ob = opened.ne, opened.nb
    return g.add(g.view(opened, (on[1], on[2], 1, on[3]), (ob[0], ob[2], ob[3], ob[3])), full)


def _top_k(c: Context, x: Node, low: Node, layer: int, of: Compressor) -> Node:
    """The compressed keys that the indexer ranks highest (build_lid_top_k)."""
    hp, b = c.hp, c.batch
    count, width = hp.integer("attention.indexer.head_count"), of.width
    q = g.rope(g.reshape(linear(c, "indexer.attn_q_b", low, layer), width, count, b.tokens), positions(c))
    if of.rotation is not None:
        q = hadamard(q, of.rotation)
    weights = g.scale(linear(c, "indexer.proj", x, layer))
    keys = of.keys(layer)
    keys = g.view(keys, keys.ne, keys.nb)
    per, streams = b.tokens // b.streams, b.streams
    q = g.view(q, (width, count, per, streams), (q.nb[0], q.nb[1], q.nb[2], q.nb[3] // streams))
    nb = weights.nb
    weights = g.view(weights, (count, per, 1, streams), (nb[0], nb[1], nb[2] // streams, nb[3] // streams))
    scores = g.result("LIGHTNING_INDEXER", F32, (keys.ne[2], per, 1, streams), q, keys, weights, of.mask)
    return g.cont(g.top_k(scores, min(keys.ne[2], hp.integer("attention.indexer.top_k"))))
