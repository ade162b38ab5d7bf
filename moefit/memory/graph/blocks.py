"""llama.cpp's building blocks that every architecture shares (src/llama-graph.cpp, llm_graph_context::build_*)."""

from __future__ import annotations

from typing import Final

from moefit.memory.graph import operations as g
from moefit.memory.graph.context import Context
from moefit.memory.graph.layer_tensors import SIDES
from moefit.memory.graph.nodes import F32, I32, I64, Node
from moefit.model.architectures import Logits, Positions

DEEPSTACK: Final = "n_deepstack_layers"
"""Key for how many layers add a part of the embedding of their own, from an image encoder (Qwen3-VL)."""


NORMS: Final = ("attn_norm", "post_attention_norm")
"""One of these is in every layer of a model whose norms of the residual stream have weights."""
GATED: Final = ("", "_exps", "_shexp")
"""Feed-forward parts that have a gate of their own; a model has one in each part or in none."""


def embedding(c: Context, *, scaled: bool = False, mixed: bool = True) -> Node:
    """Token embeddings, chosen between token ids, vectors and a mix of both (build_inp_embd)."""
    embd = c.hp.embd()
    more = embd * c.hp.integer(DEEPSTACK)

    found = c.outside("token_embd.weight", on_output=False)
    if found is None and not c.row.speculation:  # drafts may take their model's
        c.lacking.append("token_embd")
    table = found or c.on_host(F32, c.hp.embd(), 1)

    def looked_up(ids: Node) -> Node:
        rows = g.get_rows(table, ids)
        return g.pad(rows, more) if more else rows

    tokens = c.input("inp_tokens", I32, c.batch.tokens)
    vectors = c.input("inp_embd", F32, embd + more, c.batch.tokens)
    rows = looked_up(tokens)
    c.expand(rows, vectors)
    if mixed:
        some_tokens = c.input("inp_mixed_tokens", I32, c.batch.tokens)
        slots = c.input("inp_mixed_slots", I64, c.batch.tokens)
        base = g.like("DUP", c.input("inp_mixed_embd", F32, embd + more, c.batch.tokens))
        c.expand(g.set_rows(base, looked_up(some_tokens), slots))
    cur = rows
    if more:
        cur = c.carried["embedding"] = g.view_nd(rows, (embd, c.batch.tokens), (rows.nb[1],))
    if c.hp.real("embedding_scale"):
        cur = g.scale(cur)
    if scaled:
        cur = g.mul(cur, c.input("inp_scale_rows", F32, 1, c.batch.tokens))
    c.expand(cur)
    return cur


def scaled_embedding(c: Context) -> Node:
    """Token embeddings times a constant of the model."""
    return g.scale(embedding(c))


def embedding_scaled_by_rows(c: Context) -> Node:
    """Token embeddings times a constant of the model, row by row: vectors are left as they are."""
    return embedding(c, scaled=True)


def embedding_norm(c: Context, x: Node) -> Node:
    """The norm of embeddings, with its bias (tok_norm and tok_norm_b)."""
    return g.add(
        norm(c, x, c.first_weight("token_embd_norm.weight"), 0, rms=False),
        c.first_weight("token_embd_norm.bias"),
    )


def norm(c: Context, x: Node, weight: str | Node | None, layer: int, *, rms: bool = True) -> Node:
    """Norm with optional weight and bias (build_norm)."""
    cur = g.rms_norm(x) if rms else g.norm(x)
    w = _find(c, weight, layer)
    b = c.find(layer, f"{weight}.bias") if isinstance(weight, str) and layer >= 0 else None
    if w is not None or b is not None:
        c.pin(cur, layer)
    if w is not None:
        cur = g.mul(cur, w)
    if b is not None:
        cur = g.add(cur, b)
    return cur


def _find(c: Context, weight: str | Node | None, layer: int) -> Node | None:
    if isinstance(weight, str):
        return c.find(layer, weight) if layer >= 0 else c.outside(f"{weight}.weight")
    return weight


