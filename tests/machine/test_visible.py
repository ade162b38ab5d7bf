"""A line that chooses among a declared machine's devices."""

from __future__ import annotations

import pytest

from moefit.errors import UsageError
from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.machine.visible import visible_devices

THREE = Machine(parse_gpus(["free=8GiB", "free=16GiB", "free=24GiB"]), Ram(64 << 30, 64 << 30), Cpu(8, 16))


def sizes(**variables: str) -> list[tuple[str, int]]:
    return [(gpu.name, gpu.free >> 30) for gpu in visible_devices(THREE, variables).gpus]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1", [("CUDA0", 16)]),
        ("2,0", [("CUDA0", 24), ("CUDA1", 8)]),
        ("1,9,0", [("CUDA0", 16)]),
        ("", []),
        ("-1", []),
        ("0,0", [("CUDA0", 8)]),
    ],
)
def test_devices_are_chosen_and_numbered_anew(value: str, expected: list[tuple[str, int]]) -> None:
    assert expected == sizes(CUDA_VISIBLE_DEVICES=value)


def test_another_backends_variable_changes_nothing() -> None:
    assert THREE == visible_devices(THREE, {"HIP_VISIBLE_DEVICES": "0", "GGML_VK_VISIBLE_DEVICES": "0"})


def test_a_uuid_names_no_declared_device() -> None:
    with pytest.raises(UsageError, match="a declared machine's devices have numbers only"):
        sizes(CUDA_VISIBLE_DEVICES="GPU-1234")
