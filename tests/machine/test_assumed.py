from __future__ import annotations

from dataclasses import replace

import pytest

from moefit.machine.assumed import (
    device_bandwidth,
    link_bandwidth,
    ram_bandwidth,
)
from moefit.machine.catalogue import find_card
from moefit.machine.modules import Modules
from moefit.machine.types import Cpu, Device, Machine, Ram
from moefit.sizes import GIB

DESKTOP = Machine(
    gpus=(), ram=Ram(64 * GIB, 60 * GIB), cpu=Cpu(8, 16, model="AMD Ryzen 7 7700X 8-Core Processor")
)
UNKNOWN = Device(name="CUDA0", free=8 * GIB, total=8 * GIB)


def server(cores: int, nodes: int = 1) -> Machine:
    return replace(DESKTOP, cpu=Cpu(cores, cores, model="AMD EPYC 7742 64-Core Processor", numa_nodes=nodes))


def test_a_stated_ram_bandwidth_is_taken_as_it_is() -> None:
    assert 77 == ram_bandwidth(replace(DESKTOP, ram=replace(DESKTOP.ram, bandwidth=77)))


@pytest.mark.parametrize(
    ("model", "least", "most"),
    [
        ("", 28e9, 38e9),
        ("AMD Ryzen 9 5950X 16-Core Processor", 28e9, 38e9),
        ("12th Gen Intel(R) Core(TM) i7-12700K", 38e9, 48e9),
        ("AMD Ryzen 7 5700G with Radeon Graphics", 28e9, 38e9),
        ("AMD Ryzen 7 7730U with Radeon Graphics", 28e9, 38e9),
        ("AMD Ryzen 7 7700X 8-Core Processor", 48e9, 58e9),
        ("AMD Ryzen 9 7950X3D 16-Core Processor", 48e9, 58e9),
        ("AMD Ryzen 5 7600 6-Core Processor", 48e9, 58e9),
        ("AMD Ryzen 9 9950X 16-Core Processor", 48e9, 58e9),
        ("AMD Ryzen 7 8700G w/ Radeon 780M Graphics", 48e9, 58e9),
        ("Intel(R) Core(TM) Ultra 9 285K", 48e9, 58e9),
    ],
)
def test_a_desktop_is_taken_to_have_two_channels_of_what_its_processor_needs(
    model: str, least: float, most: float
) -> None:
    assert least < ram_bandwidth(replace(DESKTOP, cpu=replace(DESKTOP.cpu, model=model))) < most


def test_sixteen_threads_of_a_server_come_close_to_the_75_gb_per_second_that_decode_got() -> None:
    assert abs(ram_bandwidth(server(16)) / 75.5e9 - 1) < 0.05


def test_rated_modules_give_what_decode_sustains() -> None:
    modules = Modules("DDR5", 6000, 2)
    assert modules.sustained == ram_bandwidth(replace(DESKTOP, ram=replace(DESKTOP.ram, modules=modules)))


def test_a_server_is_limited_by_its_channels_and_two_sockets_have_twice_as_many() -> None:
    assert 2 * ram_bandwidth(server(64)) == ram_bandwidth(server(128, nodes=2))


def test_a_unified_memory_follows_its_gpus_bandwidth() -> None:
    card = find_card("gb10")
    assert card is not None
    assert 140e9 < ram_bandwidth(replace(DESKTOP, gpus=(card.device("CUDA0"),))) < 273e9


def test_what_a_device_states_is_taken_as_it_is() -> None:
    known = replace(UNKNOWN, bandwidth=1, link_bandwidth=2)
    assert (1, 2) == (device_bandwidth(known), link_bandwidth(known))


def test_an_unknown_device_is_taken_for_a_modest_one() -> None:
    assert 200e9 < device_bandwidth(UNKNOWN) < 400e9
    assert 10e9 < link_bandwidth(UNKNOWN) < 16e9


def test_a_unified_memory_has_no_link_to_cross() -> None:
    assert 5 == link_bandwidth(replace(UNKNOWN, integrated=True, bandwidth=5))
