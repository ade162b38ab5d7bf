"""What ggml-cuda changes in a scheduled graph so that its fused kernels can run: longer lifetimes, and one reordering.

A fused kernel reads what would be free by then, so ggml-cuda asks the allocator to keep it.
source: ggml/src/ggml-cuda/ggml-cuda.cu, ggml_backend_cuda_graph_optimize; the dependencies become nodes without an
operation in ggml/src/ggml-backend.cpp, ggml_backend_sched_split_graph. GGML_CUDA_DISABLE_FUSION=1 turns all of it off.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from moefit.memory.graph.nodes import F32, Node
from moefit.memory.graph.schedule import Schedule

MOST_SUMMED: Final = 15
"""Most experts used whose sum is one kernel (MOE_WEIGHTED_REDUCTION_MAX_EXPERTS)."""
MOST_SOURCES: Final = 10
"""Tensors that one node can keep alive (GGML_MAX_SRC)."""
MOST_ROUTED: Final = 512
"""Most experts that the routing kernel chooses from, apart from the odd numbers of some models (ggml_cuda_should_use_topk_moe)."""
ODD_ROUTED: Final = frozenset({288, 576})

_ROUTED: Final = ["MUL_MAT_ID", "MUL_MAT_ID", "GLU"]
_SHARED: Final = ["MUL_MAT", "MUL_MAT", "GLU"]
_BEST: Final = ["ARGSORT", "VIEW", "GET_ROWS"]
_NORMALISED: Final = ["RESHAPE", "SUM_ROWS", "CLAMP", "DIV", "RESHAPE"]

_FIRST: Final = frozenset({"MUL", "UNARY", "SOFT_MAX"})
"""Of the sum of weighted experts, and of the choice of experts."""

Keeps = dict[Node, list[Node]]
"""For a node, what stays in memory until it is done."""


def fused(plan: Schedule, fuses: Sequence[bool]) -> Schedule:
    """The plan as backends with fused kernels want it.

    Args:
        plan: the scheduled graph; it stays as it is.
        fuses: for each backend, whether it fuses.
    """
    nodes: list[Node] = []
    at = 0
    for backend, start, end in plan.splits:
        begin = at
        while plan.nodes[at].op == "NONE":  # copies of the split's inputs
            at += 1
        nodes += plan.nodes[begin:at]
        split = plan.nodes[at : at + end - start]
        at += end - start
        nodes += _with_keepers(split, backend) if fuses[backend] else split
    return Schedule(nodes, plan.leafs, plan.splits)


def _with_keepers(split: list[Node], backend: int) -> list[Node]:
    """A split's nodes in the order of fused kernels, after each what it must keep."""
    keeps: Keeps = {}
    split = _shared_experts_early(split, keeps)
    _keep_for_kernels(split, keeps)
    if not keeps:
        return split
    nodes: list[Node] = []
    start = 0
    for end in [i for i, node in enumerate(split, 1) if node in keeps]:
        kept = keeps[split[end - 1]]
        nodes += split[start:end]
        nodes += [_keeper(kept[i : i + MOST_SOURCES], backend) for i in range(0, len(kept), MOST_SOURCES)]
        start = end
    return nodes + split[start:]


def _keeper(kept: Sequence[Node], backend: int) -> Node:
    """A node that does nothing but read."""
    first = kept[0]
    keeper = Node("NONE", first.type, first.ne, first.nb, tuple(kept), first.view_of or first)
    keeper.backend = backend
    return keeper


def _keep(keeps: Keeps, until: Node, *tensors: Node) -> None:
    keeps[until] = list(dict.fromkeys((*keeps.get(until, ()), *tensors)))


def _shared_experts_early(split: list[Node], keeps: Keeps) -> list[Node]:
    """The split with gate and up of the shared expert right after those of the routed ones."""
    ops = _ops(split)
    if "MUL_MAT_ID" not in ops:
        return split
    nodes = list(split)
    for i in [at for at, op in enumerate(ops) if op == "MUL_MAT_ID"]:
        if ops[i : i + 3] != _ROUTED:
            continue
        for j in range(i + 3, len(nodes) - 2):
            if ops[j] != ops[j + 1]:
                continue
            if ops[j] == "MUL_MAT_ID":
                break
            if ops[j : j + 3] == _SHARED and _like_routed(nodes[i : i + 3], nodes[j : j + 3]):
                nodes[i + 3 : j + 3] = nodes[j : j + 3] + nodes[i + 3 : j]
                ops[i + 3 : j + 3] = ops[j : j + 3] + ops[i + 3 : j]
                up = nodes[i + 2].sources[1]
                _keep(keeps, nodes[i + 5], up.sources[1], up.sources[2])
                break
    return nodes


