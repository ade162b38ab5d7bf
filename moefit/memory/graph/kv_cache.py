"""Keys and values in a layer's cache: what a batch writes, and what attention sees (src/llama-kv-cache.cpp: get_k, cpy_k ...)."""

from __future__ import annotations

from moefit.gguf.quants import QuantType
from moefit.memory.graph import operations as g
from moefit.memory.graph.blocks import indices
from moefit.memory.graph.context import Context
from moefit.memory.graph.heads import Heads
from moefit.memory.graph.nodes import F16, F32, I64, Node
from moefit.values import dataclass


@dataclass(slots=True)
class Inputs:
    """What attention reads besides the layer: indices, masks and rotations, in the order llama.cpp makes them."""

    k_idxs: Node
    v_idxs: Node | None
    mask: Node
    k_rot: Node | None
    v_rot: Node | None


def cells(c: Context, *, window: bool) -> int:
    """Cells of the cache a layer uses, per stream."""
    return c.batch.window_cells if window else c.batch.cells


def mask(c: Context, name: str, n_kv: int) -> Node:
    """Attention mask: f16 for flash attention, else f32 (build_attn_inp_kq_mask)."""
    b = c.batch
    return c.input(name, F16 if b.flash else F32, n_kv, b.tokens // b.streams, 1, b.streams)


def _rotation(type_: QuantType, head: int, smallest: int, *, grow: bool) -> int:
    """Size of the Hadamard rotation of a quantised cache, 0 for none (llama_kv_cache::llama_kv_cache)."""
    if type_.block == 1 or head % 64 != 0:
        return 0
    size = smallest
    while grow and head % (2 * size) == 0:
        size *= 2
    return size


def inputs(c: Context, heads: Heads, *, v_cache: bool = True) -> Inputs:
    """The inputs of the cache that these heads use (build_attn_inp_kv, _k, _kv_iswa)."""
    suffix = ".swa" if heads.window else ""
    b = c.batch
    v_idxs = None
    if v_cache:
        width = c.memory.widest_value if b.transposed_v else 1
        v_idxs = c.input(f"v_idxs{suffix}", I64, b.tokens * width)
    k_rot = v_rot = None
    turns = v_cache and not (
        c.memory.window and any(c.memory.state)
    )  # build_inp_mem_hybrid_iswa makes no rotations
    n_k = _rotation(b.type_k, heads.k, 64, grow=True)
    n_v = _rotation(b.type_v, heads.v, 64, grow=False)
    if n_k and turns:
        k_rot = c.input(f"k_rot{suffix}.{n_k}", F32, n_k, n_k)
    if n_v and turns:
        v_rot = c.input(f"v_rot{suffix}.{n_v}", F32, n_v, n_v)
    return Inputs(
        indices(c, f"k_idxs{suffix}"),
        v_idxs,
        mask(c, f"mask{suffix}", cells(c, window=heads.window)),
        k_rot,
        v_rot,
    )


def hadamard(x: Node, rotation: Node) -> Node:
    """Rotate in blocks (src/llama-impl.h, llama_mul_mat_hadamard)."""
    n = rotation.ne[0]
    ne = x.ne
    flat = g.reshape(x, n, x.elements // n) if x.contiguous else g.cont(x, n, x.elements // n)
    return g.reshape(g.mul_mat(rotation, flat), *ne)


def store(
    c: Context, layer: int, heads: Heads, k: Node, v: Node | None, inp: Inputs, *, name: str = "k"
) -> None:
    """Write this batch's keys and values into the caches (cpy_k, cpy_v)."""
    b = c.batch
    n, n_cells = b.tokens, cells(c, window=heads.window)
    wide_k = k.ne[0] * k.ne[1]
    cache = c.cache(layer, name, b.type_k, wide_k, n_cells, b.streams)
    rows = g.view_nd(k, (wide_k, n), (k.nb[2],))
    if b.streams > 1:
        cache = g.reshape(cache, wide_k, n_cells * b.streams)
    c.expand(g.set_rows(cache, rows, inp.k_idxs))
    if v is None or inp.v_idxs is None:
        return
    wide_v = v.ne[0] * v.ne[1]
    stored = _v_row(c, wide_v)
    cache = c.cache(layer, "v", b.type_v, stored, n_cells, b.streams)
    if not b.transposed_v:
        rows = g.view_nd(v, (wide_v, n), (v.nb[2],))
        if b.streams > 1:
            cache = g.reshape(cache, wide_v, n_cells * b.streams)
    else:
        rows = g.reshape(v, wide_v, n) if v.nb[2] == 4 * wide_v else g.cont(v, wide_v, n)
        if stored > wide_v:
            rows = g.pad(rows, stored - wide_v)
        cache = g.reshape(cache, 1, cache.elements)
        rows = g.reshape(rows, 1, rows.elements)
    c.expand(g.set_rows(cache, rows, inp.v_idxs))


def _v_row(c: Context, wide: int) -> int:
    """Values in a row of the V cache: the widest layer's when it is kept transposed."""
    return c.memory.widest_value if c.batch.transposed_v else wide


def cached_k(c: Context, layer: int, heads: Heads, *, name: str = "k") -> Node:
    """The whole key cache as heads (get_k)."""
    b = c.batch
    n_cells, wide = cells(c, window=heads.window), heads.k * heads.kv
    cache = c.cache(layer, name, b.type_k, wide, n_cells, b.streams)
    row = b.type_k.row_bytes
    return g.view_nd(
        cache, (heads.k, heads.kv, n_cells, b.streams), (row(heads.k), row(wide), row(wide * n_cells))
    )


def cached_v(c: Context, layer: int, heads: Heads) -> Node:
    """The whole value cache as heads, transposed if it was stored so (get_v)."""
    b = c.batch
    n_cells, wide = cells(c, window=heads.window), _v_row(c, heads.v * heads.kv)
    cache = c.cache(layer, "v", b.type_v, wide, n_cells, b.streams)
    row = b.type_v.row_bytes
    if b.transposed_v:
        ne = (n_cells, heads.kv, heads.v, b.streams)
        return g.view_nd(cache, ne, (row(n_cells * heads.v), row(n_cells), row(n_cells * wide)))
    return g.view_nd(
        cache, (heads.v, heads.kv, n_cells, b.streams), (row(heads.v), row(wide), row(wide * n_cells))
    )
