from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import pytest

from moefit.errors import DriverError
from moefit.machine import system
from moefit.machine.system import is_wsl, read_cpu, read_ram
from moefit.sizes import GIB
from tests.machine.tree import write

MEMINFO = """MemTotal:       67108864 kB
MemFree:         1048576 kB
MemAvailable:   50331648 kB
Cached:         20971520 kB
"""
V2 = {
    "proc/meminfo": MEMINFO,
    "proc/self/cgroup": "0::/app\n",
    "proc/self/mountinfo": "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
}


def cores(count: int, threads_each: int = 1) -> dict[str, str]:
    """The topology of `count` cores, siblings numbered as x86 does: 0 and `count` share core 0."""
    files = {}
    for cpu in range(count * threads_each):
        mates = ",".join(str(cpu % count + thread * count) for thread in range(threads_each))
        files[f"sys/devices/system/cpu/cpu{cpu}/topology/core_cpus_list"] = f"{mates}\n"
    return files


def test_memory_is_what_the_kernel_says(tmp_path: Path) -> None:
    ram = read_ram(write(tmp_path, {"proc/meminfo": MEMINFO}))
    assert (64 * GIB, 48 * GIB, None, None) == (ram.total, ram.available, ram.bandwidth, ram.unlocked_limit)


def test_an_old_kernel_without_an_estimate_counts_free_and_cached(tmp_path: Path) -> None:
    old = "".join(line for line in MEMINFO.splitlines(keepends=True) if "Available" not in line)
    assert 21 * GIB == read_ram(write(tmp_path, {"proc/meminfo": old})).available


def test_without_proc_psutil_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = SimpleNamespace(total=8 * GIB, available=3 * GIB)
    monkeypatch.setitem(
        sys.modules,
        "psutil",
        SimpleNamespace(virtual_memory=lambda: memory, cpu_count=lambda *, logical: 6 if not logical else 12),
    )
    ram, cpu = read_ram(tmp_path), read_cpu(tmp_path, affinity=range(12))
    assert (8 * GIB, 3 * GIB, 6, 12) == (ram.total, ram.available, cpu.cores, cpu.threads)


def test_a_cgroup_caps_total_and_available(tmp_path: Path) -> None:
    group = {
        "sys/fs/cgroup/app/memory.max": f"{16 * GIB}\n",
        "sys/fs/cgroup/app/memory.current": f"{6 * GIB}\n",
    }
    ram = read_ram(write(tmp_path, V2 | group))
    assert (16 * GIB, 10 * GIB) == (ram.total, ram.available)


def test_a_cgroup_larger_than_the_machine_changes_nothing(tmp_path: Path) -> None:
    ram = read_ram(write(tmp_path, V2 | {"sys/fs/cgroup/app/memory.max": f"{500 * GIB}\n"}))
    assert (64 * GIB, 48 * GIB) == (ram.total, ram.available)


def test_wsl_limits_pinned_memory(tmp_path: Path) -> None:
    root = write(
        tmp_path, {"proc/meminfo": MEMINFO, "proc/sys/kernel/osrelease": "6.6.87.2-microsoft-standard-WSL2\n"}
    )
    assert is_wsl(root)
    assert 32 * GIB == read_ram(root).unlocked_limit


def test_hyperthreads_are_threads_not_cores(tmp_path: Path) -> None:
    cpu = read_cpu(write(tmp_path, cores(8, 2)), affinity=range(16))
    assert (8, 16) == (cpu.cores, cpu.threads)


def test_only_processors_of_the_affinity_count(tmp_path: Path) -> None:
    cpu = read_cpu(write(tmp_path, cores(8, 2)), affinity=[0, 1, 8])
    assert (2, 3) == (cpu.cores, cpu.threads)


def test_intels_small_cores_are_threads_not_cores(tmp_path: Path) -> None:
    root = write(
        tmp_path, cores(20) | {"sys/devices/cpu_core/cpus": "0-7\n", "sys/devices/cpu_atom/cpus": "8-19\n"}
    )
    cpu = read_cpu(root, affinity=range(20))
    assert (8, 20) == (cpu.cores, cpu.threads)


def test_a_process_bound_to_small_cores_uses_them(tmp_path: Path) -> None:
    root = write(tmp_path, cores(20) | {"sys/devices/cpu_core/cpus": "0-7\n"})
    assert 4 == read_cpu(root, affinity=range(8, 12)).cores


def test_arms_little_cores_are_left_out_and_its_medium_ones_stay(tmp_path: Path) -> None:
    capacities = [1024, 900, 718, 718, 250, 250]
    files = {
        f"sys/devices/system/cpu/cpu{cpu}/cpu_capacity": f"{value}\n" for cpu, value in enumerate(capacities)
    }
    assert 4 == read_cpu(write(tmp_path, cores(6) | files), affinity=range(6)).cores


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("400000 100000", 4), ("250000 100000", 2), ("50000 100000", 1), ("max 100000", 8)],
)
def test_a_cpu_quota_caps_cores_and_threads(tmp_path: Path, quota: str, expected: int) -> None:
    root = write(tmp_path, V2 | cores(8) | {"sys/fs/cgroup/app/cpu.max": f"{quota}\n"})
    cpu = read_cpu(root, affinity=range(8))
    assert (expected, expected) == (cpu.cores, cpu.threads)


