"""The doctor's list: worst first, and what is said of a machine without a GPU that answers."""

from __future__ import annotations

from moefit.app.doctor import examine
from moefit.machine.types import Cpu, Device, Machine, Ram

GIB = 1 << 30
RAM, CPU = Ram(64 * GIB, 60 * GIB), Cpu(8, 16)
CARD = Device("CUDA0", 12 * GIB, 12 * GIB, source="nvml")


def codes(machine, tmp_path):
    told = []
    found = examine(
        machine, {"PATH": str(tmp_path)}, lambda label, share: told.append((label, share)), tmp_path
    )
    assert ["the host", "llama-server"] == [label for label, _ in told]
    assert sorted(finding.cost for finding in found) == [finding.cost for finding in found]
    return [finding.code for finding in found]


def test_a_gpu_that_does_not_answer_stops_everything(tmp_path):
    silent = Machine((), RAM, CPU, warnings=("NVML is missing",), unseen="NVIDIA's device files are here")
    assert {"gpu-silent", "no-program"} == set(codes(silent, tmp_path)[:2])


def test_no_gpu_at_all_is_only_told(tmp_path):
    assert codes(Machine((), RAM, CPU), tmp_path).index("no-gpu") > 0


def test_a_machine_that_was_not_measured_is_told_so_once(tmp_path):
    bare = Machine((CARD,), RAM, CPU, host="this one")
    assert 1 == codes(bare, tmp_path).count("uncalibrated")
    assert "uncalibrated" not in codes(Machine((CARD,), RAM, CPU, host="it", calibration="today"), tmp_path)
