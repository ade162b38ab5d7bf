"""Dense decoders whose layers or embeddings are put together in an order of their own."""

from __future__ import annotations

from collections.abc import Sequence

from moefit.memory.graph import decoder
from moefit.memory.graph import operations as g
from moefit.memory.graph.attention import attend, normed, qkv
from moefit.memory.graph.blocks import (
    embedding,
    embedding_norm,
    ffn,
    linear,
    lm_head,
    norm,
    output_ids,
    output_norm,
    positions,
)
from moefit.memory.graph.context import Context
from moefit.memory.graph.decoder import block, finish, self_attention
from moefit.memory.graph.heads import heads_of
from moefit.memory.graph.nodes import F32, Node
from moefit.memory.graph.rotations import rotated
from moefit.model.architectures import Plain

CHAMELEON_IMAGE_TOKENS = 8192
"""Tokens of images in Chameleon's vocabulary."""
LAYER_NORM_GELU = Plain(rms=False, activation="gelu")
PHI2 = Plain(rms=False, activation="gelu", scaled_query=True)
UNROTATED = Plain(rms=False, activation="gelu", rope="rotations.never")
MPT = Plain(rms=False, activation="gelu", mix="dense.unnormed_attention")


def falcon(c: Context, layers: Sequence[int]) -> None:
    """Attention and feed-forward side by side, in the larger models after a norm each (src/models/falcon.cpp)."""
    cur = embedding(c)
    for layer in layers:
        normed = norm(c, cur, "attn_norm", layer, rms=False)
        own = c.has(layer, "attn_norm_2")
        attended = norm(c, cur, "attn_norm_2", layer, rms=False) if own else normed
        attended = self_attention(c, attended, layer, LAYER_NORM_GELU)
        if layer == layers[-1]:
            attended, cur, normed = (g.get_rows(x, output_ids(c)) for x in (attended, cur, normed))
        cur = g.add(g.add(ffn(c, normed, layer, activation="gelu"), attended), cur)
    finish(c, cur, LAYER_NORM_GELU)


def phi2(c: Context, layers: Sequence[int]) -> None:
    """Attention and feed-forward side by side, the residual last (src/models/phi2.cpp)."""
    cur = embedding(c)
    for layer in layers:
        normed = norm(c, cur, "attn_norm", layer, rms=False)
        attended = self_attention(c, normed, layer, PHI2)
        if layer == layers[-1]:
            attended, cur, normed = (g.get_rows(x, output_ids(c)) for x in (attended, cur, normed))
        cur = g.add(g.add(attended, ffn(c, normed, layer, activation="gelu")), cur)
    finish(c, cur, PHI2)


def gptneox(c: Context, layers: Sequence[int]) -> None:
    """Side by side where the file says so, each after its own norm (src/models/gptneox.cpp)."""
    if not c.hp.flag("use_parallel_residual"):
        decoder.build(c, layers, LAYER_NORM_GELU)
        return
    cur = embedding(c)
    for layer in layers:
        attended = self_attention(c, norm(c, cur, "attn_norm", layer, rms=False), layer, LAYER_NORM_GELU)
        if layer == layers[-1]:
            attended, cur = (g.get_rows(x, output_ids(c)) for x in (attended, cur))
        fed = ffn(c, norm(c, cur, "ffn_norm", layer, rms=False), layer, activation="gelu")
        cur = g.add(g.add(fed, cur), attended)
    finish(c, cur, LAYER_NORM_GELU)


def bloom(c: Context, layers: Sequence[int]) -> None:
    """A norm after the embedding, and positions as a bias of the mask (src/models/bloom.cpp)."""
    cur = embedding_norm(c, embedding(c))
    for layer in layers:
        cur = block(c, cur, layer, UNROTATED, last=layer == layers[-1])
    finish(c, cur, UNROTATED)


def positioned(c: Context, layers: Sequence[int]) -> None:
    """A learned embedding of positions where the file has one, and no rotation (src/models/gpt2.cpp, starcoder.cpp)."""
    _positioned(c, layers, UNROTATED)


def mpt(c: Context, layers: Sequence[int]) -> None:
    """The same, and norms of keys that no query has are not used (src/models/mpt.cpp)."""
    _positioned(c, layers, MPT)


