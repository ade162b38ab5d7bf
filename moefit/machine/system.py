"""This host's RAM and processor, capped by what its cgroups grant: /proc and /sys where there are any, psutil elsewhere."""

from __future__ import annotations

import itertools
import os
import re
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from moefit.errors import DriverError
from moefit.machine.cgroup import read_limits
from moefit.machine.modules import read_modules
from moefit.machine.natural import natural
from moefit.machine.types import Cpu, Ram

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT: Final = Path("/")

_PROCESSORS: Final = 1 << 16
"""Eight times what Linux can be built for; a list with more is none of its own."""
_SMALL_CORE_SHARE: Final = 0.5
"""A core with less than this share of the largest core's capacity is not worth a thread of a memory-bound loop."""

_CAP_IPC_LOCK: Final = 14
"""linux/capability.h."""

_WSL_PINNED_SHARE: Final = 0.5
"""WSL lets CUDA pin only part of the virtual machine's memory (CUDA on WSL user guide, known limitations); the Windows driver
behind it caps memory shared with the GPU at half of what there is."""


def read_ram(root: Path = ROOT) -> Ram:
    """This host's memory in bytes, capped by the cgroups of this process, and its modules where udev tells; no measured bandwidth.

    The available part follows the kernel's own estimate (MemAvailable) and, within each limiting cgroup, what is left of the
    limit once page cache that the kernel would reclaim is taken out of the use. Modules that a hypervisor tells of are its own invention: one of
    them, whatever the memory and the channels are.
    """
    total, available = _memory(root)
    limits = read_limits(root)
    if limits.memory is not None:
        total = min(total, limits.memory)
    if limits.memory_left is not None:
        available = min(available, limits.memory_left)
    available = max(0, min(available, total))
    unlocked = int(total * _WSL_PINNED_SHARE) if is_wsl(root) or sys.platform == "win32" else None
    modules = None if _is_virtual(root) else read_modules(_read(root / "run/udev/data/+dmi:id"))
    source = "udev" if modules else "unknown"
    return Ram(total=total, available=available, unlocked_limit=unlocked, source=source, modules=modules)


def read_cpu(root: Path = ROOT, affinity: Iterable[int] | None = None) -> Cpu:
    """This host's processor as this process may use it.

    Cores are physical ones, without the small ones of a hybrid processor: llama.cpp's own default counts the same way (source:
    common/common.cpp, cpu_get_num_math). `affinity` is the set of logical processors, by default this process's.
    """
    usable = set(affinity) if affinity is not None else _affinity()
    limits = read_limits(root)
    threads = len(usable)
    cores = _large_cores(root, usable) or _psutil_cores(threads)
    if limits.cpus is not None:
        threads = max(1, min(threads, int(limits.cpus)))
        cores = max(1, min(cores, int(limits.cpus)))
    return Cpu(
        cores=min(cores, threads),
        threads=threads,
        model=_model(root),
        numa_nodes=_numa_nodes(root),
        quota=limits.cpus,
        default_threads=_default_threads(root),
        virtual=_is_virtual(root),
    )


def read_fingerprint(root: Path = ROOT) -> str:
    """What tells this host from others: see `fingerprint`."""
    processors = len(_cpu_list(_read(root / "sys/devices/system/cpu/online"))) or os.cpu_count() or 1
    total, _ = _memory(root)
    return fingerprint(_model(root), processors, total, _numa_nodes(root))


def fingerprint(model: str, processors: int, memory: int, numa_nodes: int) -> str:
    """Eight digits that tell one host from another, whatever a cgroup lets this process use of it.

    `memory` is the host's whole memory in bytes, of which kernels differ by a little in what they report. GPUs are left out,
    since which are seen changes from one line to the next; their links are known by UUID.
    """
    parts = (model, processors, round(memory / (1 << 30)), numa_nodes)
    return f"{zlib.crc32('|'.join(map(str, parts)).encode()):08x}"


def is_wsl(root: Path = ROOT) -> bool:
    """Whether this is Linux under Windows, whose kernel carries Microsoft's name."""
    return "microsoft" in _read(root / "proc/sys/kernel/osrelease").lower()


def has_swap(root: Path = ROOT) -> bool:
    """Whether memory that nobody reads may go to a disk: there is swap, and no cgroup of version 2 forbids it."""
    total = re.search(r"^SwapTotal:\s*(\d+)", _read(root / "proc/meminfo"), re.MULTILINE)
    return total is None or (int(total[1]) > 0 and read_limits(root).swap != 0)


def lock_limit(root: Path = ROOT) -> int | None:
    """Bytes that this process may lock in RAM (RLIMIT_MEMLOCK); None for as many as there are.

    A process with CAP_IPC_LOCK, root's as a rule, has no limit (mlock(2)).
    """
    held = re.search(r"^CapEff:\s*([0-9a-f]+)", _read(root / "proc/self/status"), re.MULTILINE)
    if held is not None and int(held[1], 16) >> _CAP_IPC_LOCK & 1:
        return None
    limit = re.search(r"^Max locked memory\s+(\S+)", _read(root / "proc/self/limits"), re.MULTILINE)
    return natural(limit[1]) if limit is not None else None


