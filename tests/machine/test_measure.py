from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from moefit.errors import InputError
from moefit.machine import measure
from moefit.machine.measure import measure_machine, measure_ram, thread_counts
from moefit.machine.system import read_cpu, read_fingerprint
from moefit.machine.types import Cpu, Ram
from moefit.sizes import GIB, MIB


@pytest.mark.parametrize(
    ("cores", "threads", "expected"),
    [(1, 1, [1]), (2, 2, [1, 2]), (8, 16, [1, 2, 4, 8, 16]), (6, 6, [1, 2, 4, 6]), (3, 8, [1, 2, 3, 8])],
)
def test_powers_of_two_the_cores_and_every_thread_are_measured(
    cores: int, threads: int, expected: list[int]
) -> None:
    assert expected == thread_counts(Cpu(cores, threads))


def test_this_hosts_memory_reads_at_a_plausible_rate() -> None:
    [one, two] = measure_ram(Ram(GIB, GIB), Cpu(2, 2), lambda _label, _share: None)
    assert (1, 2) == (one.threads, two.threads)
    assert 5e8 < one.bandwidth < 1e12
    assert 5e8 < two.bandwidth < 1e12


def test_progress_rises_from_nothing_to_all() -> None:
    shares: list[float] = []
    measure_ram(Ram(GIB, GIB), Cpu(2, 2), lambda _label, share: shares.append(share))
    assert [0.0, 0.5, 1.0] == shares


def test_memory_that_is_not_to_be_had_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "_LEAST", 1 << 62)
    monkeypatch.setattr(measure, "_MOST", 1 << 62)
    with pytest.raises(InputError, match="cannot measure memory"):
        measure_ram(Ram(GIB, GIB), Cpu(1, 1), lambda _label, _share: None)


def test_a_calibration_is_this_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "_MOST", 16 * MIB)
    monkeypatch.setattr(measure, "measure_links", lambda _progress: ((), ("a card is busy",)))
    calibration, warnings = measure_machine(lambda _label, _share: None)
    assert (read_fingerprint(), ("a card is busy",)) == (calibration.fingerprint, warnings)
    assert thread_counts(read_cpu()) == [rate.threads for rate in calibration.ram]


def test_an_interrupted_calibration_ends_at_once_with_130(tmp_path: Path) -> None:
    """Its threads are in the middle of the memory then."""
    process = subprocess.Popen(
        [sys.executable, "-m", "moefit", "calibrate"], env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}
    )
    end = time.monotonic() + 30
    while psutil.Process(process.pid).num_threads() < 2 and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert (130, []) == (process.wait(20), list(tmp_path.iterdir()))
