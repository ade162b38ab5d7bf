"""What the processor and its RAM do per second when llama.cpp drives them, by constants.py."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

from moefit.cost import constants as c
from moefit.cost.core_kinds import SERVER, core_of
from moefit.cost.core_products import kernels_of
from moefit.machine.assumed import ram_bandwidth
from moefit.memory.memo import per_object
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moefit.cost.core_products import Kernels
    from moefit.cost.token_load import Load
    from moefit.launch.settings import Settings
    from moefit.machine.types import Machine


@dataclass(frozen=True, slots=True)
class HostRates:
    """The processor under llama.cpp."""

    read: float
    """Bytes per second that all threads read from RAM in a matrix-vector product, if they keep up."""
    work: float
    """Bytes of Q4_K per second that all threads get through, if RAM keeps up."""
    flops: float
    """FLOP/s of a large product of plain Q4_K."""
    kernels: Kernels
    """What multiplies faster than that, and by how much."""
    barrier: float
    """Seconds in which all threads wait for each other, once."""
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

    def barriers(self, load: Load) -> float:
        """Seconds in which threads wait for each other at the nodes of `load`'s layers."""
        nodes = (
            c.NODES * load.layers + c.MOE_NODES * load.moe_layers + c.RECURRENT_NODES * load.recurrent_layers
        )
        return self.barrier * nodes


_DESKTOP_CORES: Final = 24
"""As many as a desktop has (Core i9); a machine with more that does not say what it is has a server's, or a workstation's."""


def host_rates(machine: Machine, settings: Settings, threads: int | None) -> HostRates:
    """What the processor of `machine` does per second with so many threads; None for one per core."""
    spread = settings.numa is not None
    return processor_rates(machine, threads or best_threads(machine), _is_repacked(machine, settings), spread)


@per_object(8)
def processor_rates(machine: Machine, threads: int, repacked: bool, spread: bool) -> HostRates:  # noqa: FBT001 - remembered by position
    """The same by what it depends on of the launch, so that a search asks it once."""
    cores = min(threads, machine.cpu.cores)
    single = dict(machine.ram.bandwidth_by_threads).get(1)
    server = _is_server(machine)
    core = core_of(machine.cpu, server=server)
    work = (
        c.CORE_OF_READ * single * cores
        if single
        else _of_cores(c.SERVER_CORE, core.work, cores, server=server)
    )
    flops = _of_cores(min(c.SERVER_FLOPS, core.flops), core.flops, cores, server=server)
    shared = (cores / threads) ** c.CROWDING * _sustained(machine)
    read, work = _measured_decode(machine, threads, cores) or (
        _decode_read(machine, threads, spread=spread),
        work,
    )
    return HostRates(
        read=max(1.0, read) * shared,
        work=work * shared,
        flops=flops,
        kernels=kernels_of(machine.cpu.model, repacked=repacked, server=server),
        barrier=barrier(threads, virtual=machine.cpu.virtual),
        pageable=c.COPY_OF_READ * single if single else _staging(machine),
        served=c.SERVED_BY_SERVER if server else c.SERVED,
        begun=c.BEGUN_BY_SERVER if server else c.BEGUN,
        threads=threads,
    )


def barrier(threads: int, *, virtual: bool = False) -> float:
    """Seconds in which so many threads wait for each other, once; where they may have to wait for a processor too, that is what counts."""
    own = c.BARRIER + c.BARRIER_THREAD * threads
    return max(own, c.VIRTUAL_BARRIER) if virtual and threads > 1 else own


def _sustained(machine: Machine) -> float:
    """How much of what was measured lasts: a virtual machine's processors have neighbours."""
    known = machine.ram.bandwidth_by_threads or machine.ram.decoded_by_threads
    return c.SUSTAINED if known and machine.cpu.virtual else 1.0


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


def _is_repacked(machine: Machine, settings: Settings) -> bool:
    """Whether weights on the CPU lie in the layout of its instructions; a device's host buffers come before that.

    source: src/llama-model.cpp, make_cpu_buft_list
    """
    return settings.repack and not (machine.gpus and settings.host_buffers)


def _of_cores(slow: float, fast: float, cores: int, *, server: bool) -> float:
    """What `cores` cores do together: those of a server, or fast ones of a desktop, and beyond what desktops have slow ones if they do more."""
    return fast * cores if server else max(slow * cores, fast * min(cores, _DESKTOP_CORES))


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
    named = SERVER.search(machine.cpu.model) or any(
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
