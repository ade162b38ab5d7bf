"""Qwen4 (experimental): gated hyper-connections, and attention to pools of positions (src/models/qwen4exp.cpp)."""

from __future__ import annotations

from collections.abc import Sequence

from moefit.memory.buffers import pad
from moefit.memory.graph import operations as g
from moefit.memory.graph.attention import mha, normed
from moefit.memory.graph.blocks import embedding, indices, linear, lm_head, norm, output_ids, positions
from moefit.memory.graph.context import Context
from moefit.memory.graph.decoder import feed_forward, gated_attention
from moefit.memory.graph.delta_net import delta_net
from moefit.memory.graph.heads import Heads, heads_of
from moefit.memory.graph.kv_cache import Inputs, cached_k, cached_v, hadamard, inputs, store
from moefit.memory.graph.nodes import F16, F32, I32, I64, Node
from moefit.model import MissingError
from moefit.model.architectures import Plain

_DECODER = Plain(route="routes.softmax_normalised")


def build(c: Context, layers: Sequence[int]) -> None:
    """A whole graph, of these layers only. Per-layer embeddings (ple) are not described."""
    streams, n = c.hp.needed("hyper_connection.count"), c.batch.tokens
    cur = embedding(c)
    embd = cur.ne[0]
    if any(c.memory.indexer):
        pools(c)
    cur = g.repeat(g.reshape(cur, embd, 1, n), embd, streams, n, 1)
    c.expand(cur)
    for layer in layers:
        x, inject = _mixed(c, cur, layer, "attn")
        c.expand(x)
        if c.memory.state[layer] is not None:
            x = delta_net(c, x, layer, repeats=False, packed=True)
        else:
            x = _attention(c, x, layer)
        if layer == layers[-1]:
            rows = output_ids(c)
            x, inject = g.get_rows(x, rows), g.get_rows(inject, rows)
            cur = g.get_rows(g.reshape(cur, embd * streams, n), rows)
            cur = g.reshape(cur, embd, streams, cur.ne[1])
        cur = _combined(c, layer, cur, x, inject)
        x, inject = _mixed(c, cur, layer, "ffn")
        cur = _combined(c, layer, cur, feed_forward(c, x, layer, _DECODER), inject)
        c.pin(cur, layer)
    lm_head(c, _head(c, cur))


def _low_rank(x: Node, weight: Node, down: Node, up: Node) -> tuple[Node, Node]:
    """The normed streams, and a gate for every value of them."""
    embd, streams, n, _ = x.ne
    wide = g.reshape(g.mul(g.rms_norm(x), weight), embd * streams, n)
    return wide, g.mul_mat(up, g.unary(g.scale(g.mul_mat(down, wide))))


def _mixed(c: Context, x: Node, layer: int, part: str) -> tuple[Node, Node]:
    """One state of all streams, and how much each gets of the block's result (build_hc_mix)."""
    embd, streams, n, _ = x.ne
    weight, down, up = (c.weight(layer, f"hc_{part}_{name}") for name in ("norm", "down", "up"))
    wide, gate = _low_rank(x, weight, down, up)
    shapes = [g.reshape(t, embd, streams, n) for t in (wide, gate)]
    if "DSV4_HC_PRE" in c.batch.unfused:
        mixed = _plainly(wide, gate, streams)
    else:
        mixed = g.result("DSV4_HC_PRE", F32, (embd, n, 1, 1), *shapes)
        c.fused.append((layer, mixed))
    return mixed, linear(c, f"hc_{part}_inject", wide, layer)


def _combined(c: Context, layer: int, residual: Node, x: Node, inject: Node) -> Node:
    """Every stream with its share of the block's result (build_hc_combine)."""
    weights = g.scale(g.unary(g.scale(inject)))
    embd, streams, n, _ = residual.ne
    if "DSV4_HC_POST" not in c.batch.unfused:
        out = g.result("DSV4_HC_POST", F32, residual.ne, x, residual, weights)
        c.fused.append((layer, out))
        return out
    shares = g.reshape(weights, 1, streams, n)
    wide = g.repeat(g.reshape(x, embd, 1, n), embd, streams, n, 1)
    return g.add(residual, g.mul(wide, shares))


