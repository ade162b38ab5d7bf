"""Decoders whose blocks run more than once, each time with caches of their own (moefit.model.repeats)."""

from __future__ import annotations

from collections.abc import Sequence

from moefit.memory.graph import operations as g
from moefit.memory.graph.blocks import embedding, ffn, lm_head, norm, output_ids
from moefit.memory.graph.context import Context
from moefit.memory.graph.decoder import block, finish, self_attention
from moefit.memory.graph.nodes import Node
from moefit.model.architectures import Plain

PLAIN = Plain()


def nanbeige(c: Context, layers: Sequence[int]) -> None:
    """All blocks again and again, with the output's norm between (src/models/nanbeige.cpp)."""
    cur, last = embedding(c), layers[-1]
    count = sum(layer.block is None for layer in c.model.layers)
    normed = not c.hp.flag("skip_loop_final_norm")
    for layer in layers:
        cur = block(c, cur, layer, PLAIN, last=layer == last)
        if normed and layer != last and (layer + 1) % count == 0:
            cur = norm(c, cur, c.output_weight("output_norm.weight"), layer)
    finish(c, cur, PLAIN)


def hrm_text(c: Context, layers: Sequence[int]) -> None:
    """A low and a high state, each the sum of both through a stack of blocks (src/models/hrm-text.cpp)."""
    size, low_passes = c.hp.needed("hrm.layers_per_stack"), c.hp.needed("hrm.l_cycles")
    high = embedding(c)
    low: Node = c.first_weight("hrm.z_l_init")
    passes = [layers[i : i + size] for i in range(0, len(layers), size)]
    for number, stack in enumerate(passes):
        state = _stack(c, g.add(high, low), stack)
        if (number + 1) % (low_passes + 1):
            low = state
        else:
            high = state
    lm_head(c, g.get_rows(high, output_ids(c)))


def _stack(c: Context, cur: Node, layers: Sequence[int]) -> Node:
    """Plain blocks with norms without weights, and such a norm after them."""
    for layer in layers:
        before = g.add(self_attention(c, norm(c, cur, None, layer), layer, PLAIN), cur)
        cur = g.add(ffn(c, norm(c, before, None, layer), layer), before)
    return norm(c, cur, None, layers[0])
