from __future__ import annotations

import functools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moefit.errors import UsageError
from moefit.machine.declared import TYPICAL_CPU, apply_limits, declare_host, parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.sizes import GIB, MIB, parse_size

HOST = Ram(total=64 * GIB, available=50 * GIB, bandwidth=10**11, unlocked_limit=GIB, source="calibration")
CPU = Cpu(cores=8, threads=16, model="a processor")
TWO = Machine(parse_gpus(["rtx-3060", "8GiB"]), HOST, CPU)


def test_a_catalogue_card_brings_its_figures_and_is_all_free() -> None:
    [gpu] = parse_gpus(["rtx-3060"])
    assert (11909 * MIB, 11909 * MIB) == (gpu.free, gpu.total)
    assert ("CUDA0", "NVIDIA GeForce RTX 3060", 360 * 10**9, "catalogue") == (
        gpu.name,
        gpu.description,
        gpu.bandwidth,
        gpu.source,
    )
    assert gpu.overhead == 250 * MIB


def test_a_size_alone_is_a_card_of_which_nothing_else_is_known() -> None:
    [gpu] = parse_gpus(["11.6GiB"])
    assert (12455405158, 12455405158, None, None) == (gpu.free, gpu.total, gpu.bandwidth, gpu.link_bandwidth)
    assert ("CUDA0", "declared", 450 * MIB) == (gpu.name, gpu.source, gpu.overhead)


def test_keys_override_the_cards_figures() -> None:
    [gpu] = parse_gpus(
        ["rtx-3060,free=11.62GiB,bandwidth=300GB/s,link=12GB/s,compute=40TFLOPS,overhead=457MiB"]
    )
    assert (12476879995, 11909 * MIB) == (gpu.free, gpu.total)
    assert (300 * 10**9, 12 * 10**9, 40e12, 457 * MIB) == (
        gpu.bandwidth,
        gpu.link_bandwidth,
        gpu.compute,
        gpu.overhead,
    )


def test_keys_alone_describe_a_device() -> None:
    [gpu] = parse_gpus(
        [
            "name=Vulkan0,free=6GiB,total=8GiB,buffer=Vulkan0,pageable=6.6GB/s,description=My card,integrated=yes"
        ]
    )
    assert ("Vulkan0", "Vulkan0", "My card") == (gpu.name, gpu.buffer_name, gpu.description)
    assert (6 * GIB, 8 * GIB, 6_600_000_000, True) == (
        gpu.free,
        gpu.total,
        gpu.pageable_bandwidth,
        gpu.integrated,
    )


@pytest.mark.parametrize(
    ("one", "several"),
    [
        ("rtx-3090,rtx-3060", ["rtx-3090", "rtx-3060"]),
        ("3090+3060", ["rtx-3090", "rtx-3060"]),
        ("24GiB,12GiB", ["24GiB", "12GiB"]),
        ("2x3090,3060,10GiB", ["rtx-3090", "rtx-3090", "rtx-3060,10GiB"]),
        ("3090,free=20GiB,3060,link=3GB/s", ["rtx-3090,free=20GiB", "rtx-3060,link=3GB/s"]),
        ("3060,8000000000", ["rtx-3060,8000000000"]),
    ],
)
def test_one_option_may_join_several_devices(one: str, several: list[str]) -> None:
    assert parse_gpus(several) == parse_gpus([one])


def test_a_size_after_a_card_is_what_is_free() -> None:
    [gpu] = parse_gpus(["rtx-3060,8GiB"])
    assert 8 * GIB == gpu.free


def test_more_free_than_the_catalogue_says_raises_the_total() -> None:
    [gpu] = parse_gpus(["rtx-3060,free=12GiB"])
    assert (12 * GIB, 12 * GIB) == (gpu.free, gpu.total)


def test_unnamed_devices_are_numbered_within_their_backend_around_the_named_ones() -> None:
    gpus = parse_gpus(["rtx-3060", "8GiB", "name=CUDA1,free=1GiB", "rx-7900-xtx", "rtx-3090"])
    assert ["CUDA0", "CUDA2", "CUDA1", "ROCm0", "CUDA3"] == [gpu.name for gpu in gpus]


@pytest.mark.parametrize(
    ("spelled", "name"),
    [("cuda1", "CUDA1"), ("rocm0", "ROCm0"), ("HTP0", "HTP0"), ("GPUOpenCL", "GPUOpenCL")],
)
def test_names_are_spelled_as_llama_cpp_does(spelled: str, name: str) -> None:
    assert [name] == [gpu.name for gpu in parse_gpus([f"8GiB,name={spelled}"])]


@given(
    st.lists(
        st.sampled_from(
            ["rtx-3060", "8GiB", "free=1GiB", "name=CUDA0", "total=2GiB", "=", "3060", "a", "link="]
        )
    )
)
def test_any_combination_of_parts_is_devices_or_a_usage_error(parts: list[str]) -> None:
    try:
        gpus = parse_gpus([",".join(parts)])
    except UsageError:
        return
    assert all(0 < gpu.free <= gpu.total for gpu in gpus)


