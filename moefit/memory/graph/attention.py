"""Attention over caches (src/llama-graph.cpp: build_qkv, build_attn, build_attn_mha; src/llama-kv-cache.cpp: get_k, cpy_k ...)."""

from __future__ import annotations

from moefit.gguf.quants import QuantType
from moefit.memory.graph import operations as g
from moefit.memory.graph.blocks import indices, linear, norm
from moefit.memory.graph.context import Context
from moefit.memory.graph.nodes import F16, F32, I64, Node
from moefit.model import MissingError
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Heads:
    """Shape of one layer's attention."""

    q: int
    """Query heads."""
    kv: int
    """Heads in the cache."""
    k: int
    """Values of a query or key head."""
    v: int
    """Values of a value head."""
    window: bool = False
    """Uses the sliding-window cache."""


@dataclass(slots=True)
class Inputs:
    """What attention reads besides the layer: indices, masks and rotations, in the order llama.cpp makes them."""

    k_idxs: Node
    v_idxs: Node | None
    mask: Node
    k_rot: Node | None
    v_rot: Node | None


def heads_of(c: Context, layer: int) -> Heads:
    """The layer's heads by its hyper-parameters; with a window where the layer has one.

    Raises:
        MissingError: it has none, and attends all the same.
    """
    hp = c.hp
    if not hp.heads(layer) or not hp.kv_heads(layer):
        raise MissingError("attention.head_count")
    window = c.memory.windowed[layer]
    return Heads(
        hp.heads(layer),
        hp.kv_heads(layer),
        hp.head_k(window=window),
        hp.head_v(window=window),
        window,
    )


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


def qkv(
    c: Context, x: Node, layer: int, heads: Heads, *, flat: bool = False, query_width: int = 1
) -> tuple[Node, Node, Node]:
    """Queries, keys and values, from one fused matrix or three (build_qkv).

    `flat` leaves them two-dimensional; `query_width` is how many heads' values a query head has.
    """
    n = c.batch.tokens
    clamps = bool(c.hp.real("attention.clamp_kqv")) and not flat
    sizes = ((heads.k * query_width, heads.q), (heads.k, heads.kv), (heads.v, heads.kv))
    if c.has(layer, "attn_qkv"):
        fused = linear(c, "attn_qkv", x, layer)
        if clamps:
            fused = g.clamp(fused)
        nb1 = fused.nb[1]
        if flat:
            a, b, d = (g.cont(g.view_nd(fused, (size * count, n), (nb1,))) for size, count in sizes)
        else:
            a, b, d = (g.view_nd(fused, (size, count, n), (4 * size, nb1)) for size, count in sizes)
        return a, b, d
    parts = []
    for name, (size, count) in zip(("attn_q", "attn_k", "attn_v"), sizes, strict=True):
        part = linear(c, name, x, layer)
        if clamps:
            part = g.clamp(part)
        parts.append(part if flat else g.reshape(part, size, count, n))
    return parts[0], parts[1], parts[2]


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


def mha(
    c: Context, layer: int, q: Node, k: Node, v: Node, mask_: Node, *, sinks: Node | None = None, v_mla: Node | None = None, bias: Node | None = None,
) -> Node:  # fmt: skip
    """Attention proper (build_attn_mha); with a bias, never in one operation."""
    v_trans = v.nb[1] > v.nb[2]
    streams = k.ne[3]
    per = q.ne[2] // streams
    q = g.view(q, (q.ne[0], q.ne[1], per, streams), (q.nb[0], q.nb[1], q.nb[2], q.nb[2] * per))
    q, k, v = (g.permute(t, 0, 2, 1, 3) for t in (q, k, v))
    if c.batch.flash and bias is None:
        cur = _in_one(c, layer, q, k, g.transpose(v) if v_trans else v, mask_, sinks, v_mla)
    else:
        kq = g.mul_mat(k, q)
        if c.hp.real("attn_logit_softcapping"):
            kq = g.scale(g.unary(g.scale(kq)))
        if bias is not None:
            kq = g.add(kq, bias)
        kq = g.soft_max(kq, mask_, sinks)
        cur = _weighted(c, kq, v if v_trans else g.cont(g.transpose(v)), v_mla)
    c.expand(cur)
    return cur


