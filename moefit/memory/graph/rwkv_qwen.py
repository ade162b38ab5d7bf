"""Qwen2 with RWKV's mix along time in attention's place (src/models/rwkv6qwen2.cpp, arwkv7.cpp)."""

from __future__ import annotations

from collections.abc import Sequence

from moefit.memory.graph import operations as g
from moefit.memory.graph.blocks import embedding, ffn, norm, output_ids
from moefit.memory.graph.context import Context
from moefit.memory.graph.decoder import finish
from moefit.memory.graph.nodes import F32, Node
from moefit.memory.graph.recurrent import state
from moefit.memory.graph.rwkv import TimeMix, last_token, shifted, time_mix_6, time_mix_7
from moefit.model.architectures import Plain


def rwkv6(c: Context, layers: Sequence[int]) -> None:
    """RWKV-6's mix: gated linear attention, whose keys and values may have fewer heads."""
    _build(c, layers, time_mix_6)


def rwkv7(c: Context, layers: Sequence[int]) -> None:
    """RWKV-7's."""
    _build(c, layers, time_mix_7)


def _build(c: Context, layers: Sequence[int], time_mix: TimeMix) -> None:
    cur = embedding(c)
    for layer in layers:
        cur, residual = _mixed(c, cur, layer, time_mix)
        before = g.reshape(g.add(cur, residual), c.hp.embd(), c.batch.tokens)
        if layer == layers[-1]:
            before = g.get_rows(before, output_ids(c))
        cur = g.add(ffn(c, norm(c, before, "ffn_norm", layer), layer), before)
    finish(c, cur, Plain())


def _mixed(c: Context, x: Node, layer: int, time_mix: TimeMix) -> tuple[Node, Node]:
    """A layer's mix and what it is added to; each sequence's last token is kept for the next batch."""
    embd, sequences = c.hp.embd(), c.batch.sequences
    size = c.hp.needed("token_shift_count") * embd
    x = g.reshape(x, embd, c.batch.sequence_tokens, sequences)
    cache = c.cache(layer, "r", F32, size, sequences)
    before = g.reshape(state(c, cache, size), embd, size // embd, sequences)
    normed = norm(c, x, "attn_norm", layer)
    cur = time_mix(c, normed, shifted(c, before, normed), layer)
    kept = g.view_nd(last_token(c, normed), (size * sequences,))
    c.expand(g.cpy(kept, g.view_nd(cache, (size * sequences,))))
    return cur, x
