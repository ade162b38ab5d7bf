from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from moefit.errors import InputError
from moefit.llama.execute import replace_process, wait_free
from moefit.machine.types import Cpu, Device, Machine, Ram

GIB = 1 << 30


def run_as(argv: list[str], additions: dict[str, str], **environment: str) -> subprocess.Popen[str]:
    """A Python process that becomes `argv`."""
    code = f"from moefit.llama.execute import replace_process; print('before'); replace_process({argv!r}, {additions!r})"
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env=environment or None,
    )


def test_the_command_keeps_the_process_id_and_what_was_printed_before():
    process = run_as(["/bin/sh", "-c", "echo $$"], {})
    out, _ = process.communicate(timeout=30)

    assert ["before", str(process.pid)] == out.split()


def test_the_exit_status_is_the_commands_own():
    process = run_as(["/bin/sh", "-c", "exit 7"], {})
    process.communicate(timeout=30)

    assert 7 == process.returncode


def test_what_python_ignores_the_command_does_not():
    ignored, _ = run_as(["/bin/sh", "-c", "grep SigIgn /proc/self/status"], {}).communicate(timeout=30)

    assert 0 == int(ignored.split()[-1], 16) & (1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1)


def test_signals_reach_the_command():
    process = run_as(["/bin/sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done"], {})
    assert process.stdout is not None
    while process.stdout.readline() != "ready\n":
        pass
    process.send_signal(signal.SIGTERM)

    assert 9 == process.wait(30)
    process.stdout.close()


def test_the_command_gets_the_environment_and_the_additions():
    process = run_as(
        ["/bin/sh", "-c", "echo $KEPT$ADDED"], {"ADDED": "two"}, KEPT="one", PATH="/usr/bin:/bin"
    )
    out, _ = process.communicate(timeout=30)

    assert "onetwo" == out.split()[-1]


def test_a_program_is_found_in_moefit_llama_and_keeps_its_short_name(tmp_path: Path):
    program = tmp_path / "llama-server"
    program.write_text("#!/bin/sh\necho started $1\n")
    program.chmod(0o755)
    process = run_as(["llama-server", "-m"], {}, PATH="/usr/bin:/bin", MOEFIT_LLAMA=str(tmp_path))
    out, _ = process.communicate(timeout=30)

    assert "before\nstarted -m\n" == out


def test_a_missing_program_is_an_error():
    with pytest.raises(InputError, match="/nowhere/llama-server: no such program"):
        replace_process(["/nowhere/llama-server"], {})


def test_a_file_that_is_no_program_is_an_error(tmp_path: Path):
    path = tmp_path / "llama-server"
    path.write_text("")
    with pytest.raises(InputError, match="Permission denied"):
        replace_process([str(path)], {})


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def waited(readings: list[int], needed: int, timeout: float) -> tuple[bool, float, int]:
    """What wait_free returns over these readings (the last one repeats), how long it took, and how often it asked."""
    clock = Clock()
    left = iter(readings)
    latest = [0]
    asked = [0]

    def look() -> Machine:
        latest[0] = next(left, latest[0])
        device = Device("CUDA0", free=latest[0], total=12 * GIB)
        return Machine((device,), Ram(32 * GIB, 32 * GIB), Cpu(8, 16))

    def fits(machine: Machine) -> bool:
        asked[0] += 1
        return machine.gpus[0].free >= needed

    found = wait_free(look, fits, timeout, clock=clock, sleep=clock.sleep)
    return found, clock.now, asked[0]


def test_waiting_ends_when_memory_has_been_still_for_a_second():
    found, seconds, asked = waited([2 * GIB, 6 * GIB, 10 * GIB], GIB, 30)

    assert (True, 1) == (found, asked)
    assert 1.0 <= seconds <= 2.0


def test_memory_that_is_free_and_still_costs_one_second():
    assert (True, 1.0, 1) == waited([10 * GIB], GIB, 30)


def test_waiting_goes_on_while_the_command_does_not_fit():
    found, seconds, asked = waited([2 * GIB] * 20 + [10 * GIB], 8 * GIB, 30)

    assert (True, 2) == (found, asked)
    assert 5.0 <= seconds <= 7.0


def test_what_never_fits_ends_with_the_timeout():
    assert (False, 3.0, 1) == waited([2 * GIB], 8 * GIB, 3)


def test_no_time_is_no_wait():
    assert (False, 0.0, 0) == waited([10 * GIB], GIB, 0)


def test_a_little_more_free_memory_is_noise():
    assert (True, 1.0, 1) == waited([10 * GIB + (n << 20) for n in range(5)], GIB, 30)
