"""What the parts of a machine do per second when llama.cpp drives them: every constant with its source."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from moefit.machine.defaults import device_bandwidth, link_bandwidth, ram_bandwidth

if TYPE_CHECKING:
    from moefit.launch.settings import Settings
    from moefit.machine.types import Device, Machine


@dataclass(frozen=True, slots=True)
class DeviceRates:
    """One device under llama.cpp."""

    read: float
    """Bytes of weights per second in a matrix-vector product."""
    flops: float
    """FLOP/s of a large quantised matrix product."""
    expert_flops: float
    """FLOP/s of the grouped product of routed experts, padding not counted as work."""
    attention_flops: float
    layer: float
    """Seconds that a layer's kernels need whatever their size, in decode."""
    moe_layer: float
    """The same for what routed experts add: routing, gathering, weighing."""


@dataclass(frozen=True, slots=True)
class HostRates:
    """The processor under llama.cpp."""

    read: float
    """Bytes per second that all threads read from RAM in a matrix-vector product, if they keep up."""
    work: float
    """Bytes of Q4_K per second that all threads get through, if RAM keeps up."""
    flops: float
    """FLOP/s of a large quantised matrix product."""
    layer: float
    """Seconds of a layer's barriers between threads."""
    pageable: float
    """Bytes per second at which one thread copies to a pinned staging buffer."""

    def seconds(self, read: float, work: float) -> float:
        """Time to read `read` bytes that weigh `work`: near the slower of the two limits, above it where they are close."""
        by_bytes, by_work = read / self.read, work / self.work
        together: float = (by_bytes**_SHARPNESS + by_work**_SHARPNESS) ** (1.0 / _SHARPNESS)
        return together


_SHARPNESS: Final = 4.0

_WIDE_TENSOR: Final = re.compile(r"\b(?:V100|A30|A100|A800|H100|H200|H800|GH200|B200|B300)\b")
"""Data-centre chips: their tensor cores are 2-4 times those of a GeForce multiprocessor, but llama.cpp's quantised product
feeds them through the same path, so that a smaller share of the peak is reached."""

_FLOPS_PER_BYTE: Final = 150.0
"""FP16 tensor FLOP/s for each byte/s of memory where a device's compute is unknown: RTX 3060 142, RTX 3090 152, RX 7900 XTX 128."""

HOP: Final = 70e-6
"""Seconds to hand an activation from a device to the CPU and back in decode: two small copies, each with a synchronisation."""

DISK: Final = 2e9
"""Bytes per second that page faults read from an NVMe drive: its sequential 3-7 GB/s less what small random reads lose."""

_SERVER: Final = re.compile(r"xeon|epyc|threadripper|neoverse|graviton|altra|grace", re.IGNORECASE)


def device_rates(device: Device) -> DeviceRates:
    """What `device` does per second."""
    bandwidth = device_bandwidth(device)
    peak = device.compute or _FLOPS_PER_BYTE * bandwidth
    backend = device.backend.name
    share = 0.17 if _WIDE_TENSOR.search(device.description) else 0.5
    slow = {"CUDA": 1.0, "ROCm": 1.3, "Vulkan": 1.5, "MTL": 1.3}.get(backend, 1.5)
    flops = peak * share / (1.0 if backend == "CUDA" else 1.3)
    return DeviceRates(
        read=bandwidth * (0.85 if backend == "CUDA" else 0.75),
        flops=flops,
        expert_flops=flops * 0.5,
        attention_flops=flops,
        layer=28e-6 * slow,
        moe_layer=28e-6 * slow,
    )


def host_rates(machine: Machine, settings: Settings) -> HostRates:
    """What the processor of `machine` does per second with the threads of `settings`."""
    threads = settings.threads or best_threads(machine)
    cores = min(threads, machine.cpu.cores)
    single = dict(machine.ram.bandwidth_by_threads).get(1)
    bandwidth = ram_bandwidth(machine)
    server = bool(_SERVER.search(machine.cpu.model)) or machine.cpu.cores > 24
    core = 0.43 * single if single else (5e9 if server else 10e9)
    return HostRates(
        read=bandwidth * 0.8,
        work=core * cores,
        flops=(45e9 if server else 60e9) * cores,
        layer=40 * (2e-6 + 0.3e-6 * threads),
        pageable=0.75 * (single or (10.6e9 if server else 14e9)),
    )


def best_threads(machine: Machine) -> int:
    """The threads to compute with: one for each physical performance core that this process may use.

    source: common/common.cpp, common_cpu_get_num_math, which llama.cpp's own default follows
    """
    cpu = machine.cpu
    cores = cpu.cores if cpu.quota is None else min(cpu.cores, max(1, int(cpu.quota)))
    return max(1, cores)


def copy_rate(host: HostRates, device: Device, settings: Settings) -> float:
    """Bytes per second at which weights on the CPU reach `device`: pinned or pageable, as the load mode makes them.

    source: src/llama-model.cpp, which avoids the device's host buffer type when the file is mapped
    """
    link = link_bandwidth(device)
    pinned = settings.host_buffers and device.backend.host_buffer and "mmap" not in settings.load_mode
    if pinned or device.integrated:
        return link
    if device.pageable_bandwidth is not None:
        return device.pageable_bandwidth
    return min(0.8 * link, host.pageable)