def _memory(root: Path) -> tuple[int, int]:
    """Total and available bytes, before any cgroup."""
    rows = re.findall(r"^(\w+): *([0-9]{1,15})\b", _read(root / "proc/meminfo"), re.MULTILINE)
    fields = {name: int(figure) * 1024 for name, figure in rows}
    if "MemTotal" in fields:
        # kernels before 3.14 have no MemAvailable; free memory and the page cache come close
        free = fields.get("MemFree", 0) + fields.get("Cached", 0)
        return fields["MemTotal"], fields.get("MemAvailable", free)
    import psutil  # noqa: PLC0415 - slow to import, and Linux does without

    try:
        memory = psutil.virtual_memory()
    except Exception:  # noqa: BLE001 - what it raises for a /proc that is hidden or not mounted depends on the system
        return _counted_pages()
    return memory.total, memory.available


def _counted_pages() -> tuple[int, int]:
    """The same by the system call that needs no /proc.

    Raises:
        DriverError: there is none.
    """
    try:
        size, total, free = (os.sysconf(f"SC_{name}") for name in ("PAGE_SIZE", "PHYS_PAGES", "AVPHYS_PAGES"))
    except (AttributeError, OSError, ValueError):
        size = total = free = 0
    if min(size, total, free) <= 0:
        raise DriverError(
            "this machine does not tell how much memory it has",
            "--machine FILE declares it; is /proc mounted?",
        )
    return size * total, size * free


def _affinity() -> set[int]:
    """The logical processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):  # Linux and some BSDs
        return set(os.sched_getaffinity(0))
    return set(range(os.cpu_count() or 1))


def _psutil_cores(threads: int) -> int:
    """Physical cores where there is no sysfs; every thread where even psutil cannot tell."""
    import psutil  # noqa: PLC0415 - slow to import, and Linux does without

    return min(psutil.cpu_count(logical=False) or threads, threads)


def _large_cores(root: Path, usable: set[int]) -> int:
    """Physical performance cores among the `usable` logical processors; 0 where sysfs does not tell."""
    cpus = root / "sys/devices/system/cpu"
    large = _performance(root, usable)
    siblings = set()
    for cpu in large:
        topology = cpus / f"cpu{cpu}" / "topology"
        mates = _read(topology / "core_cpus_list") or _read(topology / "thread_siblings_list")
        if not mates:
            return 0
        siblings.add(min(_cpu_list(mates)))
    return len(siblings)


def _default_threads(root: Path) -> int | None:
    """Threads that llama.cpp takes by itself; None where sysfs does not tell.

    One for each performance core of a hybrid processor, else one for each physical core of the host, whatever this process
    may use of it.

    source: common/common.cpp, common_cpu_get_num_math and common_cpu_get_num_physical_cores
    """
    cpus = root / "sys/devices/system/cpu"
    large = _cpu_list(_read(root / "sys/devices/cpu_core/cpus"))
    if large:
        mates = (_cpu_list(_read(cpus / f"cpu{cpu}/topology/thread_siblings_list")) for cpu in large)
        return len({min(group) for group in mates if group}) or None
    siblings = set[str]()
    for cpu in itertools.count():
        mask = _read(cpus / f"cpu{cpu}/topology/thread_siblings")
        if not mask:
            return len(siblings) or None
        siblings.add(mask)
    return None


def _performance(root: Path, usable: set[int]) -> set[int]:
    """The `usable` processors less the small ones: Intel's kernel lists its kinds, ARM's gives each a capacity."""
    performance = _cpu_list(_read(root / "sys/devices/cpu_core/cpus"))
    if performance & usable:
        return performance & usable
    capacity = {}
    for cpu in usable:
        capacity[cpu] = natural(_read(root / f"sys/devices/system/cpu/cpu{cpu}/cpu_capacity")) or 0
    largest = max(capacity.values(), default=0)
    return {cpu for cpu, value in capacity.items() if value >= largest * _SMALL_CORE_SHARE}


def _numa_nodes(root: Path) -> int:
    """NUMA nodes that have memory."""
    return len(_cpu_list(_read(root / "sys/devices/system/node/has_memory"))) or 1


def _model(root: Path) -> str:
    """The processor's name for itself: x86 has one in cpuinfo, ARM boards in the device tree."""
    for line in _read(root / "proc/cpuinfo").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return _read(root / "proc/device-tree/model").strip("\0\n ")


def _is_virtual(root: Path) -> bool:
    """Whether a hypervisor runs this kernel, which the processor then says among its flags (CPUID 1, ECX bit 31)."""
    flags = next((line for line in _read(root / "proc/cpuinfo").splitlines() if line.startswith("flags")), "")
    return "hypervisor" in flags.split()


def _cpu_list(text: str) -> set[int]:
    """The numbers of a kernel list: `0-3,8` is 0, 1, 2, 3 and 8; anything else in it is left out."""
    numbers: set[int] = set()
    for part in text.strip().split(","):
        start, _, end = part.partition("-")
        first, last = natural(start), natural(end or start)
        if first is not None and last is not None and last < _PROCESSORS:
            numbers.update(range(first, last + 1))
    return numbers


def _read(path: Path) -> str:
    """The text of a file of /proc, /sys or /run, empty where there is none to read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
