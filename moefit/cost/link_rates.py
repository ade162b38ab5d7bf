"""What passes between host memory and a device per second: pinned memory, or by way of a staging buffer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moefit.cost import constants as c
from moefit.machine.assumed import device_bandwidth, link_bandwidth

if TYPE_CHECKING:
    from moefit.cost.host_rates import HostRates
    from moefit.launch.settings import Settings
    from moefit.machine.types import Device


def copy_rate(host: HostRates, device: Device, settings: Settings) -> float:
    """Bytes per second at which weights on the CPU reach `device`: pinned or pageable, as the load mode makes them.

    source: src/llama-model-loader.cpp, which avoids the device's host buffer type when the file is mapped
    """
    pinned = device.backend.host_buffer and settings.pinned and not settings.is_mapped
    return handover_rate(device) if pinned else staged_rate(host, device)


def staged_rate(host: HostRates, device: Device) -> float:
    """Bytes per second at which memory that is not pinned reaches `device`."""
    link = handover_rate(device)
    if device.integrated:
        return link
    if device.pageable_bandwidth is not None:
        return float(device.pageable_bandwidth)
    staged = host.pageable * c.COPY_BY_BACKEND[native(device)]
    together: float = (link**-c.FED + staged**-c.FED) ** (-1.0 / c.FED)
    return together


def native(device: Device) -> str:
    """The backend whose figures of copies, visits to the CPU and attention are a device's: NVIDIA's cards show CUDA's with Vulkan too.

    An RTX 3060 on a Ryzen 5 5600 decodes Qwen3.6-35B-A3B with Vulkan in 26.0 ms with all experts in RAM and in 20.7 with those of 18 layers, which AMD's visits
    of 0.3 ms would take twice as long for, and reads prompts at the rate at which CUDA copies (b10284).
    """
    vulkan = device.backend.name == "Vulkan" and c.NVIDIA_CARDS.search(device.description)
    return "CUDA" if vulkan else device.backend.name


def handover_rate(device: Device) -> float:
    """Bytes per second at which pinned memory and `device` exchange data."""
    if device.integrated:
        return c.UNIFIED_COPY * device_bandwidth(device)
    if device.backend.name == "RPC" and device.link_bandwidth is None:
        return c.NETWORK
    return max(1.0, float(link_bandwidth(device)))
