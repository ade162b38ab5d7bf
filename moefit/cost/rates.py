"""What the parts of a machine do per second when llama.cpp drives them: every constant with its source."""

from __future__ import annotations

import re
from math import inf, isinf
from typing import TYPE_CHECKING, Final

from moefit.cost import constants as c
from moefit.machine.assumed import SMALL_CORES, device_bandwidth, link_bandwidth, ram_bandwidth
from moefit.memory.memo import per_object
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moefit.cost.work import Load
    from moefit.launch.settings import Settings
    from moefit.machine.types import Device, Machine


@dataclass(frozen=True, slots=True)
class DeviceRates:
    """One device under llama.cpp."""

    read: float
    """Bytes of weights per second in a matrix-vector product."""
    read_fp4: float
    """The same of weights in MXFP4, which take longer to unpack."""
    passed: float
    """Elements of activations per second that norms, gates and sums read and write between products."""
    flops: float
    """FLOP/s of a large quantised matrix product."""
    expert_flops: float
    """FLOP/s of the grouped product of routed experts, padding counted as work."""
    fp4: float
    """How much faster it is where the experts' type is one that its tensor cores multiply as it is."""
    q4_0: float
    """How much faster it multiplies Q4_0."""
    padding: float
    """Tokens of padding that each used expert costs there."""
    sort_step: float
    """Seconds in which a warp looks at the experts of some tokens."""
    idle_outputs: float
    """Outputs of a product that could be computed while a device waits for its last tiles; 0 where tiles are parted."""
    attention_flops: float
    """FLOP/s of flash attention with heads of 128."""
    heads: tuple[tuple[float, float], ...]
    """Sizes of heads, and how fast attention is with those up to each, against 128."""
    recurrence_flops: float
    """FLOP/s of stepping recurrent states from token to token."""
    layer: float
    """Seconds that a layer's kernels need whatever their size, in decode."""
    moe_layer: float
    """The same for what routed experts add: routing, gathering, weighing."""
    recurrent_layer: float
    """The same for what a recurrent state adds: convolution, gates, norms, the step itself."""
    kernel: float
    """Seconds of a small kernel beyond those."""
    hop: float
    """Seconds to hand an activation to the CPU and get one back."""
    unpacked: float
    """Elements of a quantised cache per second where every query head unpacks every cell; infinite where one pass serves all heads."""
    each_head: float
    """Elements of any cache per second where every query head reads every cell for itself; infinite where one pass serves all heads."""

    def of_heads(self, size: float) -> float:
        """How fast attention is with heads of a size, against 128."""
        return next((factor for most, factor in self.heads if size <= most), 1.0)

    def launches(self, load: Load) -> float:
        """Seconds of the small kernels of `load`'s layers."""
        return (
            load.layers * self.layer
            + load.moe_layers * self.moe_layer
            + load.recurrent_layers * self.recurrent_layer
            + load.kernels * self.kernel
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
    served: float
    """Seconds in which one core chooses and sends a token."""
    begun: float
    """Seconds in which one core builds a layer's graph for a prompt and starts its first kernels."""
    threads: int
    """How many share the work."""

    def seconds(self, read: float, work: float) -> float:
        """Time to read `read` bytes that weigh `work`: near the slower of the two limits, above it where they are close."""
        by_bytes, by_work = read / self.read, work / self.work
        together: float = (by_bytes**c.SHARPNESS + by_work**c.SHARPNESS) ** (1.0 / c.SHARPNESS)
        return together


_PLAIN_UNITS: Final = (
    (
        re.compile(
            r"\bRTX 20[5-8]0|\bQuadro RTX|\bTITAN RTX|\bT4\b|\bArc\b|\bMI(?:100|2\d\d[AX]?|3\d\d[AX]?)\b"
        ),
        0.5,
    ),
    (c.DATA_CENTRE, 0.27),
    (
        re.compile(
            r"\bGTX 10\d\d|\bP40\b|\bP100\b|\bRX [56]\d\d\d|\bMI[56]0\b|\bRadeon VII\b|\bVega\b|\bApple\b"
        ),
        2.0,
    ),
)
"""Chips whose FP32 rate is not the usual quarter of their FP16 rate, against it: an eighth on Turing (11.2 of 89 TFLOP/s on a Quadro RTX 5000), Arc (23 of
183 on a B70) and CDNA (23 of 185 on an MI100), a fifteenth on data-centre chips (67 of 989 on an H200), half where there are no units for matrices (13.3 of
26.5 on an MI50, Pascal, RDNA before its third, Apple's). They step a state, and do what lies between products, at so much of the share."""


_LAPTOP: Final = re.compile(
    r"\b(?:i[3579]-|Ultra \d )?1?\d{3,5}(?:H|HX|HK|HS|P|U|V|G[1-7])\b|\bRyzen AI", re.IGNORECASE
)
"""Processors of laptops, by the letters behind their numbers."""

_SERVER: Final = re.compile(r"xeon|epyc|threadripper|neoverse|graviton|altra|grace", re.IGNORECASE)


_AMD: Final = re.compile(r"\bAMD\b|\bRadeon\b")

_DESKTOP_CORES: Final = 24
"""As many as a desktop has (Core i9); a machine with more that does not say what it is has a server's, or a workstation's."""


@per_object(64)
def device_rates(device: Device) -> DeviceRates:
    """What `device` does per second."""
    bandwidth = device_bandwidth(device)
    backend = device.backend.name
    family = next((chip for chip in c.CHIPS if chip.names(device)), None)
    share, slower = (family.share, family.launch) if family else (c.USUAL_SHARE[backend], 1.0)
    peak = device.compute or c.FLOPS_PER_BYTE * bandwidth
    flops = peak * share
    experts = family.experts if family and family.experts else c.EXPERT_SHARE[backend]
    attention = family.attention if family and family.attention else share * _attention_share(device)
    launch = c.LAUNCH[backend] * slower
    readable, clocks = bandwidth * _read_share(device), _clocks(device)
    return DeviceRates(
        read=min(readable, _drawn(device, clocks * c.DRAWN)),
        read_fp4=min(readable, _drawn(device, clocks * c.DRAWN_FP4)),
        passed=peak * c.PASSED * _plain_units(device),
        flops=flops,
        expert_flops=flops * experts,
        fp4=_fp4(device),
        q4_0=c.ONE_SHIFT if c.GCN.search(device.description) else 1.0,
        padding=c.PADDING,
        sort_step=c.SORT_STEP[backend],
        idle_outputs=_idle_outputs(device, peak),
        attention_flops=peak * attention,
        heads=_heads(device),
        recurrence_flops=peak * c.RECURRENCE_SHARE * _plain_units(device),
        layer=c.LAYER * launch + _launched_anew(device),
        moe_layer=(c.MOE_LAYERS[backend] or c.MOE_LAYER * launch) + _launched_anew(device),
        recurrent_layer=c.RECURRENT_LAYER * launch + _stepped(device),
        kernel=c.KERNEL * launch,
        hop=c.HOPS[backend] if device.latency is None else c.RPC_TRIPS * device.latency,
        unpacked=_unpacked(backend, peak, clocks),
        each_head=peak * c.EACH_HEAD[backend],
    )


def _attention_share(device: Device) -> float:
    """Of the rate of a large product; NVIDIA's chips multiply in their tensor cores with Vulkan too."""
    own = device.backend.name == "Vulkan" and c.NVIDIA_CARDS.search(device.description)
    return c.ATTENTION_SHARE["CUDA" if own else device.backend.name]


def _heads(device: Device) -> tuple[tuple[float, float], ...]:
    """How fast attention is with heads of other sizes than 128."""
    known = (
        heads
        for backend, chips, heads in c.HEADS
        if backend in {"", device.backend.name} and chips.search(device.description)
    )
    return next(known, ())


def _idle_outputs(device: Device, peak: float) -> float:
    """Outputs of half a tile of each computing unit, where no tile is parted: so much could be computed while the last ones are."""
    if device.backend.name != "ROCm":
        return 0.0
    units = (peak / flops for name, flops in c.UNIT_FLOPS if name.search(device.description))
    return next(units, 0.0) * c.TILE / 2.0


def _drawn(device: Device, usual: float) -> float:
    """Bytes per second that a device's units unpack, whatever its memory gives."""
    if device.compute and c.GCN.search(device.description):
        return device.compute / c.GCN_FLOPS * c.DRAWN_BY_GCN
    return usual


def _fp4(device: Device) -> float:
    """How much faster `device` multiplies experts in MXFP4 than in K-quants."""
    if device.backend.name == "CUDA" and c.FP4_CHIPS.search(device.description):
        return c.FP4
    return c.ONE_SCALE if _AMD.search(device.description) and not c.GCN.search(device.description) else 1.0


def _stepped(device: Device) -> float:
    """Seconds that a step of a recurrent state takes more on chips whose kernels for it are slow."""
    slow = device.backend.name == "ROCm" and c.RDNA4.search(device.description)
    return c.STEP_OF_RDNA4 if slow else 0.0


def _launched_anew(device: Device) -> float:
    """Seconds of launches in a layer on a device that replays no graph. source: ggml/src/ggml-cuda/ggml-cuda.cu, ggml_cuda_graph_set_enabled."""
    return c.LAUNCHED_ANEW if c.NO_GRAPHS.search(device.description) else 0.0


def _plain_units(device: Device) -> float:
    return next((few for name, few in _PLAIN_UNITS if name.search(device.description)), 1.0)


def _read_share(device: Device) -> float:
    """Share of the memory's bandwidth that matrix-vector products reach on `device`."""
    named = (share for pattern, share in c.APPLE if pattern.search(device.description))
    return next(named, c.READ_SHARE[device.backend.name])


def _unpacked(backend: str, peak: float, clocks: float) -> float:
    """Elements of a quantised cache per second where every query head unpacks every cell; infinite with a backend where one pass serves all heads."""
    of_peak = peak * c.UNPACKED[backend]
    return of_peak if isinf(of_peak) or isinf(clocks) else clocks * c.UNPACKED_IN_A_CLOCK


def _clocks(device: Device) -> float:
    """Multiprocessors times clock of `device`, by its peak; infinite where that does not tell."""
    per_clock = (flops for pattern, flops in c.TENSOR_FLOPS if pattern.search(device.description))
    flops = next(per_clock, None)
    return device.compute / flops if device.compute and flops else inf


def host_rates(machine: Machine, settings: Settings, threads: int | None) -> HostRates:
    """What the processor of `machine` does per second with so many threads; None for one per core."""
    spread = settings.numa is not None
    return processor_rates(machine, threads or best_threads(machine), settings.host_buffers, spread)


@per_object(8)
def processor_rates(machine: Machine, threads: int, host_buffers: bool, spread: bool) -> HostRates:  # noqa: FBT001 - remembered by position
    """The same by what it depends on of the launch, so that a search asks it once."""
    cores = min(threads, machine.cpu.cores)
    single = dict(machine.ram.bandwidth_by_threads).get(1)
    server = _is_server(machine)
    laptop = bool(_LAPTOP.search(machine.cpu.model))
    work = (
        c.CORE_OF_READ * single * cores
        if single
        else _of_cores(
            c.VIRTUAL_CORE if machine.cpu.virtual else c.SERVER_CORE,
            c.LAPTOP_CORE if laptop else c.DESKTOP_CORE,
            cores,
            server=server,
        )
    )
    fast = c.SMALL_FLOPS if SMALL_CORES.search(machine.cpu.model) else c.DESKTOP_FLOPS
    flops = _of_cores(min(c.SERVER_FLOPS, fast), fast, cores, server=server)
    crowded = (cores / threads) ** c.CROWDING
    read, work = _measured_decode(machine, threads, cores) or (
        _decode_read(machine, threads, spread=spread),
        work,
    )
    return HostRates(
        read=max(1.0, read) * crowded,
        work=work * crowded,
        flops=flops * _repacking(machine, host_buffers=host_buffers),
        layer=barriers(threads, virtual=machine.cpu.virtual),
        pageable=0.75 * single if single else _staging(machine),
        served=c.SERVED_BY_SERVER if server else c.SERVED,
        begun=c.BEGUN_BY_SERVER if server else c.BEGUN,
        threads=threads,
    )


def barriers(threads: int, *, virtual: bool = False) -> float:
    """Seconds in which so many threads wait for each other in a layer, which takes longer where they may have to wait for a processor too."""
    return c.NODES * (c.NODE + (c.VIRTUAL_NODE_THREAD if virtual else c.NODE_THREAD) * threads)


def _measured_decode(machine: Machine, threads: int, cores: int) -> tuple[float, float] | None:
    """Bytes of RAM and of Q4_K per second by what llama-bench decoded, so that both limits together give what it measured; None without that."""
    known = machine.ram.decoded_by_threads
    if not known:
        return None
    few, least = known[0]
    work = least / few * cores
    rate = _between(known, threads) or float(known[-1][1])
    most = float(machine.ram.bandwidth or inf)
    left = rate**-c.SHARPNESS - work**-c.SHARPNESS
    return (min(most, left ** (-1.0 / c.SHARPNESS)) if left > 0.0 else most), work


def _between(known: Sequence[tuple[int, int]], threads: int) -> float | None:
    """The rate of so many threads, between those that were measured with fewer and with more; None beyond them."""
    below = max((pair for pair in known if pair[0] <= threads), default=None)
    above = min((pair for pair in known if pair[0] > threads), default=None)
    if below is None or above is None:
        return None
    (few, least), (many, most) = below, above
    return least + (most - least) * (threads - few) / (many - few)


def _repacking(machine: Machine, *, host_buffers: bool) -> float:
    """The rate of products of repacked weights against plain ones; without a device's host buffers the CPU's own are repacked.

    source: src/llama-model.cpp, make_cpu_buft_list
    """
    if not machine.gpus:
        return c.REPACKED_ALONE
    return 1.0 if host_buffers else c.REPACKED


def _of_cores(slow: float, fast: float, cores: int, *, server: bool) -> float:
    """What `cores` cores do together: fast ones of a desktop, slow ones of a server, and beyond what desktops have whichever is more."""
    return slow * cores if server else max(slow * cores, fast * min(cores, _DESKTOP_CORES))


def _decode_read(machine: Machine, threads: int, *, spread: bool) -> float:
    """Bytes per second that so many threads read in decode: between what was measured with fewer and with more, or of all together."""
    known = machine.ram.bandwidth_by_threads
    rate = _between(known, threads)
    if rate is None:
        return ram_bandwidth(machine, spread=spread) * (c.DECODED if known else 1.0)
    return c.DECODED * rate


def _staging(machine: Machine) -> float:
    if _is_server(machine):
        return c.SERVER_COPY
    return min(c.DESKTOP_COPY, c.COPY_OF_RAM * ram_bandwidth(machine))


@per_object(8)
def _is_server(machine: Machine) -> bool:
    """Many slow cores rather than few fast ones: by the processor's name, or the company of a data-centre chip."""
    named = _SERVER.search(machine.cpu.model) or any(
        c.DATA_CENTRE.search(gpu.description) for gpu in machine.gpus
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
    pinned = device.backend.host_buffer and settings.pinned and not settings.is_mapped
    return handover_rate(device) if pinned else staged_rate(host, device)


def staged_rate(host: HostRates, device: Device) -> float:
    """Bytes per second at which memory that is not pinned reaches `device`."""
    link = handover_rate(device)
    if device.integrated:
        return link
    if device.pageable_bandwidth is not None:
        return float(device.pageable_bandwidth)
    staged = host.pageable * c.COPY_BY_BACKEND[device.backend.name]
    together: float = (link**-c.FED + staged**-c.FED) ** (-1.0 / c.FED)
    return together


def handover_rate(device: Device) -> float:
    """Bytes per second at which pinned memory and `device` exchange data."""
    if device.integrated:
        return c.UNIFIED_COPY * device_bandwidth(device)
    if device.backend.name == "RPC" and device.link_bandwidth is None:
        return c.NETWORK
    return max(1.0, float(link_bandwidth(device)))
