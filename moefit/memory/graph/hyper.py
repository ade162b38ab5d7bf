"""Hyper-connections: several residual streams, mixed into one before each block and spread over all after it.

source: src/models/hy-v4.cpp
"""

from __future__ import annotations

from collections.abc import Callable

from moefit.memory.graph import operations as g
from moefit.memory.graph.blocks import embedding, lm_head, norm, output_ids, output_norm
from moefit.memory.graph.context import Context
from moefit.memory.graph.decoder import feed_forward
from moefit.memory.graph.nodes import F32, Node
from moefit.memory.graph.sparse import indexed_latent_attention
from moefit.memory.graph.steps import Steps
from moefit.model.architectures import Plain

_DECODER = Plain(route="routes.fused_clamp")


def _start(c: Context) -> Node:
    streams, n = c.hp.needed("hyper_connection.count"), c.batch.tokens
    cur = embedding(c)
    embd = cur.ne[0]
    return g.repeat(g.reshape(cur, embd, 1, n), embd, streams, n, 1)


def _layer(c: Context, residual: Node, layer: int, *_last: bool) -> Node:
    """Streams mixed by plain operations (build_hc_pre, build_hc_post, build_hc_head)."""
    for part, name in (("attn", "attn_norm"), ("ffn", "ffn_norm")):
        x, spread = _gathered(c, residual, layer, part)
        x = norm(c, x, name, layer)
        attends = part == "attn"
        x = (
            indexed_latent_attention(c, x, layer, _DECODER)
            if attends
            else feed_forward(c, x, layer, _DECODER)
        )
        residual = _scattered(x, residual, spread)
    return residual


def _finish(c: Context, cur: Node) -> None:
    finish(c, cur, _head)


HY_V4 = Steps(_start, _layer, _finish)


def finish(c: Context, cur: Node, head: Callable[[Context, Node], Node]) -> None:
    """The outputs' rows of all streams, made one state by `head`, and what stands behind the last layer."""
    embd, streams, n, _ = cur.ne
    cur = g.get_rows(g.reshape(cur, embd * streams, n), output_ids(c))
    lm_head(c, output_norm(c, head(c, g.reshape(cur, embd, streams, c.batch.outputs))))


def mixes_of(x: Node, matrix: Node) -> Node:
    """What all streams of a token say about how to mix them."""
    embd, streams, n, _ = x.ne
    return g.mul_mat(matrix, g.rms_norm(g.reshape(x, embd * streams, n)))


def pre(c: Context, layer: int, x: Node, weights: Node) -> Node:
    """One state of all streams (build_hc_pre): fused where its layer's device runs that."""
    embd, streams, n, _ = x.ne
    if layer >= 0 and "DSV4_HC_PRE" not in c.batch.unfused:
        return _noted(c, layer, g.result("DSV4_HC_PRE", F32, (embd, n, 1, 1), x, weights))
    total: Node | None = None
    for _ in range(streams):
        part = g.view_nd(x, (embd, n), (x.nb[2],))
        part = g.mul(part, g.view_nd(weights, (1, n), (weights.nb[1],)))
        total = part if total is None else g.add(total, part)
    assert total is not None
    return total


def comb(c: Context, layer: int, mixes: Node, scale: Node, base: Node, streams: int) -> Node:
    """How streams are combined: a matrix for each token, its rows and columns summing to one (build_hc_sinkhorn)."""
    n = mixes.ne[1]
    if "DSV4_HC_COMB" not in c.batch.unfused:
        return _noted(c, layer, g.result("DSV4_HC_COMB", F32, (streams, streams, n, 1), mixes, scale, base))
    cur = g.view_nd(mixes, (streams * streams, n), (mixes.nb[1],))
    cur = g.add(g.mul(cur, g.view_nd(scale, (1,))), g.view_nd(base, (streams * streams,)))
    little = g.like("FILL", g.new(F32, 1))
    cur = g.add(g.soft_max(g.reshape(cur, streams, streams, n)), little)

    def columns(x: Node) -> Node:
        sums = g.add(g.sum_rows(g.cont(g.permute(x, 1, 0, 2, 3))), little)
        return g.div(x, g.permute(sums, 1, 0, 2, 3))

    cur = columns(cur)
    for _ in range(c.hp.integer("hyper_connection.sinkhorn_iterations") - 1):
        cur = columns(g.div(cur, g.add(g.sum_rows(cur), little)))
    return cur


