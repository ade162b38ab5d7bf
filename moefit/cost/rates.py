"""What the parts of a machine do per second when llama.cpp drives them: every constant with its source."""

from __future__ import annotations

import re
from math import inf
from typing import TYPE_CHECKING, Final

from moefit.machine.defaults import device_bandwidth, link_bandwidth, ram_bandwidth
from moefit.values import dataclass

if TYPE_CHECKING:
    from moefit.cost.work import Load
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
    """FLOP/s of the grouped product of routed experts, padding counted as work."""
    padding: float
    """Tokens of padding that each used expert costs there."""
    attention_flops: float
    recurrence_flops: float
    """FLOP/s of stepping recurrent states from token to token."""
    layer: float
    """Seconds that a layer's kernels need whatever their size, in decode."""
    moe_layer: float
    """The same for what routed experts add: routing, gathering, weighing."""
    recurrent_layer: float
    """The same for what a recurrent state adds: convolution, gates, norms, the step itself."""
    hop: float
    """Seconds to hand an activation to the CPU and get one back."""
    unpacked: float
    """Elements of a quantised cache per second where every query head unpacks every cell; infinite where one pass serves all heads."""

    def launches(self, load: Load) -> float:
        """Seconds of the small kernels of `load`'s layers."""
        return (
            load.layers * self.layer
            + load.moe_layers * self.moe_layer
            + load.recurrent_layers * self.recurrent_layer
        )


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

_DATA_CENTRE: Final = re.compile(r"\b(?:V100|A30|A100|A800|H100|H200|H800|GH200|B200|B300)\b")

_FAMILIES: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), share, launch)
    for pattern, share, launch in (
        (_DATA_CENTRE.pattern, 0.14, 1.0),
        (r"\bRTX 20[5-8]0|\bQuadro RTX|\bTITAN RTX|\bT4\b|\bGTX 16\d\d", 0.25, 1.2),
        (r"\bGB10\b", 0.50, 1.0),
        (r"\bRTX 50[5-9]0|\bBlackwell\b", 0.40, 1.0),
        (r"\bRTX 40[5-9]0|\bAda\b|\bL4\b|\bL40S?\b", 0.53, 1.0),
        (r"\bRTX 30[5-9]0|\bRTX A\d000\b|\bA10G?\b|\bA40\b", 0.48, 1.35),
        (r"\bGTX 10\d\d|\bP40\b|\bP100\b|\bRX 5\d\d\d|\bRX 6\d\d\d|\bMI50\b|\bMI60\b|\bVII\b", 0.66, 1.3),
        (r"\bRX 9\d\d\d|\bR9700\b", 0.23, 1.1),
        (r"\bRX 7\d\d\d|\bW7\d00\b", 0.50, 1.0),
        (r"\b8060S|\b7[48]0M|\b890M", 0.33, 1.0),
        (r"\bArc\b", 0.17, 1.4),
        (r"\bApple\b", 0.36, 1.0),
    )
)
"""By chip family: the share of the FP16 tensor peak that a large quantised product reaches, and the time of small kernels against the
newest chips'. Without tensor cores the product runs on
integer dot products, so the share is high. From public llama-bench figures: Llama-2-7B Q4_0, 512 tokens, 13.4 GFLOP each (RTX 4090
13944 t/s of 330 TFLOP/s: 0.57; RTX 3090 6073 of 142: 0.57; M3 Max 760 of 28: 0.36), a dense 27B (Quadro RTX 5000 538 t/s of 89
TFLOP/s: 0.33, of which routed experts see 0.22), Qwen3-8B (RX 9070 XT, Vulkan, 4472 t/s of 195 TFLOP/s: 0.37), and of the models in tests/data/published.json
that fit on their card: RTX 4080 0.53, A5000 0.46, RTX PRO 6000 0.37, H100 0.15, W7800 0.57, Radeon 8060S 0.33-0.4,
R9700 0.23, RX 6700 XT 0.73, Arc B580 and B70 0.18-0.26. Data-centre chips have tensor cores of 2-4 times the width, fed through the same path.
Small kernels: RTX 3090 Ti with Qwen3-30B-A3B 78 us a layer, A5000 with gpt-oss-20b 130 us, against 53-58 us on RTX 5090, RTX PRO 6000 and
H100."""

