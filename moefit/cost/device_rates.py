"""What a device does per second when llama.cpp drives it, by constants.py."""

from __future__ import annotations

import re
from math import inf, isinf
from typing import TYPE_CHECKING, Final

from moefit.cost import constants as c
from moefit.cost.link_rates import native
from moefit.gguf.quants import QUANTS
from moefit.machine.assumed import device_bandwidth
from moefit.memory.memo import per_object
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moefit.cost.token_load import Load
    from moefit.gguf.quants import QuantType
    from moefit.machine.types import Device


@dataclass(frozen=True, slots=True)
class DeviceRates:
    """One device under llama.cpp."""

    read: float
    """Bytes of weights per second in a matrix-vector product."""
    types: Mapping[str, float]
    """The same of weights that every token reads in types that take longer or less to unpack; "" for all that are not named."""
    expert_types: Mapping[str, float]
    """The same of routed experts."""
    state: float
    """Bytes of recurrent states per second."""
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
    sixteens: float
    """How much faster it multiplies types whose scales are for 16 elements."""
    padding: float
    """Tokens of padding that each used expert costs there."""
    block: float
    """Seconds in which it starts a block of it that may find nothing to do."""
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
    delta_layer: float
    """What a gated delta net adds to that."""
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
            + load.delta_layers * self.delta_layer
            + load.kernels * self.kernel
        )


_AMD: Final = re.compile(r"\bAMD\b|\bRadeon\b")


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
    read, types, expert_types = _by_type(device, readable, peak, clocks)
    return DeviceRates(
        read=read,
        types=types,
        expert_types=expert_types,
        state=readable / c.STATE_PASSES[backend],
        passed=peak * c.PASSED * _plain_units(device),
        flops=flops,
        expert_flops=flops * experts,
        fp4=_fp4(device),
        q4_0=c.ONE_SHIFT if c.GCN.search(device.description) else 1.0,
        sixteens=c.SIXTEENS if _tiles(device) else 1.0,
        padding=_padding(device),
        block=c.TILE_START / clocks if _tiles(device) else 0.0,
        sort_step=c.SORT_STEP[backend],
        idle_outputs=_idle_outputs(device, peak),
        attention_flops=peak * attention,
        heads=_heads(device),
        recurrence_flops=peak * _recurrence_share(device),
        layer=c.LAYER * launch + _launched_anew(device),
        moe_layer=(c.MOE_LAYERS[backend] * slower or c.MOE_LAYER * launch) + _launched_anew(device),
        recurrent_layer=c.RECURRENT_LAYER * launch + _stepped(device),
        delta_layer=_stepped_delta(device),
        kernel=c.KERNEL * launch,
        hop=c.HOPS[native(device)] if device.latency is None else c.RPC_TRIPS * device.latency,
        unpacked=_unpacked(backend, peak, clocks),
        each_head=peak * _each_head(device),
    )


def _attention_share(device: Device) -> float:
    """Of the rate of a large product; NVIDIA's chips multiply in their tensor cores with Vulkan too."""
    return c.ATTENTION_SHARE[native(device)]


def _tiles(device: Device) -> bool:
    """Whether grouped products are those of tensor cores."""
    return device.backend.name == "CUDA" and bool(c.TENSOR_CORES.search(device.description))


def _padding(device: Device) -> float:
    """Tokens of padding for each used expert."""
    if not _tiles(device):
        return c.PADDING[device.backend.name]
    large = c.DATA_CENTRE.search(device.description)
    return c.PADDING_OF_DATA_CENTRE if large else c.PADDING_OF_TENSOR_CORES


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
    if _tiles(device):
        return c.FP4 if c.FP4_CHIPS.search(device.description) else c.LOOKED_UP
    return c.ONE_SCALE if _AMD.search(device.description) and not c.GCN.search(device.description) else 1.0


def _stepped(device: Device) -> float:
    """Seconds that a step of a recurrent state takes more on Intel's chips, whose kernels for it are slow."""
    by_mesa = device.backend.name == "Vulkan" and c.MESA_ON_INTEL.search(device.description)
    return c.STEP_OF_INTEL if by_mesa or device.backend.name == "SYCL" else 0.0


