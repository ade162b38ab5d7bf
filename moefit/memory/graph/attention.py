"""Attention over caches (src/llama-graph.cpp: build_qkv, build_attn, build_attn_mha)."""

from __future__ import annotations

from moefit.memory.graph import operations as g
from moefit.memory.graph.blocks import linear, norm
from moefit.memory.graph.context import Context
from moefit.memory.graph.heads import Heads
from moefit.memory.graph.kv_cache import cached_k, cached_v, hadamard, inputs, store
from moefit.memory.graph.nodes import F16, F32, Node


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
