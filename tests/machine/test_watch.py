from __future__ import annotations

import faulthandler
import mmap
import os
import signal
import sys
import time
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import pytest

from moefit.machine.types import Device
from moefit.machine.watch import MemoryWatch
from tests.machine.fake_nvml import NO_LIBRARY, FakeCard, NVMLError, fake_nvml

MIB = 1 << 20
CARD = Device("CUDA0", 0, 0, uuid="GPU-1")


class Memory:
    """A card's free memory, which this process and the one that asks the driver both see."""

    def __init__(self, free: int) -> None:
        self._row = memoryview(mmap.mmap(-1, 8)).cast("q")
        self.free = free

    @property
    def free(self) -> int:
        return self._row[0]

    @free.setter
    def free(self, size: int) -> None:
        self._row[0] = size


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Callable[[Memory], ModuleType]:
    """Puts one card where pynvml is looked for."""

    def put(memory: Memory) -> ModuleType:
        card = FakeCard(uuid="GPU-1")
        module = fake_nvml(card)

        def by_uuid(uuid: str) -> FakeCard:
            if uuid != card.uuid:
                raise NVMLError(uuid)
            return card

        module.nvmlDeviceGetHandleByUUID = by_uuid  # type: ignore[attr-defined]
        module.nvmlDeviceGetMemoryInfo = lambda _: SimpleNamespace(free=memory.free)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "pynvml", module)
        return module

    return put


def test_the_high_water_mark_stays_when_memory_is_given_back(library) -> None:
    memory = Memory(1000 * MIB)
    library(memory)
    with MemoryWatch([CARD]) as watch:
        memory.free = 300 * MIB
        assert {"CUDA0": 700 * MIB} == watch.taken
        assert not watch.given_back
        memory.free = 995 * MIB
        assert {"CUDA0": 700 * MIB} == watch.taken
        assert watch.given_back


def test_a_peak_between_two_questions_is_seen(library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moefit.machine.watch._PERIOD", 0.001)
    memory = Memory(1000 * MIB)
    library(memory)
    with MemoryWatch([CARD]) as watch:
        memory.free = 400 * MIB
        time.sleep(0.3)
        memory.free = 1000 * MIB
        assert {"CUDA0": 600 * MIB} == watch.taken


@pytest.mark.parametrize("device", [Device("RPC0", 0, 0), Device("CUDA0", 0, 0, uuid="GPU-9")])
def test_a_device_that_nvml_does_not_know_is_left_out(library, device: Device) -> None:
    library(Memory(1000 * MIB))
    with MemoryWatch([device]) as watch:
        assert ({}, True) == (watch.taken, watch.given_back)


def test_without_a_driver_nothing_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", fake_nvml(init=NO_LIBRARY))
    with MemoryWatch([CARD]) as watch:
        assert {} == watch.taken


def hang(*_: object) -> None:
    signal.pause()


def crash(*_: object) -> None:
    faulthandler.disable()  # pytest's would print the stack
    os.kill(os.getpid(), signal.SIGSEGV)


@pytest.mark.parametrize("fault", [hang, crash])
@pytest.mark.parametrize("function", ["nvmlInit", "nvmlDeviceGetHandleByUUID", "nvmlDeviceGetMemoryInfo"])
def test_a_driver_that_hangs_or_crashes_from_the_start_is_not_watched(library, function, fault) -> None:
    setattr(library(Memory(1000 * MIB)), function, fault)
    began = time.monotonic()
    with MemoryWatch([CARD], seconds=0.5) as watch:
        assert ({}, True) == (watch.taken, watch.given_back)
    assert time.monotonic() - began < 15


@pytest.mark.parametrize("fault", [hang, crash])
def test_what_was_seen_stays_where_a_driver_hangs_or_crashes_later(library, fault) -> None:
    memory = Memory(1000 * MIB)
    module = library(memory)
    module.nvmlDeviceGetMemoryInfo = lambda _: SimpleNamespace(free=memory.free or fault())  # type: ignore[attr-defined]
    with MemoryWatch([CARD], seconds=3) as watch:
        memory.free = 300 * MIB
        assert {"CUDA0": 700 * MIB} == watch.taken
        memory.free = 0
        began = time.monotonic()
        assert {"CUDA0": 700 * MIB} == watch.taken
        assert not watch.given_back
    assert time.monotonic() - began < 15


@pytest.mark.parametrize("free", [None, "N/A", -5, 1 << 70, float("nan")])
def test_an_impossible_figure_is_passed_over(library, free) -> None:
    library(Memory(1000 * MIB)).nvmlDeviceGetMemoryInfo = lambda _: SimpleNamespace(free=free)  # type: ignore[attr-defined]
    with MemoryWatch([CARD]) as watch:
        assert {} == watch.taken


def test_nothing_is_left_running(library) -> None:
    library(Memory(1000 * MIB))
    with MemoryWatch([CARD]) as watch:
        child = watch._child
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
