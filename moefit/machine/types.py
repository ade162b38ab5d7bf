"""The machine as values: devices, RAM, CPU. Bytes are ints, bandwidths bytes per second."""

from __future__ import annotations

import re
from typing import Final

from moefit.errors import InputError
from moefit.machine.backends import Backend, backend_of
from moefit.machine.modules import Modules
from moefit.shown import visible
from moefit.sizes import MIB
from moefit.values import dataclass

CPU: Final = -1
"""The device index that means the host, wherever a device index is asked for."""
DRIVERS_OWN: Final = 600 * MIB
"""Bytes of a card that its driver and an idle screen may take: more is another process's."""
_SHOWN: Final = 80
"""Characters of a name that cannot be."""
_SEEING: Final = frozenset({"nvml", "llama-server", "sysfs"})
"""Sources that tell of this host's own devices, and what is free on them now."""
_NAME: Final = re.compile(r"(?!(?:none|cpu)$)[A-Za-z]\w{0,63}", re.ASCII | re.IGNORECASE)
"""What a line can call a device: -dev and -ot split at commas and =, `-dev none` names none, and the CPU's buffer is no other's."""


def is_device_name(name: str) -> bool:
    """Whether a line can call a device so.

    >>> is_device_name("CUDA0"), is_device_name("none"), is_device_name("CUDA0,1"), is_device_name("")
    (True, False, False, False)
    """
    return _NAME.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Device:
    """One GPU-like device of llama.cpp, in the order llama.cpp will use it."""

    name: str
    """As `llama-server --list-devices` prints it: CUDA0, ROCm0, Vulkan0, MTL0, RPC0."""
    free: int
    """Bytes the driver reports free before the server starts (after any --budget)."""
    total: int
    buffer: str = ""
    """The buffer name `-ot` takes; the device's name, but RPC0[host:port] for RPC. Empty means the name."""
    description: str = ""
    """What a person calls it: NVIDIA GeForce RTX 3060."""
    bandwidth: int | None = None
    """Memory bandwidth, bytes per second; None when unknown."""
    link_bandwidth: int | None = None
    """Host to device from pinned memory, bytes per second, one direction; None when unknown."""
    pageable_bandwidth: int | None = None
    """Host to device from pageable memory (a file mapped with mmap), bytes per second; None when not measured."""
    compute: float | None = None
    """Dense FP16 tensor throughput, FLOP/s; None when unknown."""
    overhead: int = 0
    """Bytes the runtime's own context takes that neither llama.cpp nor `free` counts."""
    integrated: bool = False
    """Shares the host's memory (APU, GB10, Apple): experts on the CPU gain nothing there."""
    uuid: str = ""
    """The driver's own name for this very card (GPU-..., or MIG-... for a part of one); empty when unknown."""
    source: str = "declared"
    """Where the figures come from: nvml, llama-server, sysfs, declared, catalogue or file."""
    uncapped: int | None = None
    """Bytes the driver reports free where a --budget caps `free`, of which llama.cpp knows nothing; None without one."""

    latency: float | None = None
    """Of an RPC server: seconds from a question to its answer; None when not measured."""
    link_now: int | None = None
    """What the link would carry at its present speed, bytes per second: idle ones slow down; None when unknown."""
    link_most: int | None = None
    """The same at the best that card and slot can do."""
    held: tuple[tuple[str, int], ...] = ()
    """Processes that hold its memory, by name, and their bytes; empty when the driver does not tell."""
    display: bool = False
    """A screen is driven by it."""

    def __post_init__(self) -> None:
        """A name reaches the line, a description the terminal.

        Raises:
            InputError: a name that no line can hold.
        """
        if not is_device_name(self.name) or not self.buffer.isprintable():
            name = self.buffer if is_device_name(self.name) else self.name
            raise InputError(
                f"no device can be called {visible(name[:_SHOWN]) or repr(name)}", "names are such as CUDA0"
            )
        object.__setattr__(self, "description", visible(self.description))

    @property
    def is_seen(self) -> bool:
        """Whether the device is this host's own, and not one that somebody declared."""
        return self.source in _SEEING

    @property
    def is_accelerator(self) -> bool:
        """Whether it computes in RAM and holds nothing itself, as BLAS does: it takes one of the places that llama.cpp has for devices."""
        return not self.total and not self.name[-1:].isdigit()

    @property
    def taken(self) -> int:
        """Bytes that a driver and other processes hold, whatever a --budget caps; 0 where none tells, or they are the host's."""
        if not self.is_seen or self.integrated:
            return 0
        return self.total - (self.free if self.uncapped is None else self.uncapped)

    @property
    def buffer_name(self) -> str:
        """The name `-ot` takes."""
        return self.buffer or self.name

    @property
    def server(self) -> str:
        """Where the RPC server is that has the device, HOST:PORT; empty for any other."""
        return self.buffer.partition("[")[2].removesuffix("]") if self.backend.name == "RPC" else ""

    @property
    def backend(self) -> Backend:
        """The backend's rules, which its name decides."""
        return backend_of(self.name)


