"""The doctor's list: everything that slows a machine, worst first, each with its fix and how sure it is."""

from __future__ import annotations

import sys
from importlib import metadata
from types import SimpleNamespace

import pytest

from moefit.app.doctor import examine
from moefit.app.line import read_line
from moefit.machine.finding import MANY_TIMES, NOTHING_RUNS
from moefit.machine.modules import parse_modules
from moefit.machine.types import Cpu, Device, Machine, Ram
from tests.machine.test_cgroup import v2
from tests.machine.tree import write

GIB = 1 << 30
RAM, CPU = Ram(64 * GIB, 60 * GIB), Cpu(8, 16)
CARD = Device("CUDA0", 12 * GIB, 12 * GIB, source="nvml")
SERVER = ["llama-server", "-m", "model.gguf"]


def listed(machine, folder, words=SERVER):
    told = []
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "XDG_CACHE_HOME": str(folder / "cache")}
    found = examine(
        machine,
        read_line(words),
        environment,
        lambda label, share: told.append((label, share)),
        folder,
    )
    assert ["the host", "llama-server"] == [label for label, _ in told]
    assert sorted(finding.cost for finding in found) == [finding.cost for finding in found]
    for finding in found:
        assert finding.what
        assert finding.fix
        assert finding.sure in {"sure", "likely", "perhaps"}
    return found


def codes(machine, folder, words=SERVER):
    return [finding.code for finding in listed(machine, folder, words)]


def put(folder, devices="", help_text="", status=0, name="llama-server"):
    """A program that lists these devices and answers --help so."""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    (folder / "page").write_text(help_text)
    path.write_text(
        f'#!/bin/sh\ncase "$*" in *--list-devices*) printf "Available devices:\\n{devices}";; '
        f"*) cat {folder}/page; exit {status};; esac\n"
    )
    path.chmod(0o755)
    return str(path)


def test_a_gpu_that_does_not_answer_stops_everything(tmp_path):
    silent = Machine((), RAM, CPU, warnings=("NVML is missing",), unseen="NVIDIA's device files are here")
    assert {"gpu-silent", "no-program"} == set(codes(silent, tmp_path)[:2])


def test_no_gpu_at_all_is_only_told(tmp_path):
    assert codes(Machine((), RAM, CPU), tmp_path).index("no-gpu") > 0


def test_no_gpu_is_no_fault_where_none_is_asked_for(tmp_path):
    found = examine(Machine((), RAM, CPU), read_line(SERVER), {}, lambda *_: None, tmp_path, declined=True)
    assert "no-gpu" not in {finding.code for finding in found}


@pytest.mark.parametrize("unseen", ["", "NVIDIA's device files are here"])
def test_a_gpu_that_the_program_lists_is_there_whatever_the_drivers_tell(tmp_path, unseen):
    put(tmp_path, devices="  Vulkan0: AMD Radeon RX 6600 (8176 MiB, 8000 MiB free)\n")
    assert not {"no-gpu", "gpu-silent"} & set(codes(Machine((), RAM, CPU, unseen=unseen), tmp_path))


def test_a_machine_that_was_not_measured_is_told_so_once(tmp_path):
    bare = Machine((CARD,), RAM, CPU, host="this one")
    assert 1 == codes(bare, tmp_path).count("uncalibrated")
    assert "uncalibrated" not in codes(Machine((CARD,), RAM, CPU, host="it", calibration="today"), tmp_path)


def test_the_program_of_the_line_is_looked_at(tmp_path):
    path = put(tmp_path, name="build/llama-server")
    assert "cpu-only" in codes(Machine((CARD,), RAM, CPU), tmp_path, [path, "-m", "model.gguf"])
    assert "no-program" in codes(
        Machine((CARD,), RAM, CPU), tmp_path, [f"{tmp_path}/none/llama-server", "-m", "model.gguf"]
    )


def test_a_program_in_a_container_is_not_looked_for_here(tmp_path):
    line = ["docker", "run", "--gpus", "all", "ghcr.io/ggml-org/llama.cpp:server-cuda", "-hf", "user/repo"]
    assert not {"no-program", "cpu-only"} & set(codes(Machine((CARD,), RAM, CPU), tmp_path, line))


def test_the_drivers_own_view_is_what_a_program_is_held_to(tmp_path, monkeypatch, capsys):
    """A build for the CPU alone lists nothing: the machine of a plan then has no GPU, and the doctor says which it does not see."""
    from moefit.cli import main
    from tests.machine.fake_nvml import FakeCard, fake_nvml

    put(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setitem(sys.modules, "pynvml", fake_nvml(FakeCard()))
    with pytest.raises(SystemExit):
        main(["doctor"])
    said = capsys.readouterr().out
    assert "no GPU: it is built for the CPU alone" in " ".join(said.split())


def all_wrong(folder, monkeypatch):
    """What is found where everything is wrong at once."""
    group = {"memory.max": f"{8 * GIB}\n", "cpu.max": "50000 100000\n"}
    gpu = "sys/bus/pci/devices/0000:01:00.0"
    other = "sys/bus/pci/devices/0000:02:00.0"
    links = {
        "max_link_speed": "16.0 GT/s PCIe",
        "class": "0x030000",
        "vendor": "0x10de",
        "max_link_width": "16",
    }
    files = {
        "proc/meminfo": "MemTotal: 67108864 kB\nSwapTotal: 8388608 kB\nSwapFree: 4194304 kB\n",
        "proc/self/limits": "Max locked memory         8388608              8388608              bytes\n",
        "proc/sys/kernel/osrelease": "5.15.0-microsoft-standard-WSL2\n",
        **{f"{gpu}/{name}": f"{text}\n" for name, text in links.items()},
        **{f"{other}/{name}": f"{text}\n" for name, text in links.items()},
        f"{gpu}/current_link_width": "4\n",
        f"{gpu}/current_link_speed": "16.0 GT/s PCIe\n",
        f"{other}/current_link_width": "16\n",
        f"{other}/current_link_speed": "2.5 GT/s PCIe\n",
    }
    write(folder, v2("/a") | {f"sys/fs/cgroup/a/{name}": text for name, text in group.items()} | files)
    put(folder, help_text="-m,    --model FNAME    model path to load\n-c,    --ctx-size N    size\n")
    monkeypatch.setattr(metadata, "distribution", lambda name: SimpleNamespace(name=name))
    card = Device(
        "CUDA0", 8 * GIB, 12 * GIB, description="NVIDIA GeForce RTX 3060", source="nvml",
        link_bandwidth=3 * 10**9, held=(("firefox", 2 * GIB), ("Xorg", GIB)), display=True,
    )  # fmt: skip
    ram = Ram(64 * GIB, 60 * GIB, bandwidth=20 * 10**9, modules=parse_modules("ddr5-5600x2"))
    machine = Machine((card,), ram, Cpu(8, 16, numa_nodes=2), calibration="2026-11-30")
    return listed(machine, folder)


def test_all_that_can_be_wrong_at_once_is_told_worst_first(tmp_path, monkeypatch):
    found = {finding.code: finding for finding in all_wrong(tmp_path, monkeypatch)}
    assert {
        "namesake", "cpu-only", "old-build", "wsl", "cgroup-memory", "cgroup-cpu", "swap", "numa", "vram-held",
        "link-width", "link-speed", "link-slow", "ram-slow", "memory-lock",
    } == set(found)  # fmt: skip
    assert NOTHING_RUNS == found["namesake"].cost
    assert MANY_TIMES == found["cpu-only"].cost
    assert "firefox 2.00 GiB, Xorg 1.00 GiB; it drives a screen" in found["vram-held"].what