def _in_one(
    c: Context, layer: int, q: Node, k: Node, v: Node, mask_: Node, sinks: Node | None, v_mla: Node | None
) -> Node:
    """Flash attention, noted with its layer."""
    k, v = (g.cast(t, F16) if t.type is F32 else t for t in (k, v))
    cur = g.flash_attn_ext(q, k, v, mask_, sinks)
    c.attention.append((layer, cur))
    if v_mla is not None:
        cur = g.mul_mat(v_mla, g.permute(cur, 0, 2, 1, 3))
        cur = g.cont(g.permute(cur, 0, 2, 1, 3))
    return g.reshape(cur, cur.ne[0] * cur.ne[1], cur.ne[2] * cur.ne[3])


def _weighted(c: Context, kq: Node, v: Node, v_mla: Node | None) -> Node:
    """The values by their weights; without caches on devices it is done on the CPU."""
    out = g.mul_mat(v, kq)
    if v_mla is not None:
        out = g.mul_mat(v_mla, out)
    cur = g.permute(out, 0, 2, 1, 3)
    cur = g.cont(cur, cur.ne[0] * cur.ne[1], cur.ne[2] * cur.ne[3])
    if not c.batch.kv_offload:
        c.pin_to_host(cur)
    return cur


def attend(
    c: Context, layer: int, heads: Heads, q: Node, k: Node | None, v: Node | None, *, out: str | None = "attn_output",
    source: int | None = None, bias: Node | None = None,
) -> Node:  # fmt: skip
    """Store, attend and project (build_attn with a cache of keys and values).

    Without keys the layer reads the cache of layer `source` and writes nothing.
    """
    inp = inputs(c, heads)
    if inp.k_rot is not None:
        q = hadamard(q, inp.k_rot)
        k = None if k is None else hadamard(k, inp.k_rot)
    if inp.v_rot is not None and v is not None:
        v = hadamard(v, inp.v_rot)
    c.expand(q)
    second, third = (k, v) if windowed(c) else (v, k)
    for part in (second, third):
        if part is not None:
            c.expand(part)
    if k is not None:
        store(c, layer, heads, k, v, inp)
    at = layer if source is None else source
    cur = mha(
        c,
        layer,
        q,
        cached_k(c, at, heads),
        cached_v(c, at, heads),
        inp.mask,
        sinks=c.find(layer, "attn_sinks"),
        bias=bias,
    )
    if inp.v_rot is not None:
        cur = hadamard(cur, inp.v_rot)
    return cur if out is None else linear(c, out, cur, layer)


def windowed(c: Context) -> bool:
    """Whether the context has a sliding-window cache beside the full one (llama_kv_cache_iswa)."""
    return c.memory.window > 0


def attend_latent(
    c: Context, layer: int, heads: Heads, q: Node, k: Node, v: Node, v_mla: Node | None
) -> Node:
    """Attention over a cache of keys alone, whose first values are the values (build_attn_inp_k: MLA)."""
    inp = inputs(c, heads, v_cache=False)
    c.expand(q, v, k)
    store(c, layer, heads, k, None, inp)
    cached = cached_k(c, layer, heads)
    values = g.view(cached, (v.ne[0], *cached.ne[1:]), cached.nb)
    return mha(c, layer, q, cached, values, inp.mask, v_mla=v_mla)


def normed(c: Context, x: Node, name: str, layer: int, *, rms: bool = True) -> Node:
    """A norm where the layer has its weight, else the tensor itself."""
    return norm(c, x, name, layer, rms=rms) if c.has(layer, name) else x