def _like_routed(routed: Sequence[Node], shared: Sequence[Node]) -> bool:
    """Whether three nodes are a shared expert of the same shape and type as the routed ones (ggml_cuda_match_shared_expert)."""
    pairs = [(three[2].sources, three[:2]) for three in (routed, shared)]
    if any(len(read) != 2 or {id(read[0]), id(read[1])} != {id(a), id(b)} for read, (a, b) in pairs):
        return False
    gate, up = routed[2].sources
    shared_gate, shared_up = shared[2].sources
    weight, shared_weight, x = up.sources[0], shared_up.sources[0], up.sources[1]
    others = (gate.sources[0], shared_weight, shared_gate.sources[0])
    return (
        weight.buffer is not None  # an expert tensor that is copied to the device has none yet
        and weight.type.block > 1
        and all(w.type is weight.type and w.ne[:2] == weight.ne[:2] for w in others)
        and shared_gate.sources[0].op == shared_weight.op == "NONE"
        and shared_weight.ne[2] == 1
        and gate.sources[1] is x
        and x.op == "RESHAPE"
        and x.ne[1] == 1
        and x.sources[0] is shared_up.sources[1] is shared_gate.sources[1]
    )


def _keep_for_kernels(nodes: Sequence[Node], keeps: Keeps) -> None:
    """Note what the sum of weighted experts and the choice of experts need in memory."""
    done = 0
    for i in [at for at, node in enumerate(nodes) if node.op in _FIRST]:
        if i < done:
            continue
        if nodes[i].op == "MUL":
            found = _weighted_sum(nodes, i)
            if found is not None:
                last, kept = found
                _keep(keeps, nodes[last], *kept)
                done = last + 1
            continue
        end = _routing(nodes, i)
        if end is not None and end < len(nodes):
            _keep(keeps, nodes[end], *(t for node in nodes[i:end] for t in (node, *node.sources)))
            done = end


def _weighted_sum(nodes: Sequence[Node], at: int) -> tuple[int, list[Node]] | None:
    """Where the sum of weighted experts that starts with this product ends, and what it reads (ggml_cuda_match_moe_weighted_reduction)."""
    read = _weighted(nodes[at])
    if read is None:
        return None
    product, kept = nodes[at], list(read)
    if at + 1 < len(nodes) and nodes[at + 1].op == "MUL":
        second = _weighted(nodes[at + 1])
        if second is not None and second[0] is product:  # (experts * scale) * weights
            at, product = at + 1, nodes[at + 1]
            kept = [read[0], second[1], read[1]]
    used = product.ne[1]
    if not 2 <= used <= MOST_SUMMED:
        return None
    views, sums = nodes[at + 1 : at + 1 + used], nodes[at + 1 + used : at + 2 * used]
    if len(sums) < used - 1 or any(v.op != "VIEW" or v.view_of is not product for v in views):
        return None
    total = views[0]
    for view, add in zip(views[1:], sums, strict=True):
        if add.op != "ADD" or add.sources[0] is not total or add.sources[1] is not view:
            return None
        total = add
    return at + 2 * used - 1, kept


def _weighted(product: Node) -> tuple[Node, Node] | None:
    """The experts' outputs and the factor of each, if that is what is multiplied."""
    for full, factor in (product.sources, product.sources[::-1]):
        one_each = factor.ne[0] == 1 and factor.ne[1:] == product.ne[1:]
        if one_each and full.ne == product.ne and full.type is factor.type is F32:
            return full, factor
    return None


def _routing(nodes: Sequence[Node], at: int) -> int | None:
    """One past the last node of the choice of experts that starts here (ggml_cuda_topk_moe_fusion)."""
    if len(nodes[at].sources) > 1:
        return None
    i = at + 1
    if nodes[at].op == "UNARY" and _follows(nodes, i, "SQRT"):
        i += 1
    probs = chosen_by = nodes[i - 1]
    if not _follows(nodes, i, "RESHAPE"):
        return None
    i += 1
    if i < len(nodes) and nodes[i].op == "ADD" and nodes[i].sources[0] is probs:
        chosen_by = nodes[i]
        i += 1
    if _ops(nodes[i : i + 3]) != _BEST or nodes[i].sources[0] is not chosen_by:
        return None
    ids = nodes[i + 1]
    experts = ids.nb[1] // ids.nb[0]
    if experts not in ODD_ROUTED and (experts & (experts - 1) or experts > MOST_ROUTED):
        return None
    i += 3
    if _ops(nodes[i : i + 5]) == _NORMALISED:
        i += 5
    if _follows(nodes, i, "SCALE"):
        i += 1
    return i


def _follows(nodes: Sequence[Node], at: int, op: str) -> bool:
    """Whether the node there does `op` to the result of the one before it."""
    return at < len(nodes) and nodes[at].op == op and nodes[at].sources[0] is nodes[at - 1]


def _ops(nodes: Sequence[Node]) -> list[str]:
    return [node.op for node in nodes]
