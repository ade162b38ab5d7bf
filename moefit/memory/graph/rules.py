"""What backends answer to the scheduler and the allocator: what they run, what they take over, how much they reserve.

source: ggml/src/ggml-cuda/ggml-cuda.cu and fattn.cu; the other backends run everything that matters here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from moefit.machine.backends import Backend
from moefit.memory.graph.allocate import AllocSize
from moefit.memory.graph.nodes import F16, Node

_SQUARE_HEADS: Final = frozenset({40, 64, 72, 80, 96, 112, 128, 256})
_ATTENDED: Final = frozenset({"f32", "f16", "bf16", "q4_0", "q4_1", "q5_0", "q5_1", "q8_0"})
"""Types of a cache that its kernels of attention and of the indexer read (ggml_cuda_fattn_kv_type_supported)."""


def batch_size(node: Node) -> int:
    """Rows an operation works on, by which a device decides to take it over (get_op_batch_size)."""
    if node.op == "GET_ROWS":
        return 0
    if node.op == "MUL_MAT":
        return node.ne[1]
    if node.op in {"MUL_MAT_ID", "MUL_MAT_ID_F32", "ROPE"}:
        return node.ne[2]
    return node.ne[1] * node.ne[2] * node.ne[3]


def runs(backend: Backend | None, node: Node) -> bool:
    """Whether a backend can run a node; None is the CPU, which runs everything."""
    return backend is None or node.op not in backend.partial or _CUDA[node.op](node)


def _flash_attention(node: Node) -> bool:
    q, k, v, mask = node.sources[:4]
    if not {k.type.name, v.type.name} <= _ATTENDED or mask.ne[2] != 1:
        return False
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


def _scan(node: Node) -> bool:
    states, a, b = node.sources[0], node.sources[3], node.sources[4]
    width, head, heads = states.ne[:3]
    if a.ne[0] == 1:  # Mamba-2
        return width in {96, 128, 256} and head % 16 == 0
    return width == 16 and head == 1 and heads % 128 == 0 and b.ne[1] == 1


def _convolution(node: Node) -> bool:
    return node.sources[0].ne[1] % 128 == 0


def _indexer(node: Node) -> bool:
    """ggml_cuda_lightning_indexer_supported."""
    q, k = node.sources[:2]
    return q.ne[0] == 128 and q.ne[1] in {4, 32, 64} and k.type.name in _ATTENDED


def _never(_: Node) -> bool:
    return False


def _float_term(node: Node) -> bool:
    return node.sources[1].type.name in {"f32", "f16"}


_CUDA: Final[Mapping[str, Callable[[Node], bool]]] = {
    "ADD_MATRIX": _float_term,
    "FLASH_ATTN_EXT": _flash_attention,
    "LIGHTNING_INDEXER": _indexer,
    "MUL_MAT_ID_F32": _never,
    "SSM_CONV": _convolution,
    "SSM_SCAN": _scan,
}
"""Which shapes and types of an operation it has kernels for (ggml_backend_cuda_device_supports_op)."""


@cache
def alloc_size(backend: Backend | None) -> AllocSize:
    """Bytes a backend reserves for a node: more than its own where a kernel needs room or rows are padded."""
    if backend is None or backend.row_padding == 1:
        return _bytes
    padding, scratch = backend.row_padding, backend.name != "SYCL"

    def size(node: Node) -> int:
        type_ = node.type
        if type_.block > 1 and node.ne[0] % padding:
            return node.bytes + type_.row_bytes(padding - node.ne[0] % padding)
        if scratch and node.op == "FLASH_ATTN_EXT":
            return _flash_attention_bytes(node)
        return node.bytes

    return size


def _bytes(node: Node) -> int:
    return node.bytes


def _flash_attention_bytes(node: Node) -> int:
    """The result, and the cache as f16 where it is stored in another type (ggml_cuda_flash_attn_ext_get_alloc_size)."""
    q, k, v = node.sources[:3]
    size = node.bytes
    vector = q.ne[1] == 1 and k.ne[0] <= 256 and k.ne[0] % 64 == 0
    if vector:  # that kernel reads quantised caches as they are
        return size
    if k.type.id != F16.id:
        size = _padded(size) + 2 * k.elements
    if v.type.id != F16.id and (v.view_of is None or v.view_of is not k.view_of):
        size = _padded(size) + 2 * v.elements
    return size


def _padded(size: int) -> int:
    return (size + 127) & ~127
