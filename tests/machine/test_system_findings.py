"""What the doctor finds on a host, from trees of files that look like it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moefit.machine.declared import declare_host
from moefit.machine.modules import parse_modules
from moefit.machine.system_findings import host_findings
from moefit.machine.types import Cpu, Device, Machine, Ram
from tests.machine.test_cgroup import v2
from tests.machine.tree import write

GIB = 1 << 30
CARD = Device("CUDA0", 12 * GIB, 12 * GIB, description="NVIDIA GeForce RTX 3060", source="nvml")
MACHINE = Machine((CARD,), Ram(64 * GIB, 60 * GIB), Cpu(8, 16))


def codes(machine=MACHINE, root=None, environment=None):
    return {finding.code: finding for finding in host_findings(machine, environment or {}, root)}


@pytest.fixture
def root(tmp_path):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text(
        "MemTotal: 67108864 kB\nSwapTotal: 8388608 kB\nSwapFree: 8388608 kB\n"
    )
    return tmp_path


def gpu(root, **files):
    folder = root / "sys/bus/pci/devices/0000:01:00.0"
    folder.mkdir(parents=True)
    for name, text in {"class": "0x030000", "vendor": "0x10de", **files}.items():
        (folder / name).write_text(f"{text}\n")


def test_a_host_in_order_has_nothing_of_its_own_to_mend(root):
    gpu(
        root,
        max_link_width="16",
        current_link_width="16",
        max_link_speed="16.0 GT/s PCIe",
        current_link_speed="16.0 GT/s PCIe",
    )
    assert {} == codes(root=root)


def test_a_narrow_link_is_sure_and_an_idle_one_is_a_hint(root):
    gpu(
        root,
        max_link_width="16",
        current_link_width="4",
        max_link_speed="16.0 GT/s PCIe",
        current_link_speed="2.5 GT/s PCIe",
    )
    found = codes(root=root)
    assert ("sure", True) == (found["link-width"].sure, "4 of its 16 PCIe lanes" in found["link-width"].what)
    assert "link-speed" not in found


def test_a_slow_link_is_looked_at_again_while_it_computes(root):
    gpu(
        root,
        max_link_width="16",
        current_link_width="16",
        max_link_speed="16.0 GT/s PCIe",
        current_link_speed="2.5 GT/s PCIe",
    )
    assert "perhaps" == codes(root=root)["link-speed"].sure


def test_a_link_that_calibration_found_slow_is_named(root):
    slow = replace(MACHINE, gpus=(replace(CARD, link_bandwidth=6 * 10**9),), calibration="2026-11-29")
    assert "link-slow" in codes(slow, root)
    assert "link-slow" not in codes(replace(slow, gpus=(replace(CARD, link_bandwidth=24 * 10**9),)), root)
    assert "link-slow" not in codes(replace(slow, calibration=None), root)


def test_what_a_control_group_grants_is_told_where_it_is_less(root):
    group = {"memory.max": f"{8 * GIB}\n", "cpu.max": "50000 100000\n"}
    write(root, v2("/a") | {f"sys/fs/cgroup/a/{name}": text for name, text in group.items()})
    found = codes(root=root)
    assert "grants 8.00 GiB of this host's 64.00 GiB" in found["cgroup-memory"].what
    assert "0.5 processors" in found["cgroup-cpu"].what


@pytest.mark.parametrize(
    ("limit", "held", "told"),
    [("8388608", "0", True), ("unlimited", "0", False), ("8388608", "1fffeffffff", False)],
)
def test_a_limit_of_locked_memory_is_told_to_whom_it_binds(root, limit, held, told):
    """Root has CAP_IPC_LOCK, and mlock(2) then asks for no limit."""
    write(
        root,
        {
            "proc/self/limits": f"Max locked memory         {limit}              {limit}              bytes\n",
            "proc/self/status": f"CapEff:\t{held}\n",
        },
    )
    assert told == ("memory-lock" in codes(root=root))


def test_a_card_that_another_process_holds_is_named(root):
    held = replace(MACHINE, gpus=(replace(CARD, free=9 * GIB),))
    assert "other processes hold 3.00 GiB of CUDA0" == codes(held, root)["vram-held"].what
    declared = replace(MACHINE, gpus=(replace(CARD, free=9 * GIB, source="declared"),))
    assert "vram-held" not in codes(declared, root)


def test_what_a_budget_leaves_free_is_held_by_nobody(root):
    capped = replace(MACHINE, gpus=(replace(CARD, free=2 * GIB, uncapped=CARD.total),))
    assert "vram-held" not in codes(capped, root)


def test_swap_in_use_is_found(root):
    (root / "proc/meminfo").write_text("MemTotal: 67108864 kB\nSwapTotal: 8388608 kB\nSwapFree: 4194304 kB\n")
    assert "4.00 GiB of swap" in codes(root=root)["swap"].what


def test_numa_nodes_without_interleaving_are_found_unless_a_variable_says_so(root):
    two = replace(MACHINE, cpu=replace(MACHINE.cpu, numa_nodes=2))
    assert "numa" in codes(two, root)
    assert "numa" not in codes(two, root, {"LLAMA_ARG_NUMA": "distribute"})
    assert "numa" not in {f.code for f in host_findings(two, {}, root, ["llama-server", "--numa", "numactl"])}
    spread = ["numactl", "--interleave=all", "llama-server"]
    assert "numa" not in {f.code for f in host_findings(two, {}, root, spread)}


VIRTUAL = replace(MACHINE, cpu=Cpu(16, 16, virtual=True), host="12345678")


@pytest.mark.parametrize(
    ("load", "machine", "fix"),
    [
        ("2.10", VIRTUAL, "end those programs, or -t 14 while they run"),
        ("12.4", VIRTUAL, "end those programs"),
        ("17.2", replace(VIRTUAL, cpu=Cpu(2, 2)), "end those programs"),
        ("0.31", VIRTUAL, None),
        ("2.10", replace(VIRTUAL, cpu=Cpu(8, 16)), None),
        ("2.10", replace(VIRTUAL, host=""), None),
    ],
    ids=[
        "two busy",
        "most busy",
        "more than there are",
        "at rest",
        "as many idle threads",
        "another machine",
    ],
)
def test_cores_that_other_programs_keep_busy_are_found_where_threads_would_meet_them(
    root, load, machine, fix
):
    (root / "proc/loadavg").write_text(f"{load} 1.00 0.50 3/900 4242\n")
    found = codes(machine, root).get("busy-cores")
    assert fix == (found.fix if found else None)
    assert "17 of" not in (found.what if found else "")


def test_a_server_that_runs_is_named_among_what_keeps_cores_busy(root):
    (root / "proc/loadavg").write_text("2.10 1.00 0.50 3/900 4242\n")
    (root / "proc/77").mkdir()
    (root / "proc/77/comm").write_text("llama-server\n")
    found = codes(VIRTUAL, root)["busy-cores"]
    assert found.what.startswith("programs, llama-server among them, keep about 2 of 16 cores busy")


@pytest.mark.parametrize(
    ("words", "rate", "slow"),
    [
        ("ddr5-5600x2", 38, True),
        ("ddr5-5600x2", 50, False),
        ("ddr5-6800x2", 57, False),
        ("ddr5-7200x2", 57, False),
        ("ddr4-3200x2", 19, True),
        ("ddr4-3200x2", 28, False),
        ("ddr5-4800x12", 150, True),
    ],
)
def test_ram_far_below_what_its_modules_sustain_is_found(root, words, rate, slow):
    ram = replace(MACHINE.ram, bandwidth=rate * 10**9, modules=parse_modules(words))
    assert slow == ("ram-slow" in codes(replace(MACHINE, ram=ram), root))


def test_ram_faster_than_its_modules_can_be_is_found(root):
    modules = parse_modules("ddr5-5600x2")
    fast = replace(MACHINE, ram=replace(MACHINE.ram, bandwidth=120 * 10**9, modules=modules))
    assert "its modules (ddr5-5600x2) are rated 89.6 GB/s" in codes(fast, root)["ram-fast"].what


def test_a_rate_that_is_declared_is_held_to_the_modules_that_are_there(root):
    modules = parse_modules("ddr5-5600x2")
    ram, _ = declare_host(replace(MACHINE.ram, modules=modules), MACHINE.cpu, None, "20GB/s", None)
    assert "ram-slow" in codes(replace(MACHINE, ram=ram), root)


def test_wsl_is_found(root):
    (root / "proc/sys/kernel").mkdir(parents=True)
    (root / "proc/sys/kernel/osrelease").write_text("5.15.0-microsoft-standard-WSL2\n")
    (root / "proc/version").write_text("Linux version 5.15.0-microsoft-standard-WSL2\n")
    assert "wsl" in codes(root=root)
