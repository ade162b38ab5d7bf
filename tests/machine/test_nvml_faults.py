"""Every function of NVML, failing in every way that a driver can: the machine is read all the same, and a warning names it."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from moefit.machine import child, nvml
from moefit.machine.nvml import read_gpus
from moefit.machine.types import Device, Ram
from moefit.sizes import GIB
from tests.each import each
from tests.machine.fake_nvml import FakeCard, NVMLError, fake_nvml

RAM = Ram(total=120 * GIB, available=100 * GIB)
LIMIT = 60.0
"""Seconds: what answers does so long before, however busy the machine is."""
SHORT = (0.2, 1.0, 40.0)
"""Seconds for what hangs, which hangs for far longer; the next where a busy machine did not come as far as the call."""
HANG = 600


def _raise(error: BaseException) -> Callable[..., Any]:
    def function(*_: Any) -> Any:
        raise error

    return function


def _give(answer: Any) -> Callable[..., Any]:
    return lambda *_: answer


def _die(number: signal.Signals) -> Callable[..., Any]:
    def function(*_: Any) -> None:
        faulthandler.disable()  # pytest's would print the stack
        os.kill(os.getpid(), number)

    return function


FAULTS = {
    "an NVML error": _raise(NVMLError("Unknown Error")),
    "another error": _raise(TypeError("byref() argument must be a ctypes instance")),
    "bytes that are no UTF-8, in the bindings": _raise(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad")),
    "an error without words": _raise(ValueError()),
    "no memory": _raise(MemoryError()),
    "a hang": lambda *_: time.sleep(HANG),
    "a crash": _die(signal.SIGSEGV),
    "an abort": _die(signal.SIGABRT),
    "an exit": lambda *_: os._exit(0),
    "None": _give(None),
    "N/A": _give("N/A"),
    "bytes that are no UTF-8": _give(b"\xff\xfeRTX"),
    "control characters": _give("\x1b[2J\n"),
    "less than nothing": _give(-1),
    "huge": _give(10**30),
    "a million": _give(1_000_000),
    "no number": _give(float("nan")),
    "an odd type": _give(object()),
}
ANSWERS = (
    "None",
    "N/A",
    "bytes that are no UTF-8",
    "control characters",
    "less than nothing",
    "huge",
    "a million",
    "no number",
    "an odd type",
)
"""Those that are answers: of nvmlInit nobody reads one."""
DEADLY = ("a hang", "a crash", "an abort", "an exit")
"""Those that a process of its own is needed for."""
FUNCTIONS = sorted(name for name in vars(fake_nvml()) if name.startswith("nvml") and name != "nvmlShutdown")


def machine() -> ModuleType:
    """A plain card and one in MIG mode."""
    part = FakeCard(name="part", uuid="MIG-1", total=20 * GIB, free=19 * GIB)
    whole = FakeCard(name="NVIDIA H100 80GB HBM3", uuid="GPU-h", total=80 * GIB, free=79 * GIB, mig=[part])
    return fake_nvml(FakeCard(), whole)


def read(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, limit: float = LIMIT
) -> tuple[tuple[Device, ...], tuple[str, ...]]:
    monkeypatch.setitem(sys.modules, "pynvml", module)
    return read_gpus({"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}, RAM, limit)[:2]


def read_hanging(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, came: Callable[[tuple[str, ...]], bool]
) -> tuple[float, tuple[Device, ...], tuple[str, ...]]:
    """What a driver that hangs leaves, and the limit that it had: the first in which it came as far as the call."""
    for limit in SHORT:
        gpus, warnings = read(monkeypatch, module, limit)
        if came(warnings):
            break
    return limit, gpus, warnings


def is_possible(gpu: Device) -> bool:
    """Whether a card could have those figures."""
    rates = (gpu.bandwidth, gpu.link_bandwidth, gpu.compute)
    return 0 <= gpu.free <= gpu.total < 1 << 40 and all(rate is None or 0 < rate < 1e16 for rate in rates)


def test_the_machine_of_these_tests_is_read_without_a_warning(monkeypatch) -> None:
    gpus, warnings = read(monkeypatch, machine())
    assert (["CUDA0", "CUDA1"], ()) == ([gpu.name for gpu in gpus], warnings)


def ask_here(question: child.Question, seconds: float) -> child.ChildAnswer:
    """What a child process would have answered: to fork that of many tests takes longer than to ask."""
    noted = [""]
    try:
        kind, text = b"+", question(noted.append)
    except BaseException as error:  # noqa: BLE001 - as the child does
        kind, text = b"-", f"{type(error).__name__}: {error}"
    body = text.encode(errors="backslashreplace")
    return child._judge(kind + len(body).to_bytes(8, "big") + body, 0, noted[-1], seconds)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_whatever_a_function_does_is_one_warning_that_names_it(monkeypatch, function: str) -> None:
    @each(FAULTS)
    def check(fault: str) -> None:
        with monkeypatch.context() as patch:
            does(patch, function, fault)

    check()


def does(monkeypatch: pytest.MonkeyPatch, function: str, fault: str) -> None:
    """One fault of a function is told, and nothing is believed of it that cannot be."""
    if fault not in DEADLY and function != "nvmlInit":
        monkeypatch.setattr(nvml, "ask_in_child", ask_here)
    module = machine()
    setattr(module, function, FAULTS[fault])
    if fault == "a hang":
        _, gpus, warnings = read_hanging(monkeypatch, module, lambda told: any(function in w for w in told))
    else:
        gpus, warnings = read(monkeypatch, module)
    assert [] == [gpu for gpu in gpus if not is_possible(gpu)]
    named = sum(function in warning for warning in warnings)
    unread = function == "nvmlInit" and fault in ANSWERS
    opaque = "Handle" in function and fault == "an odd type"  # what takes the handle fails
    assert unread or (len(warnings) if opaque else named) in {1, 2}  # of two cards
    assert all(warning.isprintable() for warning in warnings)
    assert len(warnings) <= 4


@pytest.mark.parametrize(
    "memory",
    [
        SimpleNamespace(total=-1, free=-1),
        SimpleNamespace(total=0, free=0),
        SimpleNamespace(total=10**30, free=0),
        SimpleNamespace(total="12 GiB", free=0),
        SimpleNamespace(total=12 * GIB, free=-1),
        SimpleNamespace(total=12 * GIB, free=None),
        SimpleNamespace(total=None, free=None),
        SimpleNamespace(free=1),
    ],
    ids=str,
)
def test_a_card_whose_memory_cannot_be_is_left_out(monkeypatch, memory: Any) -> None:
    module = fake_nvml(FakeCard())
    module.nvmlDeviceGetMemoryInfo = lambda _: memory
    gpus, [warning] = read(monkeypatch, module)
    assert () == gpus
    assert warning.startswith("GPU 0 (NVIDIA GeForce RTX 3060) is left out: nvmlDeviceGetMemoryInfo answers")


def test_more_free_than_there_is_counts_as_all(monkeypatch) -> None:
    [gpu], _ = read(monkeypatch, fake_nvml(FakeCard(total=12 * GIB, free=13 * GIB)))
    assert 12 * GIB == gpu.free


def test_a_driver_that_hangs_costs_its_time_limit_and_no_more(monkeypatch) -> None:
    module = machine()
    module.nvmlInit = lambda: time.sleep(HANG)
    begin = time.monotonic()
    limit, gpus, [warning] = read_hanging(monkeypatch, module, lambda told: "nvmlInit" in told[0])
    assert time.monotonic() - begin < HANG / 2
    assert ((), f"no NVIDIA GPU: NVML does not answer in {limit:g} seconds (nvmlInit)") == (gpus, warning)


def becomes_a_daemon() -> None:
    """As daemon(3): in a session that nobody leads, and nobody's child."""
    os.setsid()
    if os.fork():
        os._exit(0)