def _stepped_delta(device: Device) -> float:
    """The same of a gated delta net alone."""
    slow = device.backend.name == "ROCm" and c.RDNA4.search(device.description)
    return c.STEP_OF_RDNA4 if slow else 0.0


def _each_head(device: Device) -> float:
    """Elements that each query head reads for itself, against the peak; Intel's chips do so with Vulkan, too. Of NVIDIA's without tensor cores it is not known."""
    backend, name = device.backend.name, device.description
    if c.NO_GRAPHS.search(name):
        return inf
    if backend != "Vulkan" or not c.INTEL.search(name):
        return c.EACH_HEAD[backend]
    return c.EACH_HEAD_BY_MESA if c.MESA_ON_INTEL.search(name) else c.EACH_HEAD["SYCL"]


def _recurrence_share(device: Device) -> float:
    """Of the FP16 peak of `device` with which recurrent states are stepped."""
    if c.DATA_CENTRE.search(device.description):
        return c.RECURRENCE_SHARE_OF_DATA_CENTRE
    return c.RECURRENCE_SHARE * _plain_units(device)


def _launched_anew(device: Device) -> float:
    """Seconds of launches in a layer on a device that replays no graph. source: ggml/src/ggml-cuda/ggml-cuda.cu, ggml_cuda_graph_set_enabled."""
    return c.LAUNCHED_ANEW if c.NO_GRAPHS.search(device.description) else 0.0


def _plain_units(device: Device) -> float:
    return next((few for name, few in c.PLAIN_UNITS if name.search(device.description)), 1.0)


def _read_share(device: Device) -> float:
    """Share of the memory's bandwidth that matrix-vector products reach on `device`."""
    if device.backend.name == "Vulkan" and c.MESA_ON_INTEL.search(device.description):
        return c.READ_BY_MESA
    named = (share for pattern, share in c.APPLE if pattern.search(device.description))
    return next(named, c.READ_SHARE[device.backend.name])


_Types = dict[str, float]


def _by_type(device: Device, readable: float, peak: float, clocks: float) -> tuple[float, _Types, _Types]:
    """Bytes of weights per second in most types, and of the base and of experts in those that differ."""
    if device.backend.name == "MTL" and c.APPLE_UNPACKS.search(device.description):
        drawn = {name: min(readable, peak * of) for name, of in c.UNPACKED_BY_APPLE.items()}
        return drawn.pop(""), drawn, drawn
    read = min(readable, _drawn(device, clocks * c.DRAWN * c.Q4_K_M_BYTES))
    kernels = (by for by in c.READ_BY_TYPE if by.names(device))
    if (own := next(kernels, None)) is not None:
        return read, _times(own.types, read), _times(own.experts, read)
    types = {} if isinf(clocks) else {one.name: _of_type(one, readable, clocks) for one in QUANTS.values()}
    types = {name: rate for name, rate in types.items() if rate != read}
    return read, types, types


def _of_type(one: QuantType, readable: float, clocks: float) -> float:
    """Bytes of a type that multiprocessors unpack and a memory gives per second."""
    slower = c.EIGHT_BITS if one.name == "q8_0" else c.UNPACKED_SLOWER if one.name in c.SLOWER_TYPES else 1.0
    return min(readable, clocks * c.DRAWN / slower * one.block_bytes / one.block)


def _times(factors: Mapping[str, float], read: float) -> _Types:
    return {name: factor * read for name, factor in factors.items()}


def _unpacked(backend: str, peak: float, clocks: float) -> float:
    """Elements of a quantised cache per second where every query head unpacks every cell; infinite with a backend where one pass serves all heads."""
    of_peak = peak * c.UNPACKED[backend]
    return of_peak if isinf(of_peak) or isinf(clocks) else clocks * c.UNPACKED_IN_A_CLOCK


def _clocks(device: Device) -> float:
    """Multiprocessors times clock of `device`, by its peak; infinite where that does not tell."""
    per_clock = (flops for pattern, flops in c.TENSOR_FLOPS if pattern.search(device.description))
    flops = next(per_clock, None)
    return device.compute / flops if device.compute and flops else inf