@pytest.mark.parametrize(
    ("specs", "message"),
    [
        (["rtx-3099"], "no card 'rtx-3099'"),
        ([""], "an empty part"),
        (["rtx-3060,"], "an empty part"),
        (["rtx-3060,colour=red"], "unknown key 'colour'"),
        (["rtx-3060,free=1GiB,free=2GiB"], "free is given twice"),
        (["rtx-3060,rtx-3091"], "no card 'rtx-3091'"),
        (["1GiB,2GiB,"], "an empty part"),
        (["8GiB,total=4GiB"], "more memory free than there is in total"),
        (["bandwidth=360GB/s"], "no memory given"),
        (["free=lots"], "not a size: 'lots'"),
        (["8GiB,bandwidth=fast"], "not a bandwidth: 'fast'"),
        (["8GiB,compute=fast"], "not a throughput: 'fast'"),
        (["8GiB,integrated=perhaps"], "not yes or no: 'perhaps'"),
        (["8GiB,name=0"], "not a device name: '0'"),
        (["8GiB,name=CUDA0", "rtx-3060,name=CUDA0"], "declares CUDA0 twice"),
        (["12 parsecs"], "not a size"),
        (["3061"], "no card '3061'"),
        (["5600g"], "no card '5600g'"),
        (["8GiB,name=CUDA0", "8GiB,name=cuda0"], "declares CUDA0 twice"),
    ],
)
def test_a_bad_spec_is_one_clear_error_that_names_the_option(specs: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_gpus(specs)
    assert message in caught.value.message
    assert caught.value.message.startswith("--gpu")


def test_a_misspelt_card_gets_a_suggestion() -> None:
    with pytest.raises(UsageError) as caught:
        parse_gpus(["rtx-3061"])
    assert "rtx-3060" in (caught.value.hint or "")


@pytest.mark.parametrize("name", ["7950x", "5600g", "i7-13700k", "Ryzen 9 7950X", "ultra 7 265k", "n100"])
def test_a_processors_name_is_told_how_one_is_planned(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_gpus([name])
    assert "a processor alone is --gpu none --cores N" == caught.value.hint


@pytest.mark.parametrize(("ram", "rate"), [("36GiB", 410), ("36GB", 410), ("32GiB", 546), ("48GiB", 546)])
def test_a_chip_has_the_rate_of_the_memory_that_it_is_sold_with(ram: str, rate: int) -> None:
    [gpu] = parse_gpus(["m4-max"], parse_size(ram))
    assert rate * 10**9 == gpu.bandwidth


def test_a_declared_ram_is_all_available_and_forgets_the_detected_one() -> None:
    assert (Ram(total=32 * GIB, available=32 * GIB), TYPICAL_CPU) == declare_host(
        HOST, CPU, "32GiB", None, None
    )


@pytest.mark.parametrize(
    ("gpu", "cores"),
    [
        ("m4-max", 12),
        ("m4-max,free=20GiB", 12),
        ("strix-halo", 16),
        ("gb10", 10),
        ("jetson-agx-orin-32gb", 8),
        ("gh200", 72),
        ("rtx-3060", TYPICAL_CPU.cores),
        ("radeon-8050s", TYPICAL_CPU.cores),
    ],
)
def test_a_chip_that_is_the_processor_too_brings_its_own_cores(gpu: str, cores: int) -> None:
    _, cpu = declare_host(HOST, CPU, "32GiB", None, None, parse_gpus([gpu]))
    assert (cores, True) == (cpu.cores, cpu.assumed)


def test_stated_cores_count_beside_a_chip() -> None:
    _, cpu = declare_host(HOST, CPU, "32GiB", None, 6, parse_gpus(["m4-max"]))
    assert Cpu(cores=6, threads=6) == cpu


def test_a_declared_bandwidth_keeps_the_detected_size() -> None:
    ram, _ = declare_host(HOST, CPU, None, "60GB/s", None)
    assert (64 * GIB, 60 * 10**9, "declared") == (ram.total, ram.bandwidth, ram.source)


def test_declared_cores_replace_the_processor() -> None:
    _, cpu = declare_host(HOST, CPU, None, None, 12)
    assert Cpu(cores=12, threads=12) == cpu


@pytest.mark.parametrize(("total", "cores"), [("0", None), ("much", None), (None, 0), (None, -4)])
def test_a_host_without_memory_or_cores_is_refused(total: str | None, cores: int | None) -> None:
    with pytest.raises(UsageError):
        declare_host(HOST, CPU, total, None, cores)


def test_a_budget_caps_what_is_free_and_never_raises_it() -> None:
    machine = apply_limits(TWO, ["CUDA0=4GiB", "cuda1=9GiB"])
    assert [4 * GIB, 8 * GIB] == [gpu.free for gpu in machine.gpus]
    assert [TWO.gpus[0].free, None] == [gpu.uncapped for gpu in machine.gpus]


def test_another_backends_name_of_a_card_is_the_cards() -> None:
    seen_twice = replace(TWO, duplicates=(("Vulkan0", "CUDA0"), ("Vulkan1", "CUDA1")))
    machine = apply_limits(seen_twice, ["vulkan1=3GiB"], ["Vulkan0"])
    assert [("CUDA1", 3 * GIB)] == [(gpu.name, gpu.free) for gpu in machine.gpus]


def test_an_excluded_device_is_gone_and_the_others_keep_their_names() -> None:
    assert ["CUDA1"] == [gpu.name for gpu in apply_limits(TWO, [], ["cuda0"]).gpus]


def test_several_devices_may_be_excluded_at_once() -> None:
    assert () == apply_limits(TWO, [], ["CUDA0,CUDA1"]).gpus


@pytest.mark.parametrize(("budgets", "excluded"), [(["CUDA7=1GiB"], []), ([], ["CUDA7"])])
def test_an_unknown_device_is_an_error_that_names_the_known_ones(
    budgets: list[str], excluded: list[str]
) -> None:
    with pytest.raises(UsageError, match="no device CUDA7") as caught:
        apply_limits(TWO, budgets, excluded)
    assert "this machine has CUDA0, CUDA1" == caught.value.hint


def test_a_budget_without_a_device_says_how_to_write_one() -> None:
    with pytest.raises(UsageError) as caught:
        apply_limits(TWO, ["4GiB"])
    assert "write --budget CUDA0=8GiB" == caught.value.hint


@pytest.mark.parametrize(("keys", "shared"), [("", True), (",integrated=no", False)])
def test_metal_shares_the_hosts_memory_unless_told_otherwise(keys: str, shared: bool) -> None:
    [device] = parse_gpus([f"name=MTL0,free=48GiB{keys}"])
    assert shared is device.integrated


def test_two_of_a_card_are_written_as_people_say_it():
    twice = parse_gpus(["rtx-3060", "rtx-3060"])
    assert twice == parse_gpus(["2x3060"]) == parse_gpus(["2 x RTX 3060 12GB"]) == parse_gpus(["2*rtx-3060"])
    assert [8 << 30] * 3 == [device.free for device in parse_gpus(["3x3060,free=8GiB"])]


def test_ram_that_is_added_keeps_what_was_detected() -> None:
    ram, cpu = declare_host(HOST, CPU, " +8GiB", None, None)
    assert (72 * GIB, 58 * GIB) == (ram.total, ram.available)
    assert (HOST.bandwidth, HOST.source, CPU) == (ram.bandwidth, ram.source, cpu)


@pytest.mark.parametrize(
    ("spec", "cards"),
    [
        ("dual 3090", "RTX 3090, RTX 3090"),
        ("Quad P40", "P40, P40, P40, P40"),
        ("3060 and RTX 4090", "RTX 3060, RTX 4090"),
        ("3060/3090", "RTX 3060, RTX 3090"),
        ("RTX 3060 12GB; 3090 & 3060 ti", "RTX 3060, RTX 3090, RTX 3060 Ti"),
        ("RTX 4060Ti 16G", "RTX 4060 Ti"),
        ("AMD Ryzen AI Max+ 395", "8060S"),
        ("H100 SXM5", "H100 80GB HBM3"),
        ("none", ""),
    ],
)
def test_cards_are_understood_as_people_write_them(spec: str, cards: str) -> None:
    named = (gpu.description for gpu in parse_gpus([spec]))
    brands = ("NVIDIA ", "GeForce ", "AMD ", "Radeon ", "Tesla ")
    assert cards == ", ".join(
        functools.reduce(lambda name, brand: name.replace(brand, ""), brands, name) for name in named
    )


@pytest.mark.parametrize(
    ("spec", "hint"),
    [
        ("3060 3090", "with a plus between them: 3060+3090"),
        ("3060:free=8GiB", "with a comma: 3060,free=8GiB"),
        ("rtx-3060 link=8GB/s", "with a comma: rtx-3060,link=8GB/s"),
        ("3060,fre=8GiB", "did you mean free?"),
        ("3060,vram=8GiB", "known keys: name"),
        ("cuda", "without --gpu those that are here are used; moefit cards lists the names"),
        ("igpu", "without --gpu those that are here are used; moefit cards lists the names"),
        ("cpu", "--gpu none, and no other, plans without a GPU"),
        ("0", "--gpu none, and no other, plans without a GPU"),
        ("8192", "or say its memory: --gpu 8192MiB"),
    ],
)
def test_what_is_no_card_is_told_how_it_is_written(spec: str, hint: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_gpus([spec])
    assert (error.value.hint or "").startswith(hint)


def test_no_gpu_stands_alone() -> None:
    with pytest.raises(UsageError, match="no card 'none'"):
        parse_gpus(["none", "rtx-3060"])