def _positioned(c: Context, layers: Sequence[int], what: Plain) -> None:
    cur = embedding(c)
    table = c.outside("position_embd.weight", on_output=False)
    if table is not None:
        cur = g.add(cur, g.get_rows(table, positions(c)))
    for layer in layers:
        cur = block(c, cur, layer, what, last=layer == layers[-1])
    finish(c, cur, what)


def unnormed_attention(c: Context, x: Node, layer: int, _what: Plain) -> Node:
    """Attention as it is: with a norm of queries llama.cpp would reshape a view of the fused matrix's result, and end (ggml_reshape_2d)."""
    heads = heads_of(c, layer)
    return attend(c, layer, heads, *qkv(c, x, layer, heads))


def bitnet(c: Context, layers: Sequence[int]) -> None:
    """Norms inside attention and the feed-forward block, before their last matrix (src/models/bitnet.cpp)."""
    cur = embedding(c)
    for layer in layers:
        residual = cur
        cur = _attention_normed_inside(c, norm(c, cur, "attn_norm", layer), layer)
        if layer == layers[-1]:
            cur, residual = (g.get_rows(x, output_ids(c)) for x in (cur, residual))
        before = g.add(cur, residual)
        x = norm(c, before, "ffn_norm", layer)
        up = linear(c, "ffn_up", x, layer)
        inside = norm(c, g.glu(linear(c, "ffn_gate", x, layer), up), "ffn_sub_norm", layer)
        cur = g.add(linear(c, "ffn_down", inside, layer), before)
    state = output_norm(c, cur)
    state.output = True
    table = c.outside("token_embd.weight", on_output=False)  # on the CPU, and multiplied there
    if table is not None:
        state = g.mul_mat(table, state)
        state.output = True
    c.expand(state)


def _attention_normed_inside(c: Context, x: Node, layer: int) -> Node:
    heads = heads_of(c, layer)
    q, k, v = qkv(c, x, layer, heads)
    q, k = rotated(c, q, k, layer, Plain())
    attended = attend(c, layer, heads, q, k, v, out=None)
    return linear(c, "attn_output", norm(c, attended, "attn_sub_norm", layer), layer)


def talkie(c: Context, layers: Sequence[int]) -> None:
    """Norms without weights, and the embedding added after every layer (src/models/talkie.cpp)."""
    first = cur = norm(c, embedding(c), None, -1)
    what = Plain(norm_after_rope=True)
    for layer in layers:
        residual, skip = cur, first
        cur = self_attention(c, norm(c, cur, None, layer), layer, what)
        if layer == layers[-1]:
            cur, residual, skip = (g.get_rows(x, output_ids(c)) for x in (cur, residual, skip))
        before = g.add(cur, residual)
        cur = g.add(ffn(c, norm(c, before, None, layer), layer), before)
        cur = g.add(cur, g.mul(skip, c.weight(layer, "layer_output_scale")))
    finish(c, cur, what)


def muse_glimmer(c: Context, layers: Sequence[int]) -> None:
    """A norm of the embedding, and rows dropped only after attention's norm (src/models/muse-glimmer.cpp)."""
    cur = norm(c, embedding(c), None, -1)
    what = Plain(rope="rotations.in_window")
    for layer in layers:
        residual = cur
        cur = self_attention(c, norm(c, cur, "attn_norm", layer), layer, what)
        cur = norm(c, cur, "post_attention_norm", layer)
        if layer == layers[-1]:
            cur, residual = (g.get_rows(x, output_ids(c)) for x in (cur, residual))
        before = g.add(cur, residual)
        fed = ffn(c, norm(c, before, "ffn_norm", layer), layer)
        cur = g.add(norm(c, fed, "post_ffw_norm", layer), before)
    finish(c, cur, what)


def olmo(c: Context, layers: Sequence[int]) -> None:
    """Norms without weights (src/models/olmo.cpp)."""
    what = Plain(rms=False)
    cur = embedding(c)
    for layer in layers:
        residual = cur
        cur = self_attention(c, norm(c, cur, None, layer, rms=False), layer, what)
        if layer == layers[-1]:
            cur, residual = (g.get_rows(x, output_ids(c)) for x in (cur, residual))
        before = g.add(cur, residual)
        cur = g.add(ffn(c, norm(c, before, None, layer, rms=False), layer), before)
    finish(c, cur, what)


