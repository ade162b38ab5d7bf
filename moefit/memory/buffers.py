"""What a tensor takes in a buffer: its bytes, the padding of its last row, and the buffer's alignment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from moefit.machine.backends import Backend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moefit.gguf.quants import QuantType
    from moefit.machine.types import Device

FLOAT: Final = 4
"""Bytes of an f32."""
HOST: Final = Backend("CPU", op_offload=False, host_buffer=False, row_padding=1, alignment=32)
"""Plain, pinned and repacked host buffers: TENSOR_ALIGNMENT of ggml/src/ggml-impl.h, no row padding."""


def pad(size: int, multiple: int) -> int:
    """The smallest multiple of `multiple` that is at least `size` (GGML_PAD)."""
    return -(-size // multiple) * multiple


def allocated(size: int, row: int, quant: QuantType, backend: Backend) -> int:
    """Bytes that a tensor of `size` bytes with rows of `row` elements takes in a buffer of `backend`.

    source: ggml/src/ggml-alloc.c, ggml_backend_alloc_ctx_tensors_from_buft_size;
    ggml/src/ggml-cuda/ggml-cuda.cu, ggml_backend_cuda_buffer_type_get_alloc_size
    """
    if quant.block > 1 and row % backend.row_padding:
        size += quant.row_bytes(backend.row_padding - row % backend.row_padding)
    return pad(size, backend.alignment)


def backend_at(devices: Sequence[Device], index: int) -> Backend:
    """The rules of the buffer that device `index` offers; the host's for CPU (-1)."""
    return devices[index].backend if index >= 0 else HOST
