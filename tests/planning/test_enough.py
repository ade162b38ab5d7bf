"""What a no says would do is the smallest amount that does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.planning.core import _planned, plan, without_alternatives
from moefit.planning.enough import enough_memory
from moefit.search.request import Request
from moefit.sizes import GIB, MIB
from tests.drawn import several
from tests.oracle import model as recorded
from tests.planning.worlds import OPTIONS, QUICK, launch


def asked(name, quant, ram, *words, options=OPTIONS):
    machine = Machine(parse_gpus(["rtx-3060"]), Ram(ram, ram, 50 * 10**9), Cpu(16, 32))
    return Request(recorded(name, quant), machine, launch(("llama-server", "-m", "m.gguf", *words)), options)


@pytest.mark.parametrize(
    ("name", "quant", "ram", "words", "context"),
    [
        ("qwen3-30b-a3b", "Q4_K_M", 4, ("-c", "32768"), None),
        ("qwen3-30b-a3b", "Q4_K_M", 4, ("-ub", "2048"), 4096),
        ("qwen3-next-80b-a3b", "Q4_K_M", 32, ("-c", "32768"), None),
        ("qwen3-next-80b-a3b", "Q4_K_M", 32, (), 4096),
    ][: several(3, 4)],
)
def test_less_ram_than_is_said_to_do_does_not(name, quant, ram, words, context):
    said = plan(asked(name, quant, ram * GIB, *words)).enough
    digit = GIB // 100 if said.more >= GIB else MIB
    enough = [ram * GIB + more for more in (said.more, said.more - digit)]
    fits = [without_alternatives(asked(name, quant, size, *words, options=QUICK)).fits for size in enough]

    assert ([True, False], context) == (fits, said.context)


def test_a_quick_no_says_an_amount_of_ram_that_does():
    said = plan(asked("qwen3-30b-a3b", "Q4_K_M", 4 * GIB, options=QUICK)).enough
    larger = asked("qwen3-30b-a3b", "Q4_K_M", 4 * GIB + said.more, options=QUICK)

    assert without_alternatives(larger).fits


def test_a_quick_no_says_an_amount_of_a_device_that_does():
    short = asked("gemma-3-12b", "Q4_K_M", 64 * GIB, "-ngl", "99", "-c", "8192", options=QUICK)
    short = replace(short, machine=replace(short.machine, gpus=parse_gpus(["4GiB"])))
    said = plan(short).enough
    assert without_alternatives(replace(short, machine=more(short.machine, said.devices, said.more))).fits


def more(machine, devices, ram):
    gpus = tuple(
        replace(gpu, free=gpu.free + devices.get(gpu.name, 0), total=gpu.total + devices.get(gpu.name, 0))
        for gpu in machine.gpus
    )
    return replace(
        machine, gpus=gpus, ram=Ram(machine.ram.total + ram, machine.ram.available + ram, 50 * 10**9)
    )


@pytest.mark.parametrize(
    ("name", "cards", "ram", "words"),
    [
        ("llama-3.1-8b", ["6GiB"], 64, ("-ngl", "99", "-c", "131072")),
        ("llama-3.1-8b", ["8.7GiB", "5.2GiB"], 64, ("-ngl", "99", "-c", "131072")),
        ("qwen3-30b-a3b", ["2GiB"], 4, ("-ngl", "99", "-cmoe", "-c", "262144")),
        ("qwen3-30b-a3b", ["6.6GiB"], 64, ("-ngl", "99", "-c", "65536")),
        ("deepseek-v2-lite", ["3.4GiB", "1.8GiB"], 5, ("-ngl", "20", "-c", "32768", "-ub", "2048")),
    ],
)
def test_so_much_on_each_device_does_and_a_hundredth_less_does_not(name, cards, ram, words):
    machine = Machine(parse_gpus(cards), Ram(ram * GIB, ram * GIB, 50 * 10**9), Cpu(8, 16))
    asked = Request(
        recorded(name, "Q4_K_M"), machine, launch(("llama-server", "-m", "m.gguf", *words)), QUICK
    )
    said = enough_memory(asked, _planned(asked)[1])

    def fits(devices, of_ram):
        return without_alternatives(replace(asked, machine=more(machine, devices, of_ram))).fits

    less = [
        fits({**said.devices, device: size - max(64 * MIB, size // 100)}, said.more)
        for device, size in said.devices.items()
    ]
    less += [fits(said.devices, said.more - max(64 * MIB, said.more // 100))] if said.more else []
    assert (True, [False] * len(less)) == (fits(said.devices, said.more), less)