def test_numa_nodes_with_memory_and_the_processors_name_are_read(tmp_path: Path) -> None:
    files = {
        "sys/devices/system/node/has_memory": "0-1\n",
        "proc/cpuinfo": "processor\t: 0\nmodel name\t: AMD EPYC 7742\n",
    }
    cpu = read_cpu(write(tmp_path, cores(4) | files), affinity=range(4))
    assert (2, "AMD EPYC 7742") == (cpu.numa_nodes, cpu.model)


def test_garbage_in_sysfs_is_as_good_as_nothing(tmp_path: Path) -> None:
    files = dict.fromkeys(
        [
            "proc/cpuinfo",
            "proc/self/cgroup",
            "proc/self/mountinfo",
            "sys/devices/cpu_core/cpus",
            "sys/devices/system/node/has_memory",
            "sys/devices/system/cpu/cpu0/cpu_capacity",
        ],
        "x:-,9-,\0 - cgroup\n",
    )
    cpu = read_cpu(write(tmp_path, cores(1) | files), affinity=[0])
    assert (1, 1, 1) == (cpu.cores, cpu.threads, cpu.numa_nodes)


def test_this_very_host_has_memory_and_cores() -> None:
    ram, cpu = read_ram(), read_cpu()
    assert 0 < ram.available <= ram.total
    assert 1 <= cpu.cores <= cpu.threads


def siblings(count: int, threads_each: int = 1) -> dict[str, str]:
    """The masks that llama.cpp counts, and the lists that moefit reads, of `count` cores."""
    files = cores(count, threads_each)
    for cpu in range(count * threads_each):
        mask = sum(1 << (cpu % count + thread * count) for thread in range(threads_each))
        files[f"sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings"] = f"{mask:x}\n"
        files[f"sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list"] = files[
            f"sys/devices/system/cpu/cpu{cpu}/topology/core_cpus_list"
        ]
    return files


def test_llama_cpp_starts_a_thread_for_each_physical_core_of_the_host(tmp_path: Path) -> None:
    """Whatever this process may use of it."""
    cpu = read_cpu(write(tmp_path, siblings(16, 2)), affinity=range(4))
    assert (4, 16) == (cpu.cores, cpu.default_threads)


def test_llama_cpp_leaves_small_cores_of_a_hybrid_processor_out(tmp_path: Path) -> None:
    hybrid = siblings(12) | {"sys/devices/cpu_core/cpus": "0-7\n", "sys/devices/cpu_atom/cpus": "8-11\n"}
    assert 8 == read_cpu(write(tmp_path, hybrid), affinity=range(12)).default_threads


def test_without_sysfs_nobody_knows_what_llama_cpp_would_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        sys.modules, "psutil", SimpleNamespace(cpu_count=lambda *, logical: 4 if not logical else 8)
    )
    assert None is read_cpu(tmp_path, affinity=range(8)).default_threads


@pytest.mark.parametrize(
    ("flags", "virtual"), [("fpu vme hypervisor lahf_lm", True), ("fpu vme lahf_lm", False)]
)
def test_a_virtual_machine_is_known_by_its_processors_flags(
    tmp_path: Path, flags: str, virtual: bool
) -> None:
    write(tmp_path, {"proc/cpuinfo": f"processor\t: 0\nflags\t\t: {flags}\n"})
    assert virtual == read_cpu(tmp_path, affinity=range(1)).virtual


@pytest.mark.parametrize(
    "text", ["", "MemTotal: many kB\n", "MemTotal: ² kB\n", f"MemTotal: {'9' * 5000} kB\n"]
)
def test_what_no_kernel_says_of_memory_is_not_believed(tmp_path, monkeypatch, text) -> None:
    """/proc is hidden, or not mounted: the system call tells, which needs none."""

    def hidden() -> NoReturn:
        raise KeyError(b"MemTotal:")

    monkeypatch.setattr("psutil.virtual_memory", hidden)
    monkeypatch.setattr("os.sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 2, "SC_AVPHYS_PAGES": 1}.get)
    ram = read_ram(write(tmp_path, {"proc/meminfo": text}))
    assert (8192, 4096) == (ram.total, ram.available)


def test_a_machine_that_does_not_tell_its_memory_is_an_error(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("psutil.virtual_memory", {}.popitem)
    monkeypatch.setattr("os.sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": -1, "SC_AVPHYS_PAGES": -1}.get)
    with pytest.raises(DriverError, match="does not tell how much memory it has"):
        read_ram(tmp_path)


@pytest.mark.parametrize("text", ["0-1000000000000", "²", "9" * 5000, "0-²", "-", "a-b"])
def test_a_list_of_processors_that_no_kernel_writes_is_empty(text) -> None:
    assert set() == system._cpu_list(text)