def _head(c: Context, x: Node) -> Node:
    """The same without the fused operation."""
    streams = x.ne[1]
    weight, down, up = (c.output_weight(f"output_hc_{name}.weight") for name in ("norm", "down", "up"))
    wide, gate = _low_rank(x, weight, down, up)
    return _plainly(wide, gate, streams)


def _plainly(wide: Node, gate: Node, streams: int) -> Node:
    """The mean of the gated streams."""
    embd, n = wide.ne[0] // streams, wide.ne[1]
    gated = g.reshape(g.mul(wide, g.unary(gate)), embd, streams, n)
    total = g.cont(g.view_nd(gated, (embd, n), (4 * embd * streams,)))
    for _ in range(streams - 1):
        total = g.add(total, g.view_nd(gated, (embd, n), (4 * embd * streams,)))
    return g.scale(total)


def pools(c: Context) -> tuple[Node, Node, Node, Node, int]:
    """Cells of pools, their members, which pools and which last positions a token sees; how many pools are new."""
    n, size = c.batch.tokens, pool_size(c)
    new = c.batch.cells // size * c.batch.sequences
    count = max(64, pad(new + 1, 64))
    cells = c.input("kpool.cells", I32, count)
    members = c.input("kpool.idxs", I32, size, count)
    seen = c.input("kpool.mask", F16, count, n)
    tail = c.input("kpool.tail", I32, size - 1, n)
    c.expand(cells, members, seen, tail)
    return cells, members, seen, tail, new


def pool_size(c: Context) -> int:
    """Positions of a pool."""
    size = c.hp.integer("attention.indexer.kpool") or max(
        c.hp.integer("attention.compress_ratios", 0, i) for i in range(c.hp.blocks)
    )
    if size < 2 or c.hp.integer("attention.indexer.top_k") % size:
        raise MissingError("a pool that divides attention.indexer.top_k")
    return size


def _attention(c: Context, x: Node, layer: int) -> Node:
    """Gated attention, to the pools that an indexer ranks highest where the layer has one (build_layer_attn)."""
    if c.memory.indexer[layer] is None or not c.hp.integer("attention.compress_ratios", 0, layer):
        return gated_attention(c, x, layer, _DECODER)
    n, heads = c.batch.tokens, heads_of(c, layer)
    base = inputs(c, heads)
    chosen = _selected(c, x, layer, base.mask)
    both = linear(c, "attn_q", x, layer)
    wide = 8 * heads.k
    pos = positions(c)
    q = normed(c, g.view_nd(both, (heads.k, heads.q, n), (wide, wide * heads.q)), "attn_q_norm", layer)
    k, v = linear(c, "attn_k", x, layer), linear(c, "attn_v", x, layer)
    k = normed(c, g.reshape(k, heads.k, heads.kv, n), "attn_k_norm", layer)
    gate = g.cont(g.view_nd(both, (heads.k, heads.q, n), (wide, wide * heads.q)), heads.k * heads.q, n)
    v = g.reshape(v, heads.v, heads.kv, n)
    q, k = g.rope(q, pos), g.rope(k, pos)
    if base.k_rot is not None:
        q, k = hadamard(q, base.k_rot), hadamard(k, base.k_rot)
    if base.v_rot is not None:
        v = hadamard(v, base.v_rot)
    c.expand(q, v, k)
    store(c, layer, heads, k, v, base)
    mask = g.reshape(chosen, *base.mask.ne)
    cur = mha(c, layer, q, cached_k(c, layer, heads), cached_v(c, layer, heads), mask)
    if base.v_rot is not None:
        cur = hadamard(cur, base.v_rot)
    return linear(c, "attn_output", g.mul(cur, g.unary(gate)), layer)


