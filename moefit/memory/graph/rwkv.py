"""RWKV: a mix along time with a state for each head, and a mix of channels, both reading the token before.

source: src/models/rwkv6-base.cpp, rwkv7-base.cpp, rwkv6.cpp, rwkv7.cpp; src/llama-graph.cpp, build_rwkv_token_shift_*
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from moefit.memory.graph import operations as g
from moefit.memory.graph.blocks import embedding, embedding_norm, linear, norm, output_ids
from moefit.memory.graph.context import Context
from moefit.memory.graph.decoder import finish
from moefit.memory.graph.nodes import F32, Node
from moefit.memory.graph.recurrent import state
from moefit.model.architectures import Plain

LAYER_NORM = Plain(rms=False)
TimeMix = Callable[[Context, Node, Node, int], Node]
ChannelMix = Callable[[Context, Node, Node, int], Node]
MIXED = 5
"""Parts that RWKV-6 mixes each on its own: decay, key, value, receptance, gate."""


def rwkv6(c: Context, layers: Sequence[int]) -> None:
    """RWKV-6."""
    _build(c, layers, time_mix_6, _channel_mix_6)


def rwkv7(c: Context, layers: Sequence[int]) -> None:
    """RWKV-7."""
    _build(c, layers, time_mix_7, _channel_mix_7)


def _build(c: Context, layers: Sequence[int], time_mix: TimeMix, channel_mix: ChannelMix) -> None:
    every = c.hp.integer("rescale_every_n_layers")
    cur = embedding_norm(c, embedding(c))
    for layer in layers:
        cur = _layer(c, cur, layer, (time_mix, channel_mix), last=layer == layers[-1])
        if every and (layer + 1) % every == 0:
            cur = g.scale(cur)
    finish(c, cur, LAYER_NORM)


def _layer(c: Context, x: Node, layer: int, mixes: tuple[TimeMix, ChannelMix], *, last: bool) -> Node:
    time_mix, channel_mix = mixes
    embd, tokens, sequences = c.hp.embd(), c.batch.sequence_tokens, c.batch.sequences
    shifts, size = c.hp.needed("token_shift_count"), c.hp.needed("token_shift_count") * embd
    x = g.reshape(x, embd, tokens, sequences)
    cache = c.cache(layer, "r", F32, size, sequences)
    before = g.reshape(state(c, cache, size), embd, shifts, sequences)
    attention, feed = (g.view_nd(before, (embd, 1, sequences), before.nb[1:3]) for _ in range(2))
    normed = norm(c, x, "attn_norm", layer, rms=False)
    cur = time_mix(c, normed, shifted(c, attention, normed), layer)
    inner = g.add(cur, x)
    fed = norm(c, inner, "attn_norm_2", layer, rms=False)
    previous = shifted(c, feed, fed)
    kept = g.concat(last_token(c, normed), last_token(c, fed), 1)
    flat = embd * sequences * shifts
    c.expand(g.cpy(g.view_nd(kept, (flat,)), g.view_nd(cache, (flat,))))
    inner, fed, previous = (g.reshape(t, embd, c.batch.tokens) for t in (inner, fed, previous))
    if last:
        inner, fed, previous = (g.get_rows(t, output_ids(c)) for t in (inner, fed, previous))
    return g.add(channel_mix(c, fed, previous, layer), inner)


def shifted(c: Context, first: Node, x: Node) -> Node:
    """Each token's predecessor: the kept one, then all but the last."""
    rest = g.view_nd(x, (x.ne[0], c.batch.sequence_tokens - 1, c.batch.sequences), x.nb[1:3])
    return g.concat(first, rest, 1)


def last_token(c: Context, x: Node) -> Node:
    """The last one of each sequence."""
    return g.view_nd(x, (x.ne[0], 1, c.batch.sequences), x.nb[1:3])


def _lerp(c: Context, delta: Node, x: Node, name: str, layer: int) -> Node:
    """Between the token and the one before."""
    return g.add(g.mul(delta, c.weight(layer, name)), x)


def _channel_mix_6(c: Context, x: Node, previous: Node, layer: int) -> Node:
    delta = g.sub(previous, x)
    key = _lerp(c, delta, x, "channel_mix_lerp_k", layer)
    gate = _lerp(c, delta, x, "channel_mix_lerp_r", layer)
    gate = g.unary(linear(c, "channel_mix_receptance", gate, layer))
    key = g.like("SQR", g.unary(linear(c, "channel_mix_key", key, layer)))
    return g.mul(gate, linear(c, "channel_mix_value", key, layer))