@dataclass(frozen=True, slots=True)
class Ram:
    """The host's memory, capped by the cgroup's limit."""

    total: int
    available: int
    bandwidth: int | None = None
    """What all cores together read, bytes per second, as somebody measured it; None when unknown."""
    unlocked_limit: int | None = None
    """Bytes a process may pin (RLIMIT_MEMLOCK does not bind CUDA's pinning; WSL and containers do); None: no limit known."""
    bandwidth_by_threads: tuple[tuple[int, int], ...] = ()
    """Measured (threads, bytes per second) pairs, threads rising; empty where this machine was not measured."""
    decoded_by_threads: tuple[tuple[int, int], ...] = ()
    """The same of quantised experts, as llama.cpp itself decodes; empty where it was not run."""
    source: str = "unknown"
    """Where `bandwidth` or `modules` come from: declared, calibration, file, udev or, with neither, unknown."""
    modules: Modules | None = None
    """What its modules are rated at; None when unknown."""


@dataclass(frozen=True, slots=True)
class Cpu:
    """The host's processor, capped by the cgroup's quota."""

    cores: int
    """Physical (performance) cores usable by this process."""
    threads: int
    """Logical processors usable by this process."""
    model: str = ""
    """The processor's own name for itself; empty when unknown."""
    numa_nodes: int = 1
    """NUMA nodes with memory; each has memory channels of its own."""
    quota: float | None = None
    """Processors' worth of time the cgroup grants, which `cores` and `threads` already respect; None for no quota."""
    default_threads: int | None = None
    """Threads that llama.cpp starts when it is not told how many; None when unknown."""
    virtual: bool = False
    """A virtual machine's, whose cores neighbours may share."""
    assumed: bool = False
    """Nobody said: a typical desktop's, or those of a chip that is named as a GPU."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Everything a plan needs to know about where the server will run."""

    gpus: tuple[Device, ...]
    ram: Ram
    cpu: Cpu
    warnings: tuple[str, ...] = ()
    """What detection could not tell, one line each."""
    calibration: str = ""
    """The calibration these figures come from, for a plan to name; empty without one."""
    host: str = ""
    """What tells this host from others (host.fingerprint); empty where its memory is declared."""
    benched: tuple[str, ...] = ()
    """What ran here and is explained by these figures (`moefit bench --save`): calibration.bench_key of each."""
    misses: tuple[tuple[str, float], ...] = ()
    """Models that ran here with an expert cache, by fingerprint, and how often they miss (hit_rate of cost/hits.py)."""
    excluded: tuple[str, ...] = ()
    """Devices that are there but not in `gpus` (`--exclude`): llama.cpp would use them unless the line says which it may."""
    unseen: str = ""
    """What shows that this host has GPUs, as words, where none answered; empty where one did, or nothing shows any."""
    duplicates: tuple[tuple[str, str], ...] = ()
    """Further names that a program has for a card of `gpus`, and the card's: (Vulkan0, CUDA0)."""
    accelerators: tuple[str, ...] = ()
    """What the program has beside devices that computes in RAM (BLAS)."""

    @property
    def hidden(self) -> tuple[str, ...]:
        """Names of devices that a program sees and a plan does not use."""
        return (*self.excluded, *(name for name, _ in self.duplicates))