_USUAL_SHARE: Final = {"CUDA": 0.45, "ROCm": 0.40, "Vulkan": 0.35, "MTL": 0.36, "SYCL": 0.25}
"""The same for a chip of no family above, by backend: the middle of what its backend's chips reach."""

_EXPERT_SHARE: Final = {"CUDA": 0.45}
_USUAL_EXPERT_SHARE: Final = 0.38
"""A grouped product of routed experts against one large product, padding not counted: the values with which the dense
figures above also explain RTX 4080, A5000, RTX PRO 6000 and H100 on six MoE models at micro-batches of 256 to 4096 tokens, each within
13% on average, and W7800, R9700 and RX 7600 on two at 512 to 4096."""

_PADDING: Final = {"CUDA": 32.0}
_USUAL_PADDING: Final = 12.0
"""Tokens of padding that each used expert costs in a grouped product, from the same figures: half a tile of 64 columns with CUDA, of 16 to 32
with the others."""

_ATTENTION_SHARE: Final = {"Vulkan": 0.35}
_USUAL_ATTENTION: Final = 0.5
"""Flash attention in FP16 against a large quantised product: from the same fit (prompts of 3072 and 4096 tokens), and from prompts on 4096
to 32768 tokens with ROCm: RX 7900 XTX 0.57, Radeon 8060S 0.58, RX 9060 XT 0.7. With Vulkan: Radeon 8060S 0.34 (Qwen3-30B-A3B, 8192
tokens cost 0.9 ms each), Arc B70 0.07."""

_RECURRENCE_SHARE: Final = 0.014
"""Stepping a gated delta net against the FP16 tensor peak: it runs on the plain FP32 units. Prefill of Qwen3.6-35B-A3B, less everything
else, per token and layer: RTX 3060 4.6 us, RTX 4060 Laptop 3.6, R9700 1.2, each for 3 MFLOP."""
_FEW_PLAIN_UNITS: Final = re.compile(r"\bRTX 20[5-8]0|\bQuadro RTX|\bTITAN RTX|\bT4\b|\bArc\b")
"""Chips whose FP32 rate is an eighth of their FP16 tensor rate, where others have a quarter: Turing (11.2 of 89 TFLOP/s on a Quadro RTX 5000) and Arc
(23 of 183 on a B70). They step a state at half the share."""

_FLOPS_PER_BYTE: Final = 150.0
"""FP16 tensor FLOP/s for each byte/s of memory where a device's compute is unknown: RTX 3060 142, RTX 3090 152, RX 7900 XTX 128."""

_READ_SHARE: Final = {"CUDA": 0.85, "ROCm": 0.75, "Vulkan": 0.80, "MTL": 0.80}
"""Share of a device's memory bandwidth that matrix-vector products reach once their launches are taken off: Llama-2-7B Q4_0 decodes
at 0.81 (RTX 3090), 0.86 (RTX 4090), 0.89 (RTX 3050), 0.84 (M2) of the datasheet's figure; W7800 and Radeon 8060S 0.75 with ROCm."""

_APPLE_SHARE: Final = tuple(
    (re.compile(pattern), share)
    for pattern, share in ((r"M\d Ultra", 0.40), (r"M\d Max", 0.55), (r"M3 Pro", 0.78), (r"M\d Pro", 0.68))
)
"""The same of Apple's larger chips, whose cores cannot draw all of it: M1 Pro 0.68, M3 Pro 0.78, M3 Ultra 0.40; M1 Max decoded 1.7-2.0 times slower
than at 0.80 and is put between."""

_MOE_LAYERS: Final = {"MTL": 245e-6}
"""Seconds of a MoE layer's small kernels where a backend's differ from CUDA's: Apple's chips about 245 us."""

_LAUNCH: Final = {"CUDA": 1.0, "SYCL": 1.0, "ROCm": 1.5, "Vulkan": 1.2, "MTL": 1.3}
"""Kernel launches against CUDA's, which a graph replays."""