def exaone4(c: Context, layers: Sequence[int]) -> None:
    """Norms after each block only (src/models/exaone4.cpp)."""
    what = Plain(rope="rotations.unless_full")
    cur = embedding(c)
    for layer in layers:
        residual = cur
        cur = self_attention(c, cur, layer, what)
        if layer == layers[-1]:
            cur, residual = (g.get_rows(x, output_ids(c)) for x in (cur, residual))
        before = g.add(norm(c, cur, "post_attention_norm", layer), residual)
        cur = g.add(norm(c, ffn(c, before, layer), "post_ffw_norm", layer), before)
    finish(c, cur, what)


def openelm(c: Context, layers: Sequence[int]) -> None:
    """Heads of each layer its own, and the residual first in attention's sum (src/models/openelm.cpp)."""
    what = Plain()
    cur = embedding(c)
    for layer in layers:
        residual = cur
        cur = self_attention(c, norm(c, cur, "attn_norm", layer), layer, what)
        if layer == layers[-1]:
            cur, residual = (g.get_rows(x, output_ids(c)) for x in (cur, residual))
        before = g.add(residual, cur)
        cur = g.add(ffn(c, norm(c, before, "ffn_norm", layer), layer), before)
    finish(c, cur, what)


def chameleon(c: Context, layers: Sequence[int]) -> None:
    """Norms before each block or, in the larger model, after it; logits of images overwritten in a copy (src/models/chameleon.cpp)."""
    what, swin = Plain(), c.hp.flag("swin_norm")
    cur = embedding(c)
    for layer in layers:
        residual = cur
        x = cur if swin else norm(c, cur, "attn_norm", layer)
        cur = _layer_normed_attention(c, x, layer, what)
        if layer == layers[-1]:
            cur, residual = (g.get_rows(x, output_ids(c)) for x in (cur, residual))
        if swin:
            cur = norm(c, cur, "attn_norm", layer)
        before = g.add(cur, residual)
        if not swin:
            cur = norm(c, before, "ffn_norm", layer)
        cur = ffn(c, cur, layer)
        if swin:
            cur = norm(c, cur, "ffn_norm", layer)
        cur = g.add(cur, before)
    state = output_norm(c, cur)
    state.output = True
    logits = g.mul_mat(c.output_weight("output.weight"), state)
    logits = g.like("SET", logits, g.clamp(g.new(F32, CHAMELEON_IMAGE_TOKENS)))
    logits.output = True
    c.expand(logits)


def _layer_normed_attention(c: Context, x: Node, layer: int, what: Plain) -> Node:
    heads = heads_of(c, layer)
    q, k, v = qkv(c, x, layer, heads)
    q, k = normed(c, q, "attn_q_norm", layer, rms=False), normed(c, k, "attn_k_norm", layer, rms=False)
    q, k = rotated(c, q, k, layer, what)
    return attend(c, layer, heads, q, k, v)


def cogvlm(c: Context, layers: Sequence[int]) -> None:
    """Queries, keys and values as wide each in one matrix, and every token's logits (src/models/cogvlm.cpp)."""
    cur = embedding(c, mixed=False)
    for layer in layers:
        residual = cur
        heads, pos = heads_of(c, layer), positions(c)
        fused = linear(c, "attn_qkv", norm(c, cur, "attn_norm", layer), layer)
        q, k, v = (
            g.view_nd(fused, (heads.k, count, c.batch.tokens), (4 * heads.k, fused.nb[1]))
            for count in (heads.q, heads.kv, heads.kv)
        )
        cur = g.add(attend(c, layer, heads, g.rope(q, pos), g.rope(k, pos), v), residual)
        cur = g.add(ffn(c, norm(c, cur, "ffn_norm", layer), layer), cur)
    lm_head(c, output_norm(c, cur))


def qwen3tts(c: Context, layers: Sequence[int]) -> None:
    """Qwen3-VL with logits of sounds, before which stand as many constants as the vocabulary has more (src/models/qwen3vl.cpp)."""
    what = Plain()
    cur = embedding(c)
    for layer in layers:
        cur = block(c, cur, layer, what, last=layer == layers[-1])
    state = output_norm(c, cur)
    state.output = True
    logits = g.mul_mat(c.output_weight("output.weight"), state)
    missing = c.model.vocabulary - logits.ne[0]
    if missing > 0:
        constant = g.scale(g.view_nd(c.output_weight("output_norm.weight"), (1,)))
        logits = g.concat(g.repeat(constant, missing, logits.ne[1]), logits, 0)
    logits.output = True
    c.expand(logits)
