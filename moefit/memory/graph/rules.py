"""What backends answer to the scheduler and the allocator: what they run, what they take over, how much they reserve.

source: ggml/src/ggml-cuda/ggml-cuda.cu and fattn.cu; the other backends run everything that matters here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from moefit.machine.backends import Backend
from moefit.memory.graph.allocate import AllocSize
from moefit.memory.graph.nodes import F16, Node
from moefit.memory.graph.schedule import Schedule

CUDA_KERNELS: Final = frozenset({"CUDA", "ROCm", "MUSA"})
"""Backends compiled from ggml-cuda."""

FUSED_EXPERTS: Final = 15
"""Most experts used that ggml-cuda sums in one kernel (MOE_WEIGHTED_REDUCTION_MAX_EXPERTS)."""

_SQUARE_HEADS: Final = frozenset({40, 64, 72, 80, 96, 112, 128, 256})


def batch_size(node: Node) -> int:
    """Rows an operation works on, by which a device decides to take it over (get_op_batch_size)."""
    if node.op == "GET_ROWS":
        return 0
    if node.op == "MUL_MAT":
        return node.ne[1]
    if node.op in {"MUL_MAT_ID", "ROPE"}:
        return node.ne[2]
    return node.ne[1] * node.ne[2] * node.ne[3]


def runs(backend: Backend | None, node: Node) -> bool:
    """Whether a backend can run a node; None is the CPU, which runs everything."""
    if node.op != "FLASH_ATTN_EXT" or backend is None or backend.name not in CUDA_KERNELS:
        return True
    q, k, v = node.sources[:3]
    return cuda_flash_attention(k.ne[0], v.ne[0], q.ne[2] // k.ne[2])


def cuda_flash_attention(key: int, value: int, ratio: int) -> bool:
    """Whether ggml-cuda has a kernel for these head sizes and query heads per cached head (ggml_cuda_get_best_fattn_kernel)."""
    if key in _SQUARE_HEADS:
        return value == key
    needs = {192: (128, 8), 320: (256, 32), 512: (512, 1), 576: (512, 1)}
    if key not in needs:
        return False
    width, multiple = needs[key]
    return value == width and ratio >= 2 and ratio % multiple == 0


def alloc_size(backend: Backend | None) -> AllocSize:
    """Bytes a backend reserves for a node: more than its own where a kernel needs room or rows are padded."""
    if backend is None or backend.row_padding == 1:
        return _bytes
    padding, scratch = backend.row_padding, backend.name != "SYCL"

    def size(node: Node) -> int:
        if node.op == "FLASH_ATTN_EXT" and scratch:
            return _flash_attention_bytes(node)
        if node.type.block > 1 and node.ne[0] % padding:
            return node.bytes + node.type.row_bytes(padding - node.ne[0] % padding)
        return node.bytes

    return size


def _bytes(node: Node) -> int:
    return node.bytes


def _flash_attention_bytes(node: Node) -> int:
    """The result, and the cache as f16 where it is stored in another type (ggml_cuda_flash_attn_ext_get_alloc_size)."""
    q, k, v = node.sources[:3]
    size = node.bytes
    if q.ne[1] == 1 and k.ne[0] <= 256 and k.ne[0] % 64 == 0:  # the vector kernel reads quantised caches as they are
        return size
    if k.type.id != F16.id:
        size = _padded(size) + 2 * k.elements
    if v.type.id != F16.id and v.view_of is not k.view_of:
        size = _padded(size) + 2 * v.elements
    return size


def _padded(size: int) -> int:
    return (size + 127) & ~127


def kept_for_fusion(plan: Schedule, fuses: Sequence[bool]) -> Schedule:
    """The plan with the lifetimes that ggml-cuda extends for its fused sum of weighted experts.

    The experts' outputs and their weights stay until the sum is done, so that one kernel can read both
    (ggml_backend_cuda_graph_optimize, ggml_cuda_match_moe_weighted_reduction).
    """
    nodes = []
    keeps: dict[int, tuple[Node, Node]] = {}
    order = [node for node, _ in plan.nodes]
    for i, (node, backend) in enumerate(plan.nodes):
        nodes.append((node, backend))
        if node.op == "MUL" and fuses[backend] and (last := _weighted_sum(order, i)) is not None:
            keeps[id(last)] = (node.sources[0], node.sources[1])
        kept = keeps.pop(id(node), None)
        if kept is not None:
            root = kept[0] if kept[0].view_of is None else kept[0].view_of
            nodes.append((Node("NONE", node.type, kept[0].ne, kept[0].nb, kept, root), backend))
    return Schedule(nodes, plan.leafs, plan.splits)


def _weighted_sum(order: Sequence[Node], at: int) -> Node | None:
    """The last addition of a weighted sum of experts that starts at this product; None for any other product."""
    product = order[at]
    experts, weights = product.sources
    used = product.ne[1]
    if experts.ne != product.ne or weights.ne != (1, *product.ne[1:]) or not 2 <= used <= FUSED_EXPERTS:
        return None
    views, sums = order[at + 1 : at + 1 + used], order[at + 1 + used : at + 2 * used]
    if len(sums) < used - 1 or any(v.op != "VIEW" for v in views) or any(s.op != "ADD" for s in sums):
        return None
    return sums[-1]