_LAYER: Final = 28e-6
_MOE_LAYER: Final = 28e-6
"""Seconds that a layer's small kernels take on a CUDA device whatever their size. Qwen3-30B-A3B on an H100: 3.47 ms a token, of which
0.67 ms for 1.92 GB, leaves 58 us for each of 48 layers; RTX PRO 6000: 56 us; Llama-2-7B on an RTX 4090: 28 us for each of 32."""

_RECURRENT_LAYER: Final = 40e-6
"""The same for a recurrent state: Qwen3.6-35B-A3B against Qwen3-30B-A3B on one machine, for each of 30 layers: Quadro RTX 5000 50-65 us, RTX
5080 53, RTX 4060 Laptop 20, Radeon 8060S 110, Arc B70 80."""

_UNPACKED: Final = {"CUDA": 0.008, "ROCm": 0.008}
"""Elements of a quantised cache that the vector kernel unpacks, against the FP16 tensor peak: with a quantised K or V a single token takes it, and each
query head reads every cell for itself (ggml/src/ggml-cuda/fattn.cu, ggml_cuda_get_best_fattn_kernel). RTX 2070 Super, q8_0, 22k tokens: 20 ms for
8.7e9; RTX 4060 Ti, q8_0, 184k tokens more: 17.6 ms."""

_HOPS: Final = {"Vulkan": 300e-6, "RPC": 300e-6, "ROCm": 280e-6}
_HOP: Final = 90e-6
"""Seconds to hand an activation to the CPU and back in decode: two small copies, each with a synchronisation, and the barriers of
three products. H100 with all experts on the CPU: 120 us; RTX 5080: 150 us; Quadro RTX 5000: 50-100 us. With Vulkan each is a
submission and a fence: RX 6700 XT and R9700 300 us. ROCm: RX 9070 XT about 500 us on two machines, R9700 about 200. RPC: a few round trips of a local network."""

DISK: Final = 2e9
"""Bytes per second that page faults read from an NVMe drive: its sequential 3-7 GB/s less what small random reads lose."""

DISK_STREAM: Final = 2.5e9
"""The same of reading a file from its start to its end."""

_LAPTOP: Final = re.compile(
    r"\b(?:i[3579]-|Ultra \d )?1?\d{3,5}(?:H|HX|HK|HS|P|U|V|G[1-7])\b|\bRyzen AI", re.IGNORECASE
)
"""Processors of laptops, by the letters behind their numbers."""

_SERVER: Final = re.compile(r"xeon|epyc|threadripper|neoverse|graviton|altra|grace", re.IGNORECASE)

_DECODED: Final = 0.87
"""Of a plain read by so many threads (`moefit calibrate`), what scattered experts and rows of blocks are read at: 0.79 on an H100's host, and a
measured rate times 0.77 was 11% too slow on desktops."""

_CORE_OF_READ: Final = 0.43
"""Q4_K bytes per second of one core against what one core reads: 4.5 of 10.6 GB/s on the H100's host, linear in 4 to 16 threads."""

_DESKTOP_CORE: Final = 14e9
_LAPTOP_CORE: Final = 7e9
_SERVER_CORE: Final = 5e9
"""Q4_K bytes per second of one core: 27 GB/s on four threads of a Core i7-1360P, 13 GB/s on a Core Ultra 7 265K (OLMoE on two threads) and 22 on a Ryzen 9 7950X (Llama-3.1-8B on two),
4.5 on a virtual core of a Xeon."""

_DESKTOP_CORES: Final = 24
"""As many as a desktop has (Core i9); a machine with more that does not say what it is has a server's, or a workstation's."""
_DESKTOP_FLOPS: Final = 65e9
_SERVER_FLOPS: Final = 45e9
"""FLOP/s of one core in a large Q4_K product: 60 GFLOP/s on a Ryzen 7 5800X (Qwen3-30B-A3B, 89 t/s on 8 cores), 72 on an EPYC 9274F, 102 on
a Ryzen 9 7950X (both dense models), 36-48 on a virtual core of a Xeon."""

