"""What a backend's name says about its rules. One row a backend; each column names the llama.cpp source it follows."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from moefit.values import dataclass

PARTIAL: Final = frozenset(
    {"ADD_MATRIX", "FLASH_ATTN_EXT", "LIGHTNING_INDEXER", "MUL_MAT_ID_F32", "SSM_CONV", "SSM_SCAN"}
)
"""Operations of which ggml-cuda runs some shapes and types only, as far as a model meets one that it does not (memory.graph.rules).

ADD_MATRIX is a sum with a matrix of the file, MUL_MAT_ID_F32 a product of experts whose sources must stay f32 (GGML_PREC_F32).
"""


@dataclass(frozen=True, slots=True)
class Backend:
    """The rules of one ggml backend that placement and memory depend on."""

    name: str
    """The device name's prefix: CUDA, ROCm, Vulkan, MTL, RPC ..."""
    op_offload: bool
    """Copies weights of large batches to the device and computes there (ggml's offload_op)."""
    host_buffer: bool
    """Offers pinned host memory (ggml's get_host_buffer_type)."""
    row_padding: int
    """Elements to which CUDA-like backends pad a quantised row (MATRIX_ROW_PADDING in ggml-cuda); 1 for none."""
    sets_up_all: bool = False
    """Its runtime sets up every device at the first call, also those that no line uses (ROCm/clr, hipamd/src/hip_context.cpp, hip::init)."""
    tells_integrated: bool = False
    """Calls a device that shares the host's memory integrated, so that llama.cpp leaves it out beside a card (its get_type)."""
    alignment: int = 128
    """Bytes to which a tensor is padded in a buffer (get_alignment of the backend's buffer type)."""
    fuses: bool = False
    """Keeps tensors longer for its fused kernels, as ggml-cuda does (ggml_backend_cuda_graph_optimize)."""
    peer_copies: bool = False
    """Copies from one of its devices to another without the host's memory (its cpy_tensor_async)."""
    partial: frozenset[str] = frozenset()
    """Operations of which it runs some shapes only (its supports_op); all shapes of any other."""
    pipelines: bool = True
    """Computes asynchronously and has events, so that devices may work on several micro-batches at once (`async` and `events` of its get_props)."""


# alignment: Vulkan and WebGPU ask the device (minStorageBufferOffsetAlignment, 4 to 256); RPC asks the server, a CPU in our recordings.
# op_offload: ggml_backend_*_device_offload_op in ggml/src/ggml-{cuda,vulkan,sycl,metal,cann}; the others leave it null.
_BACKENDS: Final = {
    b.name: b
    for b in (
        Backend(
            "CUDA",
            op_offload=True,
            host_buffer=True,
            tells_integrated=True,
            row_padding=512,
            fuses=True,
            partial=PARTIAL,
            peer_copies=True,
        ),
        Backend(
            "ROCm",
            op_offload=True,
            host_buffer=True,
            sets_up_all=True,
            tells_integrated=True,
            row_padding=512,
            fuses=True,
            partial=PARTIAL,
            peer_copies=True,
        ),
        Backend(
            "MUSA",
            op_offload=True,
            host_buffer=True,
            tells_integrated=True,
            row_padding=512,
            fuses=True,
            partial=PARTIAL,
            peer_copies=True,
        ),
        Backend(
            "Vulkan", op_offload=True, host_buffer=True, tells_integrated=True, row_padding=1, alignment=64
        ),
        Backend("SYCL", op_offload=True, host_buffer=True, tells_integrated=True, row_padding=512),
        Backend("MTL", op_offload=True, host_buffer=False, row_padding=1, alignment=32, peer_copies=True),
        Backend("CANN", op_offload=True, host_buffer=True, row_padding=1, peer_copies=True, pipelines=False),
        Backend("RPC", op_offload=False, host_buffer=False, row_padding=1, alignment=32),
        Backend("OpenCL", op_offload=False, host_buffer=False, row_padding=1, pipelines=False),
        Backend("WebGPU", op_offload=False, host_buffer=False, row_padding=1, pipelines=False),
    )
}


@cache
def backend_of(device: str) -> Backend:
    """The backend whose rules a device named `device` follows; an unknown name gets the rules that need most memory."""
    prefix = re.sub(r"\d.*$", "", device).removeprefix("GPU")  # OpenCL's device is called GPUOpenCL
    for name, backend in _BACKENDS.items():
        if prefix.lower() == name.lower():
            return backend
    return Backend(prefix, op_offload=True, host_buffer=True, row_padding=512, fuses=True)
