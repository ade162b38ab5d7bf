"""GLM-5-Next: hyper-connections, Kimi delta attention, and latent attention to pools of positions.

source: src/models/glm5-next.cpp; the variant for batches of at most 16 tokens is not described
"""

from __future__ import annotations

from moefit.memory.graph import operations as g
from moefit.memory.graph.attention import mha
from moefit.memory.graph.blocks import embedding, indices, linear, lm_head, norm, output_ids, output_norm
from moefit.memory.graph.context import Context
from moefit.memory.graph.decoder import feed_forward
from moefit.memory.graph.deepseek4 import gathered
from moefit.memory.graph.heads import Heads
from moefit.memory.graph.hyper import post
from moefit.memory.graph.kda import kda
from moefit.memory.graph.kv_cache import Inputs, cached_k, inputs, store
from moefit.memory.graph.nodes import F32, I32, I64, Node
from moefit.memory.graph.qwen4 import pool_size, pools
from moefit.memory.graph.steps import Steps
from moefit.model import MissingError
from moefit.model.architectures import Plain

_DECODER = Plain(route="routes.fused_clamp")


def _start(c: Context) -> Node:
    streams, n = c.hp.needed("hyper_connection.count"), c.batch.tokens
    cur = embedding(c)
    embd = cur.ne[0]
    pools(c)
    c.expand(c.input("kpool.gather_mask", F32, _selected_count(c), 1, 1, n))
    return g.repeat(g.reshape(cur, embd, 1, n), embd, streams, n, 1)


def _layer(c: Context, residual: Node, layer: int, *_last: bool) -> Node:
    x, shares, combined = gathered(c, residual, layer, "attn")
    x = norm(c, x, "attn_norm", layer)
    c.expand(x)
    x = kda(c, x, layer) if c.memory.state[layer] is not None else _attention(c, x, layer)
    residual = post(c, layer, x, residual, shares, combined)
    x, shares, combined = gathered(c, residual, layer, "ffn")
    x = feed_forward(c, norm(c, x, "ffn_norm", layer), layer, _DECODER)
    return post(c, layer, x, residual, shares, combined)


def _finish(c: Context, cur: Node) -> None:
    embd, streams, n, _ = cur.ne
    cur = g.reshape(
        g.get_rows(g.reshape(cur, embd * streams, n), output_ids(c)), embd, streams, c.batch.outputs
    )
    total = g.view_nd(cur, (embd, c.batch.outputs), (cur.nb[2],))
    for _ in range(streams - 1):
        total = g.add(total, g.view_nd(cur, (embd, c.batch.outputs), (cur.nb[2],)))
    lm_head(c, output_norm(c, g.scale(total)))


STEPS = Steps(_start, _layer, _finish)