_DESKTOP_COPY: Final = 16e9
_SERVER_COPY: Final = 7.5e9
_COPY_OF_RAM: Final = 0.36
"""Bytes per second at which the driver copies pageable memory to its staging buffer, one thread: Core Ultra 9 265K and Core i9-14900K (DDR5)
16-17, Core i7-12700 and Ryzen 7 5800X (DDR4, 51 GB/s) 12, Xeon 6.6-8.5."""

_CROWDING: Final = 0.25
"""Power of cores over threads at which decode slows when threads outnumber cores: every product waits for the slowest. Twice the cores: 0.91 on 8
cores of DDR4, 0.88 on 16 cores, 0.73 on 4 (dense models on the CPU), 0.47 where the others are efficiency cores (experts of a MoE)."""

_REPACKED: Final = 0.55
"""Products of repacked weights against plain ones where micro-batches are spread over experts: 223 against 392 t/s on the H100's host."""

_REPACKED_ALONE: Final = 1.6
"""The same of a machine without devices, whose weights are all repacked: its prefill of Q4_K was predicted at 0.61 of what was measured."""

_COPY_BY_BACKEND: Final = {"Vulkan": 0.85, "ROCm": 1.25}
"""Copies of pageable memory against CUDA's. Vulkan has a staging buffer of its own: R9700 8-10 GB/s. ROCm: 16-19 on that machine, half of it on an
RX 9070 XT (1188 t/s where twice CUDA's rate predicts 2238)."""

_PAGEABLE_LINK: Final = 0.8
"""A slow link against its pinned rate when it is fed from pageable memory: PCIe 3 with 16 lanes, 10 of 13.4 GB/s on a Quadro RTX 5000."""

_UNIFIED_COPY: Final = 0.33
"""A copy within one memory is read and written: rocm_bandwidth_test reports 84 of 256 GB/s from CPU to GPU on a Radeon 8060S."""

_NETWORK: Final = 1.1e9
"""Bytes per second to an RPC device whose link is not stated: 10 gigabit Ethernet less its headers."""

_NODES: Final = 40
_NODE: Final = 1e-6
_NODE_THREAD: Final = 0.3e-6
"""A layer's graph nodes on the CPU, and what each one's barrier takes: 5.8 us with 16 threads, 3.4 with 8. On the H100's host, with 16, a layer
costs 230-280 us besides its bytes."""


def device_rates(device: Device) -> DeviceRates:
    """What `device` does per second."""
    bandwidth = device_bandwidth(device)
    backend = device.backend.name
    share, slower = _family(device)
    peak = device.compute or _FLOPS_PER_BYTE * bandwidth
    flops = peak * share
    launch = _LAUNCH.get(backend, 1.3) * slower
    return DeviceRates(
        read=bandwidth * _read_share(device),
        flops=flops,
        expert_flops=flops * _EXPERT_SHARE.get(backend, _USUAL_EXPERT_SHARE),
        padding=_PADDING.get(backend, _USUAL_PADDING),
        attention_flops=flops * _ATTENTION_SHARE.get(backend, _USUAL_ATTENTION),
        recurrence_flops=peak
        * _RECURRENCE_SHARE
        * (0.5 if _FEW_PLAIN_UNITS.search(device.description) else 1.0),
        layer=_LAYER * launch,
        moe_layer=_MOE_LAYERS.get(backend, _MOE_LAYER * launch),
        recurrent_layer=_RECURRENT_LAYER * launch,
        hop=_HOPS.get(backend, _HOP),
        unpacked=peak * _UNPACKED[backend] if backend in _UNPACKED else inf,
    )


def _read_share(device: Device) -> float:
    """Share of the memory's bandwidth that matrix-vector products reach on `device`."""
    named = (share for pattern, share in _APPLE_SHARE if pattern.search(device.description))
    return next(named, _READ_SHARE.get(device.backend.name, 0.75))


def _family(device: Device) -> tuple[float, float]:
    """Share of the FP16 tensor peak that a large quantised product reaches on `device`, and its factor for small kernels."""
    for family, share, launch in _FAMILIES:
        if family.search(device.description):
            return share, launch
    return _USUAL_SHARE.get(device.backend.name, 0.3), 1.0


