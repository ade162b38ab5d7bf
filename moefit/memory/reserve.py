"""What moefit keeps back on a device for growth that llama.cpp does not count, as named terms.

The runtime's own context is another term, `overhead` (moefit.machine.overhead).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from moefit.memory.cells import cells_of
from moefit.memory.memo import per_object
from moefit.model.types import Role
from moefit.placement.budget import Term
from moefit.sizes import MIB

if TYPE_CHECKING:
    from moefit.launch.settings import Settings
    from moefit.machine.types import Device
    from moefit.model import Model


POOLS: Final = {
    "CUDA": (
        230 * MIB,
        "buffers that stay after a long prompt: 696 to 710 MiB beyond all other terms on an H100 with three models, 480 of them overhead",
    ),
    "ROCm": (
        300 * MIB,
        "CUDA's figure and a third: its pool keeps freed blocks of every size (ggml_cuda_pool_leg)",
    ),
    "MUSA": (300 * MIB, "as ROCm: the same pool without virtual memory"),
    "Vulkan": (192 * MIB, "prealloc_x, _y and split_k of ggml-vulkan: dequantised operands and partial sums"),
    "SYCL": (230 * MIB, "as CUDA: the same kind of pool (ggml_sycl_pool)"),
    "MTL": (96 * MIB, "command buffers and residency sets; temporaries are in the compute buffer"),
    "RPC": (230 * MIB, "as CUDA: what stands behind the server is not known"),
}
"""Temporary buffers that a backend's kernels keep once a long prompt has made them."""
UNKNOWN_POOLS: Final = (300 * MIB, "a backend that moefit does not know")

GRAPH: Final = 256 << 10
"""Of an executable CUDA graph. On an H200 with b11549, Qwen3-30B-A3B with 30 to 48 cached layers used 7 to 13 MiB more than without a
cache, gpt-oss-120b with 36, its biases on the CPU, 31."""

HOST_PAGE: Final = 4096
ROW_PADDING: Final = 512
"""Elements to which a converted row is padded (MATRIX_ROW_PADDING in ggml-cuda)."""
MATRIX: Final = 2
"""Dimensions of a matrix."""

GRANULE: Final = 2 * MIB
"""Device memory is handed out in pages of so many bytes (cuMemGetAllocationGranularity)."""


def reserve(model: Model, settings: Settings, device: Device) -> tuple[Term, ...]:
    """The named terms kept back on one device.

    Args:
        model: its matrices say how much a token needs in the pools.
        settings: the micro-batch sets how many tokens need it.
        device: its backend has the pools.
    """
    fixed, why = POOLS.get(device.backend.name, UNKNOWN_POOLS)
    terms = (
        Term("pools", fixed, why),
        Term(
            "batch", _batch(model, settings), "activations of the micro-batch, converted for a matrix product"
        ),
        Term("pages", _buffers(settings) * GRANULE, "each buffer ends in a page of its own"),
        Term(
            "graphs",
            GRAPH * _lookups(model) if settings.moe_cache else 0,
            "a CUDA graph for each part of a step that an expert cache cuts",
        ),
    )
    return tuple(term for term in terms if term.bytes)


def common_reserve(device: Device) -> int:
    """The part of the reserve that is the same for every model."""
    return POOLS.get(device.backend.name, UNKNOWN_POOLS)[0]


@per_object(8)
def _lookups(model: Model) -> int:
    """Parts that an expert cache cuts a device's step into, at most: one for each layer's lookup, three more around biases on the CPU.

    Asked of b11549 for gpt-oss-120b: 38 splits of 36 layers, 254 with the biases on the CPU, every other of which is the CPU's.

    Nothing else of a cache needs device memory beside its slots: uploads come straight from the weights in RAM, copies for large batches go
    from the slots into the compute buffer.
    source: src/llama-graph.cpp, build_moe_cache_slots: the slot map is a weight in host memory, so that the scheduler begins a split;
    ggml/src/ggml-cuda/common.cuh, ggml_backend_cuda_context::cuda_graphs: each split's graph is kept, by its first node;
    src/llama-moe-cache.cpp, copy and copy_experts
    """
    layers = [layer for layer in model.layers if layer.experts]
    biased = sum(any(t.name.endswith(".bias") for t in layer.experts) for layer in layers)
    return len(layers) + 3 * biased


def _batch(model: Model, settings: Settings) -> int:
    """The converted input of the widest product, held once in the pool.

    Measured on an H100 with three models and micro-batches of 512 to 4096: what was in use beyond this varied by 14 MiB.
    source: ggml/src/ggml-cuda/mmq.cu, ggml_cuda_mul_mat_q (src1_q8_1; a routed product has a row for each expert used)
    """
    return cells_of(settings).ubatch * _converted(model)


@per_object(8)
def _converted(model: Model) -> int:
    """Bytes a token needs for the widest product: q8_1 where the weights are quantised, else f16."""
    widest = 0
    for layer in model.layers:
        for tensor in layer.tensors:
            if len(tensor.shape) < MATRIX or tensor.quant.name == "f32":
                continue
            rows = model.experts_used if tensor.role is Role.EXPERT else 1
            elements = -(-tensor.shape[0] // ROW_PADDING) * ROW_PADDING * max(1, rows)
            widest = max(widest, elements * 9 // 8 if tensor.quant.block > 1 else elements * 2)
    return widest


def page_tables(pinned: int, device: Device) -> tuple[Term, ...]:
    """What a device keeps for its view of so many bytes of pinned RAM: eight bytes for each 4 KiB.

    Measured on an H100: 33 MiB more in use with 16.4 GiB pinned, 19 with 9.7, 37 with 18.6.
    """
    if not device.backend.host_buffer or pinned < HOST_PAGE:
        return ()
    return (Term("page tables", pinned // HOST_PAGE * 8, "the device's view of pinned memory"),)


def _buffers(settings: Settings) -> int:
    """Weights, two caches, the compute buffer, and one more of each for a draft context."""
    return 4 if not settings.draft_tokens else 7
