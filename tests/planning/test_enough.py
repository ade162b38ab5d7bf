"""What a no says would do is the smallest printed amount that does."""

from __future__ import annotations

import pytest

from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.planning.core import plan, without_alternatives
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


def test_where_a_device_is_too_small_no_ram_would_do():
    machine = Machine(parse_gpus(["2GiB"]), Ram(4 * GIB, 4 * GIB, 50 * 10**9), Cpu(16, 32))
    asked = launch(("llama-server", "-m", "m.gguf", "-ngl", "99", "-cmoe", "-c", "262144"))

    assert plan(Request(recorded("qwen3-30b-a3b", "Q4_K_M"), machine, asked, OPTIONS)).enough is None
