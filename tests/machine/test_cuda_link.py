from __future__ import annotations

import ctypes

import pytest

from moefit.machine import cuda_link
from moefit.machine.cuda_link import measure_links
from moefit.sizes import MIB
from tests.machine.fake_cuda import PAGEABLE_SECONDS, PINNED_SECONDS, UUIDS, FakeCuda


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measures for a moment, with little memory."""
    monkeypatch.setattr(cuda_link, "_SIZE", MIB)
    monkeypatch.setattr(cuda_link, "_WARM_UP", 0.005)
    monkeypatch.setattr(cuda_link, "_SECONDS", 0.05)


def quiet(_label: str, _share: float) -> None:
    """No progress."""


def test_each_gpus_link_is_measured_from_both_kinds_of_memory() -> None:
    links, warnings = measure_links(quiet, FakeCuda())
    assert () == warnings
    assert [(str(number), f"card {index}") for index, number in enumerate(UUIDS)] == [
        (link.uuid, link.description) for link in links
    ]
    for link in links:
        assert link.pageable < link.pinned <= MIB / PINNED_SECONDS
        assert 0 < link.pageable <= MIB / PAGEABLE_SECONDS


def test_everything_allocated_is_freed() -> None:
    library = FakeCuda()
    measure_links(quiet, library)
    assert {"context": 0, "device": 0, "host": 0} == dict(library.alive)


@pytest.mark.parametrize(
    "name", ["cuMemAlloc_v2", "cuMemHostAlloc", "cuMemcpyHtoD_v2", "cuCtxSetCurrent", "cuCtxSynchronize"]
)
def test_a_gpu_that_cannot_be_measured_is_a_warning_and_leaves_nothing_behind(name: str) -> None:
    library = FakeCuda({name: 2})
    links, warnings = measure_links(quiet, library)
    assert () == links
    assert [
        f"the link of GPU {index} is not measured: {name}: out of memory (2)" for index in range(2)
    ] == list(warnings)
    assert {0} == set(library.alive.values())


def test_one_broken_gpu_does_not_keep_the_others_from_being_measured() -> None:
    links, [warning] = measure_links(quiet, FakeCuda(broken_device=0))
    assert ["card 1"] == [link.description for link in links]
    assert "GPU 0" in warning


@pytest.mark.parametrize("name", ["cuInit", "cuDeviceGetCount"])
def test_a_driver_that_does_not_start_is_one_warning(name: str) -> None:
    assert ((), (f"GPUs are not measured: {name}: out of memory (100)",)) == measure_links(
        quiet, FakeCuda({name: 100})
    )


def test_a_driver_that_lacks_a_function_is_one_warning() -> None:
    library = FakeCuda()
    del library.cuDeviceGetUuid_v2
    links, [warning] = measure_links(quiet, library)
    assert () == links
    assert "the driver is too old" in warning


def test_without_a_driver_there_is_nothing_to_say(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_name: str) -> ctypes.CDLL:
        raise OSError("libcuda.so.1: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert ((), ()) == measure_links(quiet)


def test_progress_rises_from_nothing_to_all() -> None:
    shares: list[float] = []
    measure_links(lambda _label, share: shares.append(share), FakeCuda())
    assert [0.0, 0.5, 1.0] == shares
