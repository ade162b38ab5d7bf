"""Sparse attention: an indexer chooses which cells each token attends to.

source: src/models/deepseek32.cpp, glm-dsa.cpp and src/llama-graph.cpp, build_attn(llm_graph_input_attn_k_dsa);
src/models/minimax-m3.cpp
"""

from __future__ import annotations

from typing import Final

from moefit.memory.graph import operations as g
from moefit.memory.graph.attention import mha, normed, qkv
from moefit.memory.graph.blocks import indices, linear, norm, positions
from moefit.memory.graph.context import Context
from moefit.memory.graph.decoder import self_attention
from moefit.memory.graph.heads import Heads, heads_of
from moefit.memory.graph.kv_cache import Inputs, cached_k, cached_v, hadamard, inputs, store
from moefit.memory.graph.latent import latent_query
from moefit.memory.graph.nodes import F16, F32, I32, Node
from moefit.model import MissingError
from moefit.model.architectures import Plain

RESERVED_POSITIONS: Final = 256
"""Positions of an empty cache, which MiniMax-M3's graph is reserved for (llama_kv_cache_msa_context::get_n_pos)."""


def indexed_latent_attention(c: Context, x: Node, layer: int, _what: Plain) -> Node:
    """Latent attention to the cells that the lightning indexer ranks highest; some layers reuse the choice."""
    hp = c.hp
    low = norm(c, linear(c, "attn_q_a", x, layer), "attn_q_a_norm", layer)
    if c.memory.indexer[layer] is not None:
        c.carried["top_k"] = _chosen_cells(c, x, low, layer, turned=not c.row.unturned_indexer)
    rank, rope, heads = (
        hp.integer("attention.kv_lora_rank"),
        hp.integer("rope.dimension_count"),
        hp.heads(layer),
    )
    query, k, values = latent_query(c, linear(c, "attn_q_b", low, layer), x, layer)
    shape = Heads(heads, 1, rank + rope, rank)
    inp = inputs(c, shape, v_cache=False)
    c.expand(query, values, k)
    store(c, layer, shape, k, None, inp)
    masked = _unmasked(inp.mask, c.carried["top_k"]) if _indexed(c, layer) else inp.mask
    cached = cached_k(c, layer, shape)
    cached_v = g.view(cached, (rank, *cached.ne[1:]), cached.nb)
    sinks = c.find(layer, "attn_sinks")
    cur = mha(c, layer, query, cached, cached_v, masked, sinks=sinks, v_mla=c.weight(layer, "attn_v_b"))
    if c.has(layer, "attn_gate"):
        cur = g.mul(cur, g.unary(linear(c, "attn_gate", x, layer)))
    return linear(c, "attn_output", cur, layer)


def _indexed(c: Context, layer: int) -> bool:
    """Whether the layer attends to what an indexer chose: its own, or that of a layer before it; without any, to everything.

    Raises:
        MissingError: only later layers have an indexer.
    """
    if not any(c.memory.indexer):
        return False
    if "top_k" not in c.carried:
        raise MissingError(f"blk.{layer}.indexer")
    return True


def indexed_or_windowed(c: Context, x: Node, layer: int, _what: Plain) -> Node:
    """Latent attention, in a window or to the cells that the indexer ranks highest, with a gate for each head (dots.note)."""
    hp, n, window = c.hp, c.batch.tokens, c.memory.windowed[layer]
    suffix = "_swa" if window else ""
    rank, rope, heads = (
        hp.integer(f"attention.kv_lora_rank{suffix}"),
        hp.integer("rope.dimension_count"),
        hp.heads(layer),
    )
    key, value = (
        hp.integer(f"attention.key_length_mla{suffix}"),
        hp.integer(f"attention.value_length_mla{suffix}"),
    )
    low = norm(c, linear(c, "attn_q_a", x, layer), "attn_q_a_norm", layer)
    top_k = None if window else _chosen_cells(c, x, low, layer)
    q = g.reshape(linear(c, "attn_q_b", low, layer), key, heads, n)
    both = linear(c, "attn_kv_a_mqa", x, layer)
    row = 4 * (rank + rope)
    latent, k_pe = g.view_nd(both, (rank, n), (row,)), g.view_nd(both, (rope, 1, n), (row, row))
    pos = positions(c)
    q_pe = g.rope(g.view_nd(q, (rope, heads, n), q.nb[1:3]), pos)
    k_pe = g.rope(norm(c, k_pe, "attn_k_norm", layer), pos)
    latent = g.reshape(norm(c, latent, "attn_kv_a_norm", layer), rank, 1, n)
    q_nope = g.view_nd(q, (key - rope, heads, n), q.nb[1:3])
    absorbed = g.mul_mat(c.weight(layer, "attn_k_b"), g.permute(q_nope, 0, 2, 1, 3))
    query = g.concat(g.permute(absorbed, 0, 2, 1, 3), q_pe, 0)
    shape = Heads(heads, 1, rank + rope, rank, window)
    inp = inputs(c, shape, v_cache=False)
    k = g.concat(latent, k_pe, 0)
    c.expand(query, latent, k)
    store(c, layer, shape, k, None, inp)
    seen = inp.mask if top_k is None else _unmasked(inp.mask, top_k)
    cached = cached_k(c, layer, shape)
    cached_v = g.view(cached, (rank, *cached.ne[1:]), cached.nb)
    cur = mha(c, layer, query, cached, cached_v, seen, v_mla=c.weight(layer, "attn_v_b"))
    gate = g.reshape(g.unary(linear(c, "attn_gate", x, layer)), 1, heads, n)
    cur = g.mul(g.reshape(cur, value, heads, n), gate)
    return linear(c, "attn_output", g.reshape(cur, value * heads, n), layer)


