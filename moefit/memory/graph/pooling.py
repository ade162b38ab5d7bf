"""What ends the graph of a server that embeds: one vector of each sequence, or its rank (src/llama-graph.cpp, build_pooling and build_dense_out)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from moefit.memory.graph import operations as g
from moefit.memory.graph.blocks import norm
from moefit.memory.graph.nodes import F32, I32, Node

if TYPE_CHECKING:
    from moefit.launch.settings import Settings
    from moefit.memory.graph.context import Context
    from moefit.model import Model

POOLINGS: Final = ("none", "mean", "cls", "last", "rank")
"""By their number in a file (llama_pooling_type)."""


def pooling_of(model: Model, settings: Settings) -> str:
    """How embeddings are pooled; empty where the launch makes none."""
    if not settings.embeddings:
        return ""
    if settings.pooling is not None:
        return settings.pooling
    told = model.hparams.integer("pooling_type")
    return POOLINGS[told] if told < len(POOLINGS) else "none"


def pool(c: Context) -> None:
    """Add what follows the states of all tokens."""
    state = next(
        (node for node in reversed(c.graph.nodes) if node.output and node.ne[0] == c.hp.embd()), None
    )
    if state is None:
        return
    cur = _pooled(c, state)
    for name in ("dense_2", "dense_3"):
        matrix = c.outside(f"{name}.weight")
        cur = cur if matrix is None else _biased(c, g.mul_mat(matrix, cur), f"{name}.bias")
    c.expand(cur)


def _pooled(c: Context, state: Node) -> Node:
    kind, sequences = c.batch.pooling, c.batch.sequences
    if kind == "none":
        return state
    ranks = kind == "rank"
    if ranks and c.hp.integer("classifier.pooling_type"):
        kind = POOLINGS[min(c.hp.integer("classifier.pooling_type"), len(POOLINGS) - 1)]
    if kind == "mean":
        weights = c.input("inp_mean", F32, c.batch.tokens, sequences)
        cur = g.mul_mat(g.cont(g.transpose(state)), weights)
    else:
        cur = g.get_rows(state, c.input("inp_cls", I32, sequences))
    return _ranked(c, cur) if ranks else cur


def _ranked(c: Context, cur: Node) -> Node:
    """The classification head, as far as the file has one."""
    first, last = c.outside("cls.weight"), c.outside("cls.output.weight")
    if first is not None:
        cur = g.unary(_biased(c, g.mul_mat(first, cur), "cls.bias"))
        weight = c.outside("cls.norm.weight")
        cur = cur if weight is None else norm(c, cur, weight, -1, rms=False)
    if last is not None:
        cur = _biased(c, g.mul_mat(last, cur), "cls.output.bias")
    return g.soft_max(cur) if c.row.ranks_by_softmax else cur


def _biased(c: Context, cur: Node, name: str) -> Node:
    bias = c.outside(name)
    return cur if bias is None else g.add(cur, bias)
