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


def server(cores: int, nodes: int = 1, model: str = "AMD EPYC 7742 64-Core Processor") -> Machine:
    return replace(DESKTOP, cpu=Cpu(cores, cores, model=model, numa_nodes=nodes))


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
    assert abs(ram_bandwidth(server(16, model="Intel Xeon Processor (Skylake, IBRS)")) / 75.5e9 - 1) < 0.05


def test_rated_modules_give_what_decode_sustains() -> None:
    modules = Modules("DDR5", 6000, 2)
    assert modules.sustained == ram_bandwidth(replace(DESKTOP, ram=replace(DESKTOP.ram, modules=modules)))


def test_a_server_is_limited_by_its_channels_and_two_sockets_have_twice_as_many() -> None:
    assert 2 * ram_bandwidth(server(64)) == ram_bandwidth(server(128, nodes=2), spread=True)


@pytest.mark.parametrize("modules", [None, Modules("DDR5", 4800, 12)])
def test_memory_parted_in_nodes_gives_a_third_where_nobody_lays_weights_on_all(
    modules: Modules | None,
) -> None:
    parted = replace(server(64, nodes=4), ram=replace(DESKTOP.ram, modules=modules))
    assert 0.25 < ram_bandwidth(parted) / ram_bandwidth(parted, spread=True) < 0.35


@pytest.mark.parametrize(
    ("processor", "cores", "least", "most"),
    [
        ("AMD Ryzen Threadripper 3970X 32-Core Processor", 32, 60e9, 80e9),
        ("AMD Ryzen Threadripper 7970X 32-Cores", 32, 90e9, 130e9),
        ("AMD Ryzen Threadripper PRO 3975WX 32-Cores", 32, 110e9, 151e9),
        ("AMD Ryzen Threadripper PRO 7995WX 96-Cores", 96, 180e9, 260e9),
        ("AMD EPYC 9554 64-Core Processor", 64, 250e9, 330e9),
        ("AMD EPYC 8534P 64-Core Processor", 64, 125e9, 180e9),
        ("AMD EPYC 4564P 16-Core Processor", 16, 45e9, 65e9),
        ("Intel(R) Xeon(R) w5-2465X", 16, 70e9, 120e9),
        ("Intel(R) Xeon(R) w9-3495X", 56, 170e9, 240e9),
    ],
)
def test_a_servers_name_tells_its_channels(processor: str, cores: int, least: float, most: float) -> None:
    assert least < ram_bandwidth(server(cores, model=processor)) < most


def test_few_cores_of_a_server_do_not_read_all_that_its_channels_give() -> None:
    few, many = (ram_bandwidth(server(n, model="AMD EPYC 9554 64-Core Processor")) for n in (8, 64))
    assert few < many / 3


def test_a_laptop_with_a_new_chip_has_ddr5_whatever_its_processor_is_called() -> None:
    def laptop(chip: str, model: str = "") -> Machine:
        gpus = (replace(UNKNOWN, description=f"NVIDIA GeForce {chip} Laptop GPU"),)
        return replace(DESKTOP, gpus=gpus, cpu=replace(DESKTOP.cpu, model=model))

    assert ram_bandwidth(laptop("RTX 4070")) > 1.3 * ram_bandwidth(laptop("RTX 3070"))
    named = "AMD Ryzen 7 5800H with Radeon Graphics"
    assert ram_bandwidth(laptop("RTX 4070", named)) == ram_bandwidth(laptop("RTX 3070", named))


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
