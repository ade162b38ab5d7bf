"""What moefit keeps back on a device for growth that llama.cpp does not count, as named terms.

The runtime's own context is another term, `overhead` (moefit.machine.overhead).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from moefit.memory.cells import context
from moefit.placement.budget import Term

if TYPE_CHECKING:
    from moefit.launch.settings import Settings
    from moefit.machine.types import Device
    from moefit.model import Model

MIB: Final = 1 << 20

POOLS: Final = {
    "CUDA": (
        230 * MIB,
        "measured on an H100: 730 MiB beyond llama.cpp's own figure, 500 of them the context",
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

GRANULE: Final = 2 * MIB
"""Device memory is handed out in pages of so many bytes (cuMemGetAllocationGranularity)."""


def reserve(model: Model, settings: Settings, device: Device) -> tuple[Term, ...]:
    """The named terms kept back on one device.

    Args:
        model: its embedding length sets what a token needs in the pools.
        settings: the micro-batch sets how many tokens need it.
        device: its backend has the pools.
    """
    fixed, why = POOLS.get(device.backend.name, UNKNOWN_POOLS)
    return (
        Term("pools", fixed, why),
        Term("batch", _batch(model, settings), "a row of activations for each token of the micro-batch"),
        Term("pages", _buffers(settings) * GRANULE, "each buffer ends in a page of its own"),
    )


def _batch(model: Model, settings: Settings) -> int:
    """Measured: 17 MiB more at a micro-batch of 2048 than at 512 with 2048 elements a token, hence 4 bytes an element."""
    embedding = model.metadata.get(f"{model.architecture}.embedding_length")
    return 4 * context(settings).ubatch * (embedding if isinstance(embedding, int) else 0)


def _buffers(settings: Settings) -> int:
    """Weights, two caches, the compute buffer, and one more of each for a draft context."""
    return 4 if not settings.draft_tokens else 7
