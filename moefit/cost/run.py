"""One launch on one machine: what is done where, and how fast every place is at it."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Final, TypeVar

from moefit.cost import constants as c
from moefit.cost.cached_experts import cached_groups
from moefit.cost.device_rates import device_rates
from moefit.cost.host_rates import host_rates
from moefit.cost.link_rates import copy_rate, handover_rate, staged_rate
from moefit.cost.tally import tally
from moefit.machine.types import CPU
from moefit.memory.host import PROCESS
from moefit.memory.pipelining import pipelines
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from moefit.cost.cached_experts import Cached
    from moefit.cost.device_rates import DeviceRates
    from moefit.cost.host_rates import HostRates
    from moefit.cost.tally import Tally
    from moefit.cost.token_load import Load
    from moefit.cost.work import Work
    from moefit.launch.settings import Settings
    from moefit.machine.types import Device, Machine
    from moefit.memory.moe_cache import Group
    from moefit.placement.types import Placement

_T = TypeVar("_T")
Known = dict[tuple[object, ...], tuple[object, Any]]
"""By a function, the identity of a load and what else it is asked with: the load, so that no other takes its identity, and the answer."""

_CELLS: Final = 256
"""To which numbers of cells are rounded up."""


@dataclass(frozen=True, slots=True)
class Run:
    """Everything that the seconds of prefill and decode depend on."""

    work: Work
    tally: Tally
    devices: Sequence[Device]
    rates: Sequence[DeviceRates]
    host: HostRates
    """With the threads of decode (-t)."""
    batch_host: HostRates
    """With those of prompts (-tb)."""
    settings: Settings
    helper: int
    """The device that computes with large batches what is on the CPU; CPU where none does."""
    copy: float
    """Bytes per second at which weights on the CPU reach the helper."""
    staged: float
    """The same of memory that is never pinned."""
    missing: float
    """Share of the weights on the CPU that RAM cannot hold, so that a mapped file is read again and again."""
    pipelined: bool
    """Devices work on several micro-batches at once."""
    cached: tuple[Cached, ...] = ()
    """Layers whose experts an expert cache holds in part."""
    slower_hops: float = 1.0
    """Times as long as on bare metal a visit to the CPU takes."""
    known: Known | None = None
    """Of a sketch: what was worked out for loads that it shares with others of the same launch."""

    def of_device(self, work: Callable[..., _T], load: Load, place: int, *more: object) -> _T:
        """What a function says of a load on a device, asked once for all runs that share it."""
        if self.known is None:
            return work(self, load, place, *more)
        key = (work, id(load), *more)
        if key not in self.known:
            self.known[key] = load, work(self, load, place, *more)
        found: _T = self.known[key][1]
        return found

    def hop(self, *places: int) -> float:
        """Seconds of a visit from place to place, by the slowest device that takes part."""
        slowest = 0.0
        for place in places:  # a sketch asks thousands of times
            if place != CPU and self.rates[place].hop > slowest:
                slowest = self.rates[place].hop
        return slowest * (self.slower_hops if CPU in places else 1.0)

    def handover(self, size: float, *places: int) -> float:
        """Seconds in which hidden states of `size` bytes go from one place to another.

        Devices of a backend that copies between its own do it at once, those of one RPC server within it; all others go through the host,
        over the link of each. source: ggml/src/ggml-backend.cpp, ggml_backend_tensor_copy_async, which falls back to a copy through the
        host; ggml/src/ggml-rpc/ggml-rpc.cpp, ggml_backend_rpc_buffer_cpy_tensor
        """
        ends = [self.devices[place] for place in places if place != CPU]
        if self.known is None:
            return _between(size, ends)
        key = (_between, size, *map(id, ends))
        if key not in self.known:
            self.known[key] = ends, _between(size, ends)
        found: float = self.known[key][1]
        return found

    @property
    def window_cells(self) -> float:
        """Cells of a windowed cache, all of which attention walks through: the window and a micro-batch; infinite where it is kept full.

        source: src/llama-kv-cache-iswa.cpp, llama_kv_cache_iswa, and llama_kv_cache::get_n_kv
        """
        if not self.work.window or self.settings.swa_full:
            return inf
        cells = self.work.window + min(self.settings.ubatch, self.settings.batch)
        return -(-cells // _CELLS) * _CELLS

    def name(self, place: int) -> str:
        """What a term calls a place."""
        return "CPU" if place == CPU else self.devices[place].name


def _between(size: float, ends: Sequence[Device]) -> float:
    seconds = [size / handover_rate(device) for device in ends]
    if len(ends) < 2 or ends[0].backend != ends[1].backend:
        return sum(seconds)
    if ends[0].server and ends[0].server == ends[1].server:
        return 0.0
    return max(seconds) if ends[0].backend.peer_copies else sum(seconds)


def run_of(
    work: Work,
    machine: Machine,
    devices: Sequence[Device],
    settings: Settings,
    placement: Placement,
    groups: Iterable[Group] = (),
    answered: int = 0,
) -> Run:
    """The run of a placement, with the groups of its expert cache, whose filling counts where it ends after so many tokens."""
    where = tally(work, placement, settings.kv_offload)
    return run_with(work, machine, devices, settings, placement, where, groups, answered)


def run_with(
    work: Work,
    machine: Machine,
    devices: Sequence[Device],
    settings: Settings,
    placement: Placement,
    where: Tally,
    groups: Iterable[Group] = (),
    answered: int = 0,
    known: Known | None = None,
) -> Run:
    """The same with the placement's work by place, as a tally or a sketch of one says."""
    host = host_rates(machine, settings, settings.threads)
    batch_host = host_rates(machine, settings, settings.threads_batch or settings.threads)
    helper = _helper(devices, settings)
    return Run(
        work=work,
        tally=where,
        devices=devices,
        rates=tuple(device_rates(device) for device in devices),
        host=host,
        batch_host=batch_host,
        settings=settings,
        helper=helper,
        copy=0.0 if helper == CPU else copy_rate(host, devices[helper], settings),
        staged=0.0 if helper == CPU else staged_rate(host, devices[helper]),
        missing=_missing(work, machine, where),
        pipelined=pipelines(devices, settings, placement),
        cached=_cached(work, machine, devices, settings, host, tuple(groups), answered),
        slower_hops=c.VIRTUAL_HOPS if machine.cpu.virtual else 1.0,
        known=known,
    )


def _cached(
    work: Work,
    machine: Machine,
    devices: Sequence[Device],
    settings: Settings,
    host: HostRates,
    groups: Sequence[Group],
    answered: int,
) -> tuple[Cached, ...]:
    if not groups:
        return ()
    rates = [copy_rate(host, device, settings) for device in devices]
    return cached_groups(work, groups, rates, machine.misses, answered)


def _helper(devices: Sequence[Device], settings: Settings) -> int:
    """The first device whose backend copies weights for large batches.

    Repacked weights (--no-host) are not in a buffer that it can copy from.
    source: ggml/src/ggml-backend.cpp, ggml_backend_sched_backend_id_from_cur
    """
    if not (settings.op_offload and settings.host_buffers):
        return CPU
    return next((i for i, device in enumerate(devices) if device.backend.op_offload), CPU)


def _missing(work: Work, machine: Machine, where: Tally) -> float:
    """The share that is read again where a file is mapped: RAM holds the program itself first."""
    host, output = where.places[CPU], where.output.get(CPU)
    needed = host.base_bytes + host.expert_bytes + work.input_bytes + (output.base_bytes if output else 0.0)
    room = max(0, machine.ram.available - PROCESS)
    return max(0.0, 1.0 - room / needed) if needed else 0.0