def post(c: Context, layer: int, x: Node, residual: Node, shares: Node, combined: Node) -> Node:
    """Every stream with its share of the block's result (build_hc_post)."""
    if "DSV4_HC_POST" not in c.batch.unfused:
        return _noted(c, layer, g.result("DSV4_HC_POST", F32, residual.ne, x, residual, shares, combined))
    embd, streams, n, _ = residual.ne
    joined: Node | None = None
    for _ in range(streams):
        cur = g.mul(x, g.view_nd(shares, (1, n), (shares.nb[1],)))
        for _ in range(streams):
            stream = g.view_nd(residual, (embd, n), (residual.nb[2],))
            cur = g.add(cur, g.mul(stream, g.view_nd(combined, (1, n), (combined.nb[2],))))
        cur = g.reshape(cur, embd, 1, n)
        joined = cur if joined is None else g.concat(joined, cur, 1)
    assert joined is not None
    return joined


def _noted(c: Context, layer: int, node: Node) -> Node:
    c.fused.append((layer, node))
    return node


def _gathered(c: Context, x: Node, layer: int, part: str) -> tuple[Node, Node]:
    """One state out of all streams, and how much of the block's result each stream will get."""
    _, streams, n, _ = x.ne
    mixes = mixes_of(x, c.weight(layer, f"hc_{part}_fn"))
    scale, base = c.weight(layer, f"hc_{part}_scale"), c.weight(layer, f"hc_{part}_base")

    def part_of() -> Node:
        cur = g.view_nd(mixes, (streams, n), (mixes.nb[1],))
        cur = g.mul(cur, g.view_nd(scale, (1,)))
        return g.scale(g.unary(g.add(cur, g.view_nd(base, (streams,)))))

    taken, given = part_of(), g.scale(part_of())
    return _reduced(x, taken), given


def _reduced(x: Node, weights: Node) -> Node:
    """The weighted sum of streams, one by one (hy_v4_hc_reduce)."""
    embd, streams, n, _ = x.ne
    wide = g.cast(x, F32)
    total: Node | None = None
    for _ in range(streams):
        part = g.view_nd(wide, (embd, n), (wide.nb[2],))
        part = g.mul(part, g.view_nd(weights, (1, n), (weights.nb[1],)))
        total = part if total is None else g.add(total, part)
    assert total is not None
    return g.cast(total, x.type)


def _scattered(x: Node, residual: Node, weights: Node) -> Node:
    """Every stream and its share of the block's result."""
    embd, streams, n, _ = residual.ne
    result, share, wide = g.cast(x, F32), g.cast(weights, F32), g.cast(residual, F32)
    joined: Node | None = None
    for _ in range(streams):
        stream = g.view_nd(wide, (embd, n), (wide.nb[2],))
        cur = g.add(stream, g.mul(result, g.view_nd(share, (1, n), (share.nb[1],))))
        cur = g.reshape(cur, embd, 1, n)
        joined = cur if joined is None else g.concat(joined, cur, 1)
    assert joined is not None
    return g.cast(joined, residual.type)


def _head(c: Context, x: Node) -> Node:
    """The state that the output matrix reads."""
    matrix, scale, base = (c.output_weight(f"output_hc_{name}.weight") for name in ("fn", "scale", "base"))
    return _reduced(x, g.scale(g.unary(g.add(g.mul(mixes_of(x, matrix), scale), base))))