def _channel_mix_7(c: Context, x: Node, previous: Node, layer: int) -> Node:
    key = _lerp(c, g.sub(previous, x), x, "channel_mix_lerp_k", layer)
    key = g.like("SQR", g.unary(linear(c, "channel_mix_key", key, layer)))
    return linear(c, "channel_mix_value", key, layer)


def _heads(c: Context, *parts: Node) -> tuple[Node, ...]:
    size = c.hp.needed("wkv.head_size")
    return tuple(g.reshape(part, size, c.hp.embd() // size, c.batch.tokens) for part in parts)


def _recurred(c: Context, op: str, layer: int, *parts: Node) -> Node:
    """The state's operation over a batch, its new state written back (build_rs)."""
    embd, head, n, sequences = c.hp.embd(), c.hp.needed("wkv.head_size"), c.batch.tokens, c.batch.sequences
    size = embd * head
    states = c.cache(layer, "s", F32, size, sequences)
    out = g.result(op, F32, (embd, n + head * sequences, 1, 1), *parts, state(c, states, size))
    cur = g.view_nd(out, (embd * n,))
    after = g.view_nd(out, (size * sequences,))
    c.expand(g.cpy(after, g.view_nd(states, (size * sequences,))))
    return cur


def _group_normed(c: Context, cur: Node, layer: int) -> Node:
    """A norm for each head, with one weight for all values."""
    head, n = c.hp.needed("wkv.head_size"), c.batch.tokens
    cur = g.norm(g.reshape(cur, head, c.hp.embd() // head, n))
    cur = g.mul(g.reshape(cur, c.hp.embd(), n), c.weight(layer, "time_mix_ln"))
    return g.add(cur, c.weight(layer, "time_mix_ln.bias"))


def _projected(c: Context, cur: Node, layer: int) -> Node:
    out = linear(c, "time_mix_output", cur, layer)
    return g.reshape(out, c.hp.embd(), c.batch.sequence_tokens, c.batch.sequences)


def _parts_6(c: Context, x: Node, delta: Node, layer: int) -> list[Node]:
    """The five mixes of token and predecessor, each by a low-rank matrix of its own."""
    embd, n = c.hp.embd(), c.batch.tokens
    mixed = _lerp(c, delta, x, "time_mix_lerp_x", layer)
    narrow, wide = c.weight(layer, "time_mix_w1"), c.weight(layer, "time_mix_w2")
    mixed = g.reshape(g.unary(g.mul_mat(narrow, mixed)), narrow.ne[1] // MIXED, 1, MIXED, n)
    mixed = g.cont(g.permute(mixed, 0, 1, 3, 2))
    mixed = g.mul_mat(g.reshape(wide, wide.ne[0], wide.ne[1], 1, MIXED), mixed)
    fused = c.find(layer, "time_mix_lerp_fused")
    if fused is not None:
        delta, x = g.reshape(delta, embd, 1, n), g.reshape(x, embd, 1, n)
        mixed = g.add(g.mul(g.add(mixed, fused), delta), x)
        return [g.view_nd(mixed, (embd, n), (mixed.nb[1],)) for _ in range(MIXED)]
    parts = [g.view_nd(mixed, (embd, n), (mixed.nb[1],)) for _ in range(MIXED)]
    return [
        g.add(g.mul(g.add(part, c.weight(layer, f"time_mix_lerp_{name}")), delta), x)
        for part, name in zip(parts, "wkvrg", strict=True)
    ]


def time_mix_6(c: Context, x: Node, previous: Node, layer: int) -> Node:
    """RWKV-6's; without the bonus of the current token (time_mix_first) it is gated linear attention (build_rwkv6_time_mix)."""
    embd, n = c.hp.embd(), c.batch.tokens
    delta, x = (g.reshape(t, embd, n) for t in (g.sub(previous, x), x))
    xw, xk, xv, xr, xg = _parts_6(c, x, delta, layer)
    r, k, v = (
        linear(c, f"time_mix_{name}", part, layer)
        for name, part in (("receptance", xr), ("key", xk), ("value", xv))
    )
    gate = g.unary(linear(c, "time_mix_gate", xg, layer))
    k, v, r = _heads(c, _of_every_head(c, k, layer), _of_every_head(c, v, layer), r)
    decay = g.unary(g.mul_mat(c.weight(layer, "time_mix_decay_w1"), xw))
    decay = g.add(g.mul_mat(c.weight(layer, "time_mix_decay_w2"), decay), c.weight(layer, "time_mix_decay"))
    (w,) = _heads(c, g.unary(g.unary(g.unary(decay))))
    first = c.find(layer, "time_mix_first")
    if first is None:
        cur = _recurred(c, "GATED_LINEAR_ATTN", layer, g.sub(k, g.mul(k, w)), v, r, w)
        cur = g.reshape(cur, embd, n)
    else:
        cur = _group_normed(c, _recurred(c, "RWKV_WKV6", layer, k, v, r, first, w), layer)
    return _projected(c, g.mul(cur, gate), layer)


def _of_every_head(c: Context, x: Node, layer: int) -> Node:
    """Keys or values of few heads, repeated for all that read them."""
    size, few = c.hp.needed("wkv.head_size"), c.hp.kv_heads(layer)
    heads = c.hp.embd() // size
    if few in {0, heads}:
        return x
    return g.repeat(g.reshape(x, size, 1, few, c.batch.tokens), size, heads // few, few, c.batch.tokens)


def _low_rank(c: Context, x: Node, layer: int, name: str) -> Node:
    """A narrow matrix, a wide one, and a bias."""
    inner = g.mul_mat(c.weight(layer, f"time_mix_{name}1"), x)
    return g.add(g.mul_mat(c.weight(layer, f"time_mix_{name}2"), inner), c.weight(layer, f"time_mix_{name}0"))


def _values_7(c: Context, v: Node, xv: Node, layer: int) -> Node:
    """Values, in later layers mixed with those of the first."""
    first = c.carried.get("rwkv.first_value")
    if first is None:
        c.carried["rwkv.first_value"] = v
        return v
    return g.add(v, g.mul(g.sub(first, v), g.unary(_low_rank(c, xv, layer, "v"))))


def time_mix_7(c: Context, x: Node, previous: Node, layer: int) -> Node:
    """RWKV-7's (build_rwkv7_time_mix)."""
    embd, n = c.hp.embd(), c.batch.tokens
    gated = c.has(layer, "time_mix_g1") and c.has(layer, "time_mix_g2")
    count = 6 if gated else MIXED
    delta = g.repeat(g.sub(previous, x), embd, c.batch.sequence_tokens, c.batch.sequences, count)
    mixed = g.add(g.mul(delta, c.weight(layer, "time_mix_lerp_fused")), x)
    xr, xw, xk, xv, xa, *xg = (g.view_nd(mixed, (embd, n), (mixed.nb[1],)) for _ in range(count))
    r = linear(c, "time_mix_receptance", xr, layer)
    decay = g.mul_mat(c.weight(layer, "time_mix_w2"), g.unary(g.mul_mat(c.weight(layer, "time_mix_w1"), xw)))
    w = g.unary(g.scale(g.unary(g.add(decay, c.weight(layer, "time_mix_w0")))))
    k = linear(c, "time_mix_key", xk, layer)
    v = _values_7(c, linear(c, "time_mix_value", xv, layer), xv, layer)
    gate = None
    if gated:
        inner = g.unary(g.mul_mat(c.weight(layer, "time_mix_g1"), xg[0]))
        gate = g.mul_mat(c.weight(layer, "time_mix_g2"), inner)
    a = g.unary(_low_rank(c, xa, layer, "a"))
    (kk,) = _heads(c, g.mul(k, c.weight(layer, "time_mix_k_k")))
    kk = g.like("L2_NORM", kk)
    ka = g.mul(k, c.weight(layer, "time_mix_k_a"))
    k = g.add(k, g.sub(g.mul(a, ka), ka))
    r, w, k, v, a = _heads(c, r, w, k, v, a)
    cur = _recurred(c, "RWKV_WKV7", layer, r, w, k, v, g.unary(kk), g.mul(kk, a))
    cur = _group_normed(c, cur, layer) if c.has(layer, "time_mix_ln") else g.reshape(cur, embd, n)
    weight = g.reshape(c.weight(layer, "time_mix_r_k"), *r.ne[:2])
    bonus = g.sum_rows(g.mul(g.mul(k, r), weight))
    cur = g.add(cur, g.reshape(g.mul(v, bonus), embd, n))
    return _projected(c, cur if gate is None else g.mul(cur, gate), layer)
