from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import pytest

from moefit.machine.types import Device
from moefit.machine.watch import MemoryWatch
from tests.machine.fake_nvml import NO_LIBRARY, FakeCard, NVMLError, fake_nvml

MIB = 1 << 20
CARD = Device("CUDA0", 0, 0, uuid="GPU-1")


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Callable[[FakeCard], ModuleType]:
    """Puts one card where pynvml is looked for."""

    def put(card: FakeCard) -> ModuleType:
        module = fake_nvml(card)

        def by_uuid(uuid: str) -> FakeCard:
            if uuid != card.uuid:
                raise NVMLError(uuid)
            return card

        module.nvmlDeviceGetHandleByUUID = by_uuid  # type: ignore[attr-defined]
        module.nvmlDeviceGetMemoryInfo = lambda one: SimpleNamespace(free=one.free)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "pynvml", module)
        return module

    return put


def test_the_high_water_mark_stays_when_memory_is_given_back(library) -> None:
    card = FakeCard(uuid="GPU-1", free=1000 * MIB)
    library(card)
    with MemoryWatch([CARD]) as watch:
        card.free = 300 * MIB
        assert {"CUDA0": 700 * MIB} == watch.taken
        assert not watch.given_back
        card.free = 995 * MIB
        assert {"CUDA0": 700 * MIB} == watch.taken
        assert watch.given_back


def test_a_peak_between_two_questions_is_seen(library, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    monkeypatch.setattr("moefit.machine.watch._PERIOD", 0.001)
    card = FakeCard(uuid="GPU-1", free=1000 * MIB)
    library(card)
    with MemoryWatch([CARD]) as watch:
        card.free = 400 * MIB
        threading.Event().wait(0.1)
        card.free = 1000 * MIB
        assert {"CUDA0": 600 * MIB} == watch.taken


def test_the_library_is_closed_again(library) -> None:
    module = library(FakeCard(uuid="GPU-1"))
    with MemoryWatch([CARD]):
        pass
    assert 1 == module.shut_down


@pytest.mark.parametrize("device", [Device("RPC0", 0, 0), Device("CUDA0", 0, 0, uuid="GPU-9")])
def test_a_device_that_nvml_does_not_know_is_left_out(library, device: Device) -> None:
    library(FakeCard(uuid="GPU-1"))
    with MemoryWatch([device]) as watch:
        assert ({}, True) == (watch.taken, watch.given_back)


def test_without_a_driver_nothing_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", fake_nvml(init=NO_LIBRARY))
    with MemoryWatch([CARD]) as watch:
        assert {} == watch.taken