def _chosen_cells(c: Context, x: Node, low: Node, layer: int, *, turned: bool = True) -> Node:
    """The indexer: its own keys, one score for each cell, the best ones."""
    hp, b = c.hp, c.batch
    size, heads = hp.integer("attention.indexer.key_length"), hp.integer("attention.indexer.head_count")
    shape = Heads(heads, 1, size, 0)
    rotation = 64
    while size % (2 * rotation) == 0:
        rotation *= 2
    pos = positions(c)
    q = g.rope(g.reshape(linear(c, "indexer.attn_q_b", low, layer), size, heads, b.tokens), pos)
    k = norm(c, linear(c, "indexer.attn_k", x, layer), "indexer.k_norm", layer, rms=False)
    k = g.rope(g.reshape(k, size, 1, b.tokens), pos)
    if turned:
        turn = c.input(f"k_rot.indexer.{rotation}", F32, rotation, rotation)
        q, k = g.mul_mat(turn, q), g.mul_mat(turn, k)
    scores_mask = c.input("mask.indexer", F16, b.cells, b.tokens // b.streams, 1, b.streams)
    inp = Inputs(indices(c, "k_idxs.indexer"), None, scores_mask, None, None)
    store(c, layer, shape, k, None, inp, name="indexer")
    weights = linear(c, "indexer.proj", x, layer)
    keys = cached_k(c, layer, shape, name="indexer")
    per, streams = b.tokens // b.streams, b.streams
    q = g.view(q, (size, heads, per, streams), (q.nb[0], q.nb[1], q.nb[2], q.nb[3] // streams))
    nb = weights.nb
    weights = g.view(weights, (heads, per, 1, streams), (nb[0], nb[1], nb[2] // streams, nb[3] // streams))
    scores = g.result(
        "LIGHTNING_INDEXER", F32, (keys.ne[2], q.ne[2], 1, q.ne[3]), q, keys, g.scale(weights), scores_mask
    )
    return g.cont(g.top_k(scores, min(keys.ne[2], hp.integer("attention.indexer.top_k"))))


def _unmasked(full: Node, top_k: Node) -> Node:
    """The mask without the cells that were not chosen."""
    every = g.like("FILL", full)
    ne, nb = full.ne, every.nb
    rows = g.view(every, (1, ne[0], ne[1], ne[3]), (nb[0], nb[0], nb[1], nb[2]))
    tn, tb = top_k.ne, top_k.nb
    chosen = g.view(top_k, (tn[0], tn[1], tn[3], 1), (tb[0], tb[1], tb[2], tn[3] * tb[3]))
    zeros = g.like("FILL", g.new(F32, 1, chosen.ne[0], chosen.ne[1], chosen.ne[2]))
    opened = g.set_rows(rows, zeros, chosen)
    on, ob = opened.ne, opened.nb
    back = g.view(opened, (on[1], on[2], 1, on[3]), (ob[0], ob[2], ob[3], ob[3]))
    return g.add(back, full)


def block_sparse_attention(c: Context, x: Node, layer: int, what: Plain) -> Node:
    """Attention to the blocks of positions that an indexer head of each group ranks highest (MiniMax-M3)."""
    alone = c.batch.sequences == 1 or c.batch.streams > 1
    if c.memory.indexer[layer] is None or not c.batch.flash or not alone:
        return self_attention(c, x, layer, what)
    n = c.batch.tokens
    heads = heads_of(c, layer)
    size, groups = c.hp.integer("attention.indexer.key_length"), c.hp.integer("attention.indexer.head_count")
    q, k, v = qkv(c, x, layer, heads)
    pos = positions(c)
    q = g.rope(normed(c, q, "attn_q_norm", layer), pos)
    k = g.rope(normed(c, k, "attn_k_norm", layer), pos)
    iq = normed(c, g.reshape(linear(c, "indexer.q_proj", x, layer), size, groups, n), "indexer.q_norm", layer)
    ik = normed(c, g.reshape(linear(c, "indexer.k_proj", x, layer), size, 1, n), "indexer.k_norm", layer)
    iq, ik = g.rope(iq, pos), g.rope(ik, pos)
    shape = Heads(groups, 1, size, 0)
    base = inputs(c, heads)
    index = Inputs(indices(c, "k_idxs.indexer"), None, base.mask, None, None)
    store(c, layer, shape, ik, None, index, name="indexer")
    if base.k_rot is not None:
        q, k = hadamard(q, base.k_rot), hadamard(k, base.k_rot)
    if base.v_rot is not None:
        v = hadamard(v, base.v_rot)
    c.expand(q, k, v)
    store(c, layer, heads, k, v, base)
    keys = cached_k(c, layer, shape, name="indexer")
    parts = [_stream(c, layer, heads, (q, iq, keys), base.mask) for _ in range(c.batch.streams)]
    cur = parts[0]
    for part in parts[1:]:
        cur = g.concat(cur, part, 1)
    if base.v_rot is not None:
        cur = hadamard(cur, base.v_rot)
    return linear(c, "attn_output", cur, layer)


def _stream(c: Context, layer: int, heads: Heads, what: tuple[Node, Node, Node], full: Node) -> Node:
    """One sequence's tokens: score blocks, build a mask for each group, attend."""
    q, iq, keys = what
    b = c.batch
    per, cells = b.tokens // b.streams, b.cells
    masked = _block_mask(c, iq, keys, full)
    q_s = g.view_nd(q, (heads.k, heads.q, per), q.nb[1:3])
    k, v = cached_k(c, layer, heads), cached_v(c, layer, heads)
    k = g.permute(g.view_nd(k, (heads.k, heads.kv, cells, 1), k.nb[1:]), 0, 3, 1, 2)
    v = g.permute(g.view_nd(v, (heads.v, heads.kv, cells, 1), v.nb[1:]), 0, 3, 1, 2)
    query = g.permute(g.reshape(q_s, heads.k, heads.q // heads.kv, heads.kv, per), 0, 2, 3, 1)
    out = g.flash_attn_ext(query, k, v, masked)
    out = g.permute(out, 0, 1, 3, 2)
    if not out.contiguous:
        out = g.cont(out)
    return g.reshape(out, heads.k * heads.q, per)


def _block_mask(c: Context, iq: Node, keys: Node, full: Node) -> Node:
    """Which cells a token of the sequence sees, for each group: those of its best blocks."""
    b = c.batch
    per, cells = b.tokens // b.streams, b.cells
    block = c.hp.integer("attention.indexer.block_size", 128)
    blocks = -(-RESERVED_POSITIONS // block)
    bias = c.input("msa.bias", F32, blocks, b.tokens)
    scores = _block_scores(c, iq, keys, blocks, block)
    _, groups, _, _ = scores.ne
    cell_block = c.input("msa.cell_blk", I32, cells, b.streams)
    wide = c.derived("msa.mask_f32", lambda: g.cast(full, F32))
    bias_s = g.view_nd(bias, (blocks, 1, per), (bias.nb[1], bias.nb[1]))
    mf_s = g.view_nd(wide, (cells, per, 1), (wide.nb[1], wide.nb[3]))
    best = g.top_k(g.add(scores, bias_s), min(c.hp.integer("attention.indexer.top_k") or blocks, blocks))
    never = g.repeat(g.cast(g.scale(bias_s), F16), blocks, groups, per, 1)
    zero = g.scale(g.cast(best, F32))
    chosen = best.ne[0]
    opened = g.set_rows(
        g.reshape(never, 1, blocks, groups * per),
        g.reshape(zero, 1, chosen, groups * per),
        g.reshape(best, chosen, groups * per),
    )
    opened = g.cont(g.permute(g.reshape(opened, blocks, groups, per), 0, 2, 1, 3))
    opened = g.cont(g.transpose(g.reshape(opened, blocks, per * groups)))
    by_cell = g.cont(g.transpose(g.get_rows(opened, g.view_nd(cell_block, (cells,)))))
    masked = g.in_place("ADD", g.reshape(by_cell, cells, per, groups), mf_s)
    return g.cast(g.reshape(masked, cells, per, 1, groups), F16)


def _block_scores(c: Context, iq: Node, keys: Node, blocks: int, block: int) -> Node:
    """The best score of each block's cells, for each group and token."""
    b, size = c.batch, iq.ne[0]
    per, padded = b.tokens // b.streams, blocks * block
    groups = c.hp.integer("attention.indexer.head_count")
    pos_mask = c.input("msa.pos_mask", F32, padded, b.tokens)
    slots = c.input("msa.pos_slot_i", I32, padded, b.streams)
    iq_s = g.view_nd(iq, (size, groups, per), iq.nb[1:3])
    ik_s = g.view_nd(keys, (size, b.cells), (keys.nb[2],))
    pm_s = g.view_nd(pos_mask, (padded, 1, per), (pos_mask.nb[1], pos_mask.nb[1]))
    scores = g.mul_mat(g.get_rows(ik_s, g.view_nd(slots, (padded,))), g.reshape(iq_s, size, groups * per))
    scores = g.in_place("ADD", g.reshape(scores, padded, groups, per), pm_s)
    return g.result("POOL_2D", F32, (blocks, groups, per, 1), scores)