def _selected(c: Context, x: Node, layer: int, full: Node) -> Node:
    """The mask of the chosen pools (build_qsa_sel)."""
    n, size = c.batch.tokens, pool_size(c)
    cells, members, seen, tail, new = pools(c)
    scores = _scores(c, x, layer, _pooled_keys(c, x, layer, full, cells, new), seen)
    count = scores.ne[0]
    best = min(count, c.hp.integer("attention.indexer.top_k") // size)
    top = g.top_k(scores, best)
    ids = g.reshape(g.get_rows(members, g.reshape(top, best * n)), size * best, n)
    ids = g.concat(ids, tail, 0)
    c.expand(ids)
    live = g.clamp(g.scale(g.get_rows(g.reshape(scores, 1, count, n), top)))
    live = g.reshape(g.repeat(live, size, best, n, 1), size * best, n)
    live = g.concat(live, g.clamp(g.scale(g.cast(tail, F32))), 0)
    return _opened(full, ids, live)


def _pooled_keys(c: Context, x: Node, layer: int, full: Node, cells: Node, new: int) -> Node:
    """The indexer's keys: those of the batch stored, the pools that it completes averaged, and all pools read."""
    n, size, dim = c.batch.tokens, pool_size(c), c.hp.integer("attention.indexer.key_length")
    raw = linear(c, "indexer.k_proj", x, layer)
    zero = g.like("FILL", g.new(F32, dim, n))
    packed = g.reshape(g.concat(raw, zero, 0), 2 * dim, 1, n)
    shape = Heads(c.hp.integer("attention.indexer.head_count"), 1, 2 * dim, 0)
    inp = Inputs(indices(c, "k_idxs.indexer"), None, full, None, None)
    store(c, layer, shape, packed, None, inp, name="indexer")
    cache = c.cache(layer, "indexer", c.batch.type_k, 2 * dim, c.batch.cells, c.batch.streams)
    every = c.batch.cells * c.batch.streams
    rows = g.get_rows(
        g.view_nd(cache, (dim, every), (cache.nb[1],)),
        g.reshape(c.input("kpool.new_idxs", I32, size, new), size * new),
    )
    rows = g.reshape(rows, dim, size, new)
    pooled = g.cont(g.view_nd(rows, (dim, new), (rows.nb[2],)))
    for _ in range(size - 1):
        pooled = g.add(pooled, g.view_nd(rows, (dim, new), (rows.nb[2],)))
    pooled = g.reshape(norm(c, g.scale(pooled), "indexer.k_norm", layer), dim, 1, new)
    pooled = g.reshape(g.rope(pooled, c.input("kpool.new_pos", I32, 4 * new)), dim, new)
    places = c.input("kpool.new_rep", I64, new)
    c.expand(g.set_rows(g.view_nd(cache, (dim, every), (cache.nb[1],)), pooled, places))
    keys = g.get_rows(g.view_nd(cache, (dim, every), (cache.nb[1],)), cells)
    return g.reshape(keys, dim, 1, keys.ne[1])


def _scores(c: Context, x: Node, layer: int, keys: Node, seen: Node) -> Node:
    """How well each pool meets each token."""
    n, (dim, _, count, _) = c.batch.tokens, keys.ne
    heads = c.hp.integer("attention.indexer.head_count")
    q = norm(c, g.reshape(linear(c, "indexer.q_proj", x, layer), dim, heads, n), "indexer.q_norm", layer)
    q = g.rope(q, positions(c))
    weights = g.like("FILL", g.new(F32, heads, n))
    return g.result("LIGHTNING_INDEXER", F32, (count, n, 1, 1), q, keys, weights, seen)


def _opened(full: Node, ids: Node, live: Node) -> Node:
    """A mask that lets through the cells of `ids` that are `live`, of those that `full` lets through."""
    total, n = ids.ne[:2]
    n_kv = full.ne[0]
    mask = g.like("FILL", g.new(full.type, n_kv + total))
    mask = g.reshape(g.repeat(mask, n_kv + total, n, 1, 1), 1, n_kv + total, n)
    zeros = g.like("FILL", g.new(full.type, total))
    zeros = g.reshape(g.repeat(zeros, total, n, 1, 1), 1, total, n)
    dump = g.scale(g.like("CUMSUM", g.like("FILL", live)))
    moved = g.add(g.mul(g.sub(g.cast(ids, F32), dump), live), dump)
    opened = g.set_rows(mask, zeros, g.reshape(g.cast(moved, I32), total, n, 1))
    row, fn = opened.nb[2], full.ne
    return g.add(
        g.view(opened, (n_kv, fn[1], fn[2], fn[3]), (opened.nb[0], row, row * fn[1], row * fn[1] * fn[2])),
        full,
    )