@pytest.mark.parametrize(
    "leaves",
    [lambda: None, os.setpgrp, os.setsid, becomes_a_daemon],
    ids=["stays", "group", "session", "daemon"],
)
@pytest.mark.parametrize(
    "ends", [lambda: time.sleep(HANG), lambda: os.kill(os.getpid(), signal.SIGKILL)], ids=["hangs", "crashes"]
)
def test_what_a_driver_started_is_ended_with_it(
    monkeypatch, tmp_path, leaves: Callable[[], None], ends: Callable[[], None]
) -> None:
    module, told = machine(), tmp_path / "pid"

    def starts_a_helper() -> None:
        if os.fork() == 0:
            leaves()
            told.write_text(str(os.getpid()))
            time.sleep(HANG)
            os._exit(0)
        while not (told.exists() and told.read_text()):
            time.sleep(0.001)
        ends()

    module.nvmlInit = starts_a_helper
    read_hanging(monkeypatch, module, lambda _: told.exists() and told.read_text() != "")
    deadline = time.monotonic() + LIMIT
    while _runs(int(told.read_text())) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _runs(int(told.read_text()))


def test_what_a_driver_prints_does_not_reach_the_result(monkeypatch, capfd) -> None:
    module = machine()
    module.nvmlInit = lambda: (os.write(1, b"NVRM: hello\n"), os.write(2, b"NVRM: hello\n"))
    read(monkeypatch, module)
    assert ("", "") == tuple(capfd.readouterr())


def _runs(process: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
