"""What a backend's runtime takes on a device before llama.cpp allocates anything: the plan's `overhead` term."""

from __future__ import annotations

from typing import Final

from moefit.machine.backends import backend_of
from moefit.sizes import MIB

_CUDA_BASE: Final = 150 * MIB
_CUDA_PER_MULTIPROCESSOR: Final = 5 * MIB // 2
_CUDA_LEAST: Final = 250 * MIB
_CUDA_MOST: Final = 500 * MIB
_CUDA_UNKNOWN: Final = 450 * MIB
_FLAT: Final = {
    "ROCm": 300 * MIB,
    "MUSA": 450 * MIB,
    "SYCL": 250 * MIB,
    "Vulkan": 120 * MIB,
    "MTL": 0,
    "RPC": 0,
}
_OTHER: Final = 300 * MIB


def context_overhead(device: str, multiprocessors: int | None = None) -> int:
    """Bytes the runtime's context takes on the device named `device` (its backend decides), beyond what llama.cpp counts.

    A CUDA context holds modules and the local memory of every resident thread, so it grows with the multiprocessors. What public
    `--list-devices` logs of idle cards lack of their total is such a bare context: 164 MiB on an RTX 5060 Ti (36 of them), 264 on
    an RTX 3090 (82), 392 on an RTX 4090 (128): about 70 MiB + 2.5 MiB each. cuBLAS and llama.cpp's own kernels add some 80 to 100
    when they first run: about 500 measured in all on an H100 (132). So 150 MiB + 2.5 MiB each, held to 250-500; a card that does
    not say how many it has gets 450. ROCm, SYCL and Vulkan figures are round numbers above what users report. Metal allocates
    from the process, and an RPC server has paid before it reports.

    >>> context_overhead("CUDA0", 82) // MIB, context_overhead("RPC0")
    (355, 0)
    """
    backend = backend_of(device).name
    if backend != "CUDA":
        return _FLAT.get(backend, _OTHER)
    if multiprocessors is None:
        return _CUDA_UNKNOWN
    return min(max(_CUDA_BASE + multiprocessors * _CUDA_PER_MULTIPROCESSOR, _CUDA_LEAST), _CUDA_MOST)
