"""What an architecture without an entry is taken for: conservative where its tensors are not those of a plain decoder."""

from __future__ import annotations

from collections.abc import Sequence

from moefit.memory.graph import operations as g
from moefit.memory.graph.blocks import embedding, norm, output_ids
from moefit.memory.graph.context import Context
from moefit.memory.graph.decoder import feed_forward, finish, self_attention
from moefit.memory.graph.heads import Heads
from moefit.memory.graph.kv_cache import inputs
from moefit.memory.graph.latent import latent_attention
from moefit.memory.graph.nodes import F32, Node
from moefit.model.architectures import Plain

_DECODER = Plain(route="routes.softmax_normalised")
STREAMS = ("hyper_connection.count", "altup.num_inputs")
"""Keys for a number of residual streams."""
_LATENT = ("attn_kv_a_mqa", "attn_kv_a_norm", "attn_k_b", "attn_v_b", "attn_output")


def build(c: Context, layers: Sequence[int]) -> None:
    """A graph in which every layer mixes, then feeds forward, each with a residual."""
    cur = embedding(c)
    for layer in layers:
        residual = cur = _streams(c, cur)
        cur = _mixed(c, norm(c, cur, _first_norm(c, layer), layer), layer)
        if layer == layers[-1]:
            cur, residual = (g.get_rows(x, output_ids(c)) for x in (cur, residual))
        before = g.add(cur, residual)
        x = norm(c, before, "ffn_norm" if c.has(layer, "ffn_norm") else "post_attention_norm", layer)
        cur = g.add(_fed(c, x, layer), before)
    finish(c, cur, _DECODER)


def _streams(c: Context, x: Node) -> Node:
    """Several residual streams, where the file says so: each as it was, as it becomes, and on its way."""
    count = max(c.hp.integer(key) for key in STREAMS)
    if count < 2:
        return x
    wide = g.result("UNKNOWN", F32, (3 * count * x.ne[0], *x.ne[1:]), x)
    return g.add(x, g.view_nd(wide, x.ne[:2], wide.nb[1:2]))


def _first_norm(c: Context, layer: int) -> str | None:
    return "attn_norm" if c.has(layer, "attn_norm") else None


def _mixed(c: Context, x: Node, layer: int) -> Node:
    """The layer's mixer by the tensors it has."""
    if c.memory.state[layer] is None:
        queries = c.has(layer, "attn_q") or c.has(layer, "attn_q_b")
        if c.memory.mla and queries and all(c.has(layer, name) for name in _LATENT):
            return latent_attention(c, x, layer, _DECODER)
        separate = all(c.has(layer, name) for name in ("attn_q", "attn_k", "attn_v"))
        if c.hp.heads(layer) and c.has(layer, "attn_output") and (separate or c.has(layer, "attn_qkv")):
            return self_attention(c, x, layer, _DECODER)
    return _everything(c, x, layer)


def _fed(c: Context, x: Node, layer: int) -> Node:
    """Experts or a dense block; nothing where the layer has neither."""
    names = ("ffn_up", "ffn_down") if not c.has(layer, "ffn_gate_inp") else ("ffn_gate_inp", "ffn_down_exps")
    wide = c.has(layer, "ffn_up_exps") or c.has(layer, "ffn_gate_up_exps") or c.has(layer, "ffn_up")
    if wide and all(c.has(layer, name) for name in names):
        return feed_forward(c, x, layer, _DECODER)
    return g.unary(x)


def _everything(c: Context, x: Node, layer: int) -> Node:
    """The products of all matrices at once: more than any order of them needs."""
    embd = x.ne[0]
    flat = [
        g.mul_mat(c.weight(layer, name), x)
        for name, tensor in c.tensors.of[layer].items()
        if len(tensor.shape) == 2 and tensor.shape[0] == embd and not name.startswith("ffn_")
    ]
    pairs = min(c.hp.integer("attention.indexer.top_k"), c.batch.cells) * c.batch.tokens
    if pairs:  # what an indexer chose may stay allocated in every layer
        flat.append(g.result("UNKNOWN", F32, (pairs, c.hp.blocks, 1, 1), x))
    mask = inputs(c, Heads(1, 1, 1, 1, c.memory.windowed[layer])).mask
    return g.result("UNKNOWN", F32, x.ne, x, *flat, mask)