def host_rates(machine: Machine, settings: Settings, threads: int | None) -> HostRates:
    """What the processor of `machine` does per second with so many threads; None for one per core."""
    threads = threads or best_threads(machine)
    cores = min(threads, machine.cpu.cores)
    single = dict(machine.ram.bandwidth_by_threads).get(1)
    server = _is_server(machine)
    laptop = bool(_LAPTOP.search(machine.cpu.model))
    work = (
        _CORE_OF_READ * single * cores
        if single
        else _of_cores(_SERVER_CORE, _LAPTOP_CORE if laptop else _DESKTOP_CORE, cores, server=server)
    )
    flops = _of_cores(_SERVER_FLOPS, _DESKTOP_FLOPS, cores, server=server)
    crowded = (cores / threads) ** _CROWDING
    return HostRates(
        read=max(1.0, _decode_read(machine, threads)) * crowded,
        work=work * crowded,
        flops=flops * _repacking(machine, settings),
        layer=_NODES * (_NODE + _NODE_THREAD * threads),
        pageable=0.75 * single if single else _staging(machine),
    )


def _repacking(machine: Machine, settings: Settings) -> float:
    """The rate of products of repacked weights against plain ones; without a device's host buffers the CPU's own are repacked.

    source: src/llama-model.cpp, make_cpu_buft_list
    """
    if not machine.gpus:
        return _REPACKED_ALONE
    return 1.0 if settings.host_buffers else _REPACKED


def _of_cores(slow: float, fast: float, cores: int, *, server: bool) -> float:
    """What `cores` cores do together: fast ones of a desktop, slow ones of a server, and beyond what desktops have whichever is more."""
    return slow * cores if server else max(slow * cores, fast * min(cores, _DESKTOP_CORES))


def _decode_read(machine: Machine, threads: int) -> float:
    """Bytes per second that so many threads read in decode: between what was measured with fewer and with more, or of all together."""
    known = machine.ram.bandwidth_by_threads
    below = max((pair for pair in known if pair[0] <= threads), default=None)
    above = min((pair for pair in known if pair[0] > threads), default=None)
    if below is None or above is None:
        return ram_bandwidth(machine) * (_DECODED if known else 1.0)
    (few, least), (many, most) = below, above
    return _DECODED * (least + (most - least) * (threads - few) / (many - few))


def _staging(machine: Machine) -> float:
    if _is_server(machine):
        return _SERVER_COPY
    return min(_DESKTOP_COPY, _COPY_OF_RAM * ram_bandwidth(machine))


def _is_server(machine: Machine) -> bool:
    """Many slow cores rather than few fast ones: by the processor's name, or the company of a data-centre chip."""
    named = _SERVER.search(machine.cpu.model) or any(
        _DATA_CENTRE.search(gpu.description) for gpu in machine.gpus
    )
    return bool(named)


def best_threads(machine: Machine) -> int:
    """The threads to compute with: one for each physical performance core that this process may use.

    source: common/common.cpp, common_cpu_get_num_math, which llama.cpp's own default follows
    """
    cpu = machine.cpu
    cores = cpu.cores if cpu.quota is None else min(cpu.cores, max(1, int(cpu.quota)))
    return max(1, cores)


def copy_rate(host: HostRates, device: Device, settings: Settings) -> float:
    """Bytes per second at which weights on the CPU reach `device`: pinned or pageable, as the load mode makes them.

    source: src/llama-model-loader.cpp, which avoids the device's host buffer type when the file is mapped
    """
    link = handover_rate(device)
    pinned = device.backend.host_buffer and not settings.is_mapped
    if pinned or device.integrated:
        return link
    if device.pageable_bandwidth is not None:
        return float(device.pageable_bandwidth)
    staged = host.pageable * _COPY_BY_BACKEND.get(device.backend.name, 1.0)
    return min(_PAGEABLE_LINK * link, staged)


def handover_rate(device: Device) -> float:
    """Bytes per second at which pinned memory and `device` exchange data."""
    if device.integrated:
        return _UNIFIED_COPY * device_bandwidth(device)
    if device.backend.name == "RPC" and device.link_bandwidth is None:
        return _NETWORK
    return max(1.0, float(link_bandwidth(device)))