def _selected_count(c: Context) -> int:
    size = pool_size(c)
    count = pools(c)[0].ne[0]
    return size * min(count, c.hp.integer("attention.indexer.top_k") // size) + size - 1


def _attention(c: Context, x: Node, layer: int) -> Node:
    """build_dsa_layer: some layers reuse the choice of the one before."""
    hp, n = c.hp, c.batch.tokens
    heads, rank = hp.heads(layer), hp.integer("attention.kv_lora_rank")
    width = hp.integer("attention.key_length_mla") - hp.integer("rope.dimension_count")
    shape = Heads(heads, 1, rank, rank)
    base = inputs(c, shape, v_cache=False)
    low = norm(c, linear(c, "attn_q_a", x, layer), "attn_q_a_norm", layer)
    q = g.reshape(linear(c, "attn_q_b", low, layer), width, heads, n)
    kv = g.reshape(norm(c, linear(c, "attn_kv_a_mqa", x, layer), "attn_kv_a_norm", layer), rank, 1, n)
    q = g.permute(g.mul_mat(c.weight(layer, "attn_k_b"), g.permute(q, 0, 2, 1, 3)), 0, 2, 1, 3)
    if c.memory.indexer[layer] is not None:
        c.carried["selection"] = _selected(c, x, low, layer, base.mask)
    chosen = c.carried.get("selection")
    if chosen is None:
        raise MissingError(f"blk.{layer}.indexer, or one before it")
    c.expand(q, kv)
    store(c, layer, shape, kv, None, base)
    cached = cached_k(c, layer, shape)
    values = g.view(cached, (rank, *cached.ne[1:]), cached.nb)
    mask = g.reshape(chosen, *base.mask.ne)
    return linear(
        c, "attn_output", mha(c, layer, q, cached, values, mask, v_mla=c.weight(layer, "attn_v_b")), layer
    )


def _selected(c: Context, x: Node, low: Node, layer: int, full: Node) -> Node:
    """The mask of the chosen pools (build_kpool_select)."""
    hp, b, n, size = c.hp, c.batch, c.batch.tokens, pool_size(c)
    dim, heads = hp.integer("attention.indexer.key_length"), hp.integer("attention.indexer.head_count")
    cells, members, seen, tail, new = pools(c)
    q = g.reshape(linear(c, "indexer.attn_q_b", low, layer), dim, heads, n)
    k = norm(c, linear(c, "indexer.attn_k", x, layer), "indexer.k_norm", layer, rms=False)
    gate = linear(c, "indexer_compressor_gate", x, layer)
    packed = g.concat(g.concat(k, gate, 0), g.like("FILL", g.new(F32, dim, n)), 0)
    idx = Inputs(indices(c, "k_idxs.indexer"), None, full, None, None)
    store(c, layer, Heads(heads, 1, 3 * dim, 0), g.reshape(packed, 3 * dim, 1, n), None, idx, name="indexer")
    cache = c.cache(layer, "indexer", b.type_k, 3 * dim, b.cells, b.streams)
    every, row = b.cells * b.streams, (cache.nb[1],)
    ids = g.reshape(c.input("kpool.new_idxs", I32, size, new), size * new)
    rows = g.reshape(g.get_rows(g.view_nd(cache, (2 * dim, every), row), ids), 2 * dim, size, new)
    keys, gates = (g.view_nd(rows, (dim, size, new), rows.nb[1:3]) for _ in range(2))
    logits = g.cont(g.permute(g.add_matrix(gates, c.weight(layer, "indexer_compressor_ape")), 1, 0, 2, 3))
    weights = g.reshape(g.soft_max(g.reshape(logits, size, dim * new)), size, dim, new)
    keys = g.cont(g.permute(keys, 1, 0, 2, 3))
    pooled = g.reshape(g.sum_rows(g.mul(weights, keys)), dim, new)
    c.expand(g.set_rows(g.view_nd(cache, (dim, every), row), pooled, c.input("kpool.new_rep", I64, new)))
    pooled = g.get_rows(g.view_nd(cache, (dim, every), row), cells)
    count = pooled.ne[1]
    pooled = g.reshape(pooled, dim, 1, count)
    share = g.scale(linear(c, "indexer.proj", x, layer))
    scores = g.result("LIGHTNING_INDEXER", F32, (count, n, 1, 1), q, pooled, share, seen)
    best = min(count, hp.integer("attention.indexer.top_k") // size)
    top = g.top_k(scores, best)
    ranked = g.get_rows(g.reshape(scores, 1, count, n), top)
    order = g.result("ARGSORT", I32, (best, n, 1, 1), g.reshape(ranked, best, n))
    top = g.get_rows(g.reshape(g.cast(top, F32), 1, best, n), order)
    top = g.cast(g.cont(g.reshape(top, best, n)), I32)
    chosen = g.reshape(g.get_rows(members, g.reshape(top, best * n)), size * best, n)
    chosen = g.concat(chosen, tail, 0)
    c.expand(chosen)
    return _mask(c, chosen, full)


def _mask(c: Context, chosen: Node, full: Node) -> Node:
    """The mask without what was not chosen."""
    total, n, _, _ = chosen.ne
    cells = full.ne[0]
    mask = g.repeat(g.like("FILL", g.new(full.type, cells + total)), cells + total, n, 1, 1)
    zeros = g.repeat(g.like("FILL", g.new(full.type, total)), total, n, 1, 1)
    live = g.unary(g.reshape(c.input("kpool.gather_mask", F32, total, 1, 1, n), total, n))
    dump = g.result("ARANGE", F32, (total, 1, 1, 1))
    moved = g.add(g.mul(g.sub(g.cast(chosen, F32), dump), live), dump)
    opened = g.set_rows(
        g.reshape(mask, 1, cells + total, n),
        g.reshape(zeros, 1, total, n),
        g.reshape(g.cast(moved, I32), total, n, 1),
    )
    return g.add(g.view_nd(opened, (cells, n), (opened.nb[2],)), g.reshape(full, cells, n))
