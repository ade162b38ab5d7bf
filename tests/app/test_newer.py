"""A program that is newer than what was checked is asked by itself, and only a correction is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moefit.app import exact, runnable
from moefit.errors import InputError
from moefit.launch.builds import CHECKED
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.launch import Launch
from moefit.launch.options import OptionTable, builtin
from moefit.launch.precedence import effective
from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.memory.real import RealDevice, RealUse
from moefit.memory.types import Use
from moefit.planning.types import Plan
from moefit.search.request import Request
from tests.oracle import model
from tests.planning.worlds import QUICK

GIB = 1 << 30
HERE = Machine(parse_gpus(["rtx-3090"]), Ram(64 * GIB, 64 * GIB, 50 * 10**9), Cpu(8, 16), host="this one")


def request(build: int | None, machine: Machine = HERE, *, asked: bool = True) -> Request:
    table = OptionTable("llama-server", builtin("llama-server").options, build, asked=asked)
    command = parse(["llama-server", "-m", "m.gguf", "-c", "8192"], table)
    given = effective(command)
    launch = Launch(command, given, constraints(command.name, given))
    return Request(model("qwen3-30b-a3b", "Q4_K_M"), machine, launch, QUICK)


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Bytes that the program uses beyond the plan; it was asked when the list is empty afterwards."""
    beyond = [0]

    def real_use(*_: object) -> RealUse:
        made = runnable.planned(request(None), exact=False)
        more = beyond.pop() if beyond else 0
        devices = tuple(
            RealDevice(
                d.device.name, d.device.total, d.device.free, replace(d.use, compute=d.use.compute + more)
            )
            for d in made.devices
        )
        return RealUse(devices, Use(made.host.model, made.host.context, made.host.compute))

    monkeypatch.setattr(exact, "real_use", real_use)
    return beyond


def said(made: Plan) -> list[str]:
    return [w.message for w in made.warnings if w.code == "exact"]


def test_a_newer_program_that_agrees_is_asked_and_nothing_is_said(program: list[int]) -> None:
    assert [] == said(runnable.runnable(request(CHECKED[-1] + 1), exact=False))
    assert [] == program


def test_a_newer_program_that_takes_more_corrects_the_plan_and_that_is_said(program: list[int]) -> None:
    program[0] = 700 << 20
    [message] = said(runnable.runnable(request(CHECKED[-1] + 1), exact=False))
    assert f"b{CHECKED[-1] + 1} is newer" in message
    assert "more on CUDA0 than predicted" in message


@pytest.mark.parametrize(
    "one",
    [
        request(CHECKED[-1]),
        request(CHECKED[-1] + 1, replace(HERE, host="")),
        request(CHECKED[-1] + 1, asked=False),
    ],
    ids=["a checked build", "another machine", "a build that is only named"],
)
def test_nobody_else_is_asked(program: list[int], one: Request) -> None:
    runnable.runnable(one, exact=False)
    assert [0] == program


def test_a_file_that_lacks_a_tensor_is_for_newer_programs_alone() -> None:
    lacking = replace(request(CHECKED[-1]), model=replace(request(None).model, lacks="output_norm.weight"))
    with pytest.raises(
        InputError, match=r"lacks output_norm[.]weight, without which llama[.]cpp loads no qwen3moe"
    ):
        runnable.runnable(lacking, exact=False)

    newer = request(CHECKED[-1] + 1, asked=False)
    assert runnable.runnable(replace(newer, model=lacking.model), exact=False).fits
