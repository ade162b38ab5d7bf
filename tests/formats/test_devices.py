"""`moefit devices`: what a reader should know of each device."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from moefit.formats.devices import machine_json, show_machine
from moefit.machine.file import from_json
from moefit.machine.types import Cpu, Device, Machine, Ram
from moefit.sizes import GIB, MIB

CARD = Device(
    "CUDA0",
    20 * GIB,
    24 * GIB,
    description="NVIDIA GeForce RTX 3090",
    bandwidth=936 * 10**9,
    link_bandwidth=26 * 10**9,
    overhead=355 * MIB,
    source="nvml",
)
MACHINE = Machine((CARD,), Ram(64 * GIB, 60 * GIB), Cpu(8, 16))


def shown(machine: Machine) -> str:
    console = Console(file=StringIO(), width=150)
    show_machine(machine, console)
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"held": (("Xorg", 900 * MIB), ("python3", 2 * GIB))}, "held: Xorg 900 MiB, python3 2.00 GiB"),
        ({}, "4.00 GiB are held by others or the driver"),
        ({"display": True}, "drives a screen"),
        (
            {"link_now": 3 * 10**9, "link_most": 26 * 10**9},
            "link 3.0 GB/s now (idle ones slow down) · 26 GB/s at most",
        ),
        ({"uncapped": 22 * GIB}, "22.00 GiB are free, and --budget caps it"),
    ],
)
def test_what_a_row_has_no_room_for_stands_below(more: dict[str, object], expected: str) -> None:
    assert expected in shown(replace(MACHINE, gpus=(replace(CARD, **more),)))


def test_an_integrated_gpu_beside_a_card_is_said_to_be_left_out() -> None:
    own = Device("Vulkan1", 40 * GIB, 48 * GIB, description="Intel(R) Graphics (ARL)", integrated=True)
    text = shown(replace(MACHINE, gpus=(CARD, own)))
    assert "Vulkan1: shares the host's memory · left out beside a card unless -dev names it" in text


def test_a_card_that_two_backends_show_has_both_names() -> None:
    assert "CUDA0: also Vulkan0, which is the same card" in shown(
        replace(MACHINE, duplicates=(("Vulkan0", "CUDA0"),))
    )


def test_overhead_and_reserve_are_shown() -> None:
    assert "355 MiB 230 MiB+ 936 GB/s 26 GB/s nvml" in shown(MACHINE)


def test_what_devices_writes_is_what_machine_reads() -> None:
    full = replace(
        CARD, held=(("Xorg", MIB),), display=True, link_now=10**9, link_most=26 * 10**9, uuid="GPU-1"
    )
    machine = replace(MACHINE, gpus=(full,), duplicates=(("Vulkan0", "CUDA0"),))
    assert machine == from_json(machine_json(machine))


@pytest.mark.parametrize(
    ("link", "expected"),
    [(125_000_000, "0.12 GB/s"), (1_200_000_000, "1.2 GB/s"), (26_000_000_000, "26 GB/s")],
)
def test_a_networks_link_is_told_with_its_digits(link: int, expected: str) -> None:
    assert expected in shown(replace(MACHINE, gpus=(replace(CARD, link_bandwidth=link),)))
