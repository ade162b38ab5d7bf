from __future__ import annotations

import pytest

from moefit.machine.overhead import context_overhead
from moefit.sizes import MIB


def test_an_h100s_context_takes_about_the_measured_500_mib() -> None:
    assert 480 * MIB <= context_overhead("CUDA0", 132) <= 520 * MIB


@pytest.mark.parametrize(("multiprocessors", "mib"), [(1, 250), (28, 250), (82, 355), (1000, 500)])
def test_a_cuda_context_grows_with_the_multiprocessors_between_250_and_500_mib(
    multiprocessors: int, mib: int
) -> None:
    assert mib * MIB == context_overhead("CUDA3", multiprocessors)


def test_a_cuda_card_that_does_not_say_is_taken_for_a_large_one() -> None:
    assert 450 * MIB == context_overhead("CUDA0")


@pytest.mark.parametrize("device", ["RPC0", "MTL0"])
def test_a_backend_whose_free_memory_is_already_less_its_context_adds_none(device: str) -> None:
    assert context_overhead(device) == 0


@pytest.mark.parametrize("device", ["ROCm0", "Vulkan1", "SYCL0", "Unknown0"])
def test_every_other_backend_pays_something(device: str) -> None:
    assert 100 * MIB <= context_overhead(device) <= 500 * MIB
