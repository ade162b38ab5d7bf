"""Several micro-batches at once: only where every device's backend computes asynchronously and has events."""

from __future__ import annotations

import pytest

from moefit.launch.settings import Settings
from moefit.machine.types import Device
from moefit.memory.pipelining import pipelines
from moefit.placement.types import Placement

SLOTS = Placement((0, 0, 1, 1))


@pytest.mark.parametrize(
    ("backends", "expected"),
    [
        (("CUDA", "CUDA"), True),
        (("ROCm", "Vulkan"), True),
        (("SYCL", "MTL"), True),
        (("CUDA", "RPC"), True),
        (("OpenCL", "OpenCL"), False),
        (("CANN", "CANN"), False),
        (("WebGPU", "WebGPU"), False),
        (("CUDA", "OpenCL"), False),
    ],
)
def test_a_backend_without_asynchronous_computing_ends_pipelining(
    backends: tuple[str, ...], *, expected: bool
) -> None:
    # `async` and `events` of get_props in ggml/src/ggml-*
    devices = [Device(f"{name}{index}", 1 << 34, 1 << 34) for index, name in enumerate(backends)]
    assert expected == pipelines(devices, Settings(8192), SLOTS)