def linear(c: Context, name: str, x: Node, layer: int) -> Node:
    """Product with a weight, its scale and its bias where the layer has them (build_lora_mm)."""
    cur = g.mul_mat(c.weight(layer, name), x)
    factor = c.find(layer, f"{name}.scale")
    if factor is not None:
        cur = g.mul(cur, factor)
    bias = c.find(layer, f"{name}.bias")
    if bias is not None:
        cur = g.add(cur, bias)
    return cur


def ffn(c: Context, x: Node, layer: int, suffix: str = "", activation: str = "silu") -> Node:
    """A dense feed-forward block: ffn_up, ffn_gate, ffn_down with a suffix such as _shexp (build_ffn)."""
    up = linear(c, f"ffn_up{suffix}", x, layer)
    if c.has(layer, f"ffn_gate{suffix}"):
        gate = linear(c, f"ffn_gate{suffix}", x, layer)
        if (
            not c.row.fused_clamp
            and activation == "silu"
            and c.hp.real("swiglu_clamp_shexp", 0, layer) > 1e-6
        ):
            cur = g.mul(g.clamp(g.unary(gate)), g.clamp(up))
        else:
            cur = g.glu(gate, up)
    elif up.ne[0] == 2 * c.weight(layer, f"ffn_down{suffix}").ne[0]:  # gate and up in one matrix
        cur = g.glu(up)
    else:
        if any(f"ffn_gate{other}.weight" in of for of in c.tensors.of for other in GATED):
            c.lacking.append(f"blk.{layer}.ffn_gate{suffix}")
        cur = g.unary(up)
        if activation == "relu_sqr":
            cur = g.like("SQR", cur)
        scales = c.find(layer, "ffn.act.scales") if activation == "gelu" else None
        if scales is not None:
            cur = g.div(cur, scales)
    return linear(c, f"ffn_down{suffix}", cur, layer)


def output_ids(c: Context) -> Node:
    """Rows whose logits are wanted (build_inp_out_ids)."""
    return c.input("out_ids", I32, c.batch.outputs)


def positions(c: Context) -> Node:
    """Positions, four a token for multi-axis rotation (build_inp_pos)."""
    four = c.row.positions is Positions.FOUR or (
        c.row.positions is Positions.SECTIONED
        and bool(c.hp.real("rope.dimension_sections", 0, 0) and c.hp.real("rope.dimension_sections", 0, 1))
    )
    return c.input("inp_pos", I32, c.batch.tokens * (4 if four else 1))


def indices(c: Context, name: str) -> Node:
    """Cells to write (build_input_k_idxs)."""
    return c.input(name, I64, c.batch.tokens)


def logits(c: Context, x: Node, *, rms: bool = True) -> None:
    """Output norm and matrix (end of every build)."""
    lm_head(c, output_norm(c, x, rms=rms))


def output_norm(c: Context, x: Node, *, rms: bool = True) -> Node:
    """The norm before the output matrix."""
    if c.row.norm_as_output:
        weight = c.outside("token_embd_norm.weight")
    else:
        weight = next(filter(None, (c.outside(f"{side}output_norm.weight") for side in SIDES)), None)
    if weight is None and any(c.has(0, name) for name in NORMS):
        c.lacking.append("output_norm")
    cur = norm(c, x, weight, -1, rms=rms)
    bias = c.outside("output_norm.bias")
    if bias is None and c.has(0, "attn_norm.bias"):
        c.lacking.append("output_norm.bias")
    return cur if bias is None else g.add(cur, bias)


def lm_head(c: Context, cur: Node, *, scaled: bool = False) -> None:
    """The output matrix, over a normed state that is an output of the graph itself (t_embd), scaled or not; an embedder ends in that state."""
    cur.output = True
    if c.row.logits is Logits.EMBEDDINGS:
        c.expand(cur)
        return
    if scaled:
        cur = g.scale(cur)
    head = c.outside("output.weight") or c.outside("token_embd.weight")
    if head is not None:
        cur = g.mul_mat(head, cur)
        head_bias = c.outside("output.bias")
        if head_bias is not None:
            cur = g.add(cur, head_bias)
        if c.hp.real("logit_scale"):
            cur = g.scale(cur)
        if c.hp.real("final_logit_softcapping"):
            cur = g.scale(g.unary(g.scale(cur)))
    cur.output = True
    c.expand(cur)
