from __future__ import annotations

from pathlib import Path

import pytest

from moefit.machine.cgroup import Limits, read_limits
from moefit.sizes import GIB
from tests.machine.tree import write

NONE = Limits(memory=None, memory_left=None, cpus=None)
V2_MOUNT = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
V1_MOUNTS = """35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
"""


def v2(path: str) -> dict[str, str]:
    """A version 2 hierarchy in whose group `path` this process is."""
    return {"proc/self/cgroup": f"0::{path}\n", "proc/self/mountinfo": V2_MOUNT}


def test_without_cgroups_there_is_no_limit(tmp_path: Path) -> None:
    assert NONE == read_limits(tmp_path)


def test_the_root_group_has_no_limit(tmp_path: Path) -> None:
    assert NONE == read_limits(write(tmp_path, v2("/")))


def test_max_is_no_limit(tmp_path: Path) -> None:
    files = {
        "sys/fs/cgroup/a/memory.max": "max\n",
        "sys/fs/cgroup/a/memory.high": "max\n",
        "sys/fs/cgroup/a/cpu.max": "max 100000\n",
    }
    assert NONE == read_limits(write(tmp_path, v2("/a") | files))


def test_a_limit_of_an_outer_group_holds_too(tmp_path: Path) -> None:
    files = {
        "sys/fs/cgroup/a/memory.max": f"{8 * GIB}\n",
        "sys/fs/cgroup/a/memory.current": f"{7 * GIB}\n",
        "sys/fs/cgroup/a/b/memory.max": f"{16 * GIB}\n",
        "sys/fs/cgroup/a/b/memory.current": f"{1 * GIB}\n",
        "sys/fs/cgroup/a/cpu.max": "300000 100000\n",
        "sys/fs/cgroup/a/b/cpu.max": "100000 50000\n",
    }
    assert Limits(8 * GIB, 1 * GIB, 2.0) == read_limits(write(tmp_path, v2("/a/b") | files))


def test_the_mark_where_the_kernel_throttles_counts_as_the_limit(tmp_path: Path) -> None:
    files = {"sys/fs/cgroup/a/memory.max": f"{8 * GIB}\n", "sys/fs/cgroup/a/memory.high": f"{6 * GIB}\n"}
    assert 6 * GIB == read_limits(write(tmp_path, v2("/a") | files)).memory


def test_page_cache_counts_as_free(tmp_path: Path) -> None:
    files = {
        "sys/fs/cgroup/a/memory.max": f"{8 * GIB}\n",
        "sys/fs/cgroup/a/memory.current": f"{7 * GIB}\n",
        "sys/fs/cgroup/a/memory.stat": f"anon {2 * GIB}\ninactive_file {3 * GIB}\nactive_file {1 * GIB}\n",
    }
    assert 5 * GIB == read_limits(write(tmp_path, v2("/a") | files)).memory_left


def test_a_group_over_its_limit_has_nothing_left(tmp_path: Path) -> None:
    files = {"sys/fs/cgroup/a/memory.high": f"{GIB}\n", "sys/fs/cgroup/a/memory.current": f"{2 * GIB}\n"}
    assert 0 == read_limits(write(tmp_path, v2("/a") | files)).memory_left


def test_version_1_is_read_from_its_controllers_own_hierarchies(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "9:name=systemd:/x\n4:memory:/job\n1:cpu,cpuacct:/jobs/job\n",
        "proc/self/mountinfo": V1_MOUNTS,
        "sys/fs/cgroup/memory/job/memory.limit_in_bytes": f"{4 * GIB}\n",
        "sys/fs/cgroup/memory/job/memory.usage_in_bytes": f"{3 * GIB}\n",
        "sys/fs/cgroup/memory/job/memory.stat": f"inactive_file 1\ntotal_inactive_file {1 * GIB}\ntotal_active_file 0\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        "sys/fs/cgroup/cpu,cpuacct/jobs/cpu.cfs_quota_us": "150000\n",
        "sys/fs/cgroup/cpu,cpuacct/jobs/cpu.cfs_period_us": "100000\n",
        "sys/fs/cgroup/cpu,cpuacct/jobs/job/cpu.cfs_quota_us": "-1\n",
        "sys/fs/cgroup/cpu,cpuacct/jobs/job/cpu.cfs_period_us": "100000\n",
    }
    assert Limits(4 * GIB, 2 * GIB, 1.5) == read_limits(write(tmp_path, files))


def test_in_a_container_that_shows_its_hosts_paths_the_mounted_group_is_this_ones(tmp_path: Path) -> None:
    """Docker with version 1: the process is in /docker/c, and /docker/c is what is mounted."""
    files = {
        "proc/self/cgroup": "4:memory:/docker/c\n",
        "proc/self/mountinfo": "35 31 0:32 /docker/c /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{2 * GIB}\n",
    }
    assert 2 * GIB == read_limits(write(tmp_path, files)).memory


def test_a_path_outside_the_mounted_group_falls_back_to_it(tmp_path: Path) -> None:
    files = v2("/../other") | {"sys/fs/cgroup/memory.max": f"{3 * GIB}\n"}
    assert 3 * GIB == read_limits(write(tmp_path, files)).memory


def test_both_versions_at_once_give_the_tighter_limit(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "4:memory:/job\n0::/job\n",
        "proc/self/mountinfo": V1_MOUNTS + "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
        "sys/fs/cgroup/memory/job/memory.limit_in_bytes": f"{4 * GIB}\n",
        "sys/fs/cgroup/unified/job/cpu.max": "200000 100000\n",
    }
    assert Limits(4 * GIB, 4 * GIB, 2.0) == read_limits(write(tmp_path, files))


@pytest.mark.parametrize(
    "text", ["", "-1", "x", "²", "٣", "9" * 5000, "1e9", "\0", "1 2", "max max", "0x10", "1.5"]
)
def test_what_is_no_number_is_no_limit(tmp_path: Path, text: str) -> None:
    names = ("memory.max", "memory.high", "memory.current", "memory.stat", "memory.swap.max", "cpu.max")
    files = {f"sys/fs/cgroup/a/{name}": f"{text}\n" for name in names}
    assert NONE == read_limits(write(tmp_path, v2("/a") | {k: v for k, v in files.items() if text != "1 2"}))


@pytest.mark.parametrize(
    "text", ["0::", "::", "a", "0::../..", "4:memory:/\0", "0::/" + f"{'a' * 200}/" * 30, "\n" * 9]
)
def test_a_group_that_makes_no_sense_is_no_limit(tmp_path: Path, text: str) -> None:
    assert NONE == read_limits(write(tmp_path, v2("/") | {"proc/self/cgroup": text}))


@pytest.mark.parametrize(
    "line",
    [
        "",
        " - ",
        "1 2 3 4 5 - cgroup2 c rw",
        "1 2 3 / x - cgroup2 c rw",
        "1 2 3 / /a\\040b - cgroup2 c rw",
        "- cgroup2",
    ],
)
def test_a_mount_that_makes_no_sense_is_no_limit(tmp_path: Path, line: str) -> None:
    assert NONE == read_limits(write(tmp_path, v2("/a") | {"proc/self/mountinfo": f"{line}\n"}))
