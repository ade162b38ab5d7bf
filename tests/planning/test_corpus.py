"""Every line of the corpus, planned, read back and planned again by the whole planner."""

from __future__ import annotations

import shlex

import pytest

from moefit.cost.workload import parse_workload
from moefit.errors import UsageError
from moefit.formats import shell
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.launch import Launch
from moefit.launch.precedence import effective
from moefit.launch.translate import LEFT_OPEN
from moefit.machine.types import Cpu, Device, Machine, Ram
from moefit.planning.core import plan
from moefit.planning.types import Plan
from moefit.search.request import Options, Request
from tests.launch.test_corpus import LINES, user_words
from tests.oracle import model

GIB = 1 << 30


def card(name: str, buffer: str = "") -> Device:
    return Device(
        name, 3 * GIB, 3 * GIB, buffer=buffer, bandwidth=360 * 10**9, link_bandwidth=25 * 10**9, compute=5e13
    )


def planned(words: list[str]) -> Plan:
    command = parse(words)
    given = effective(command)
    fixed = constraints(command.name, given)
    remote = [card(f"RPC{i}", f"RPC0[{server}]") for i, server in enumerate(fixed.rpc)]
    several = "CUDA1" in str(words) or fixed.tensor_split or fixed.main_gpu
    local = [card(f"CUDA{i}") for i in range(3 if several else 1)]
    machine = Machine((*remote, *local), Ram(64 * GIB, 60 * GIB, 50 * 10**9), Cpu(8, 16))
    return plan(
        Request(
            model("olmoe-1b-7b", "Q4_K_M"),
            machine,
            Launch(command, given, fixed),
            Options(parse_workload("chat"), strategy="base-first", thorough=False),
        )
    )


REFUSED = [line for line in LINES if "-sm row" in line or "draft-mtp" in line]
"""What llama.cpp refuses of this model on these cards."""


@pytest.mark.parametrize("line", REFUSED)
def test_a_line_that_the_server_refuses_is_not_planned(line: str) -> None:
    with pytest.raises(UsageError, match="refuses it: "):
        planned(shlex.split(line))


@pytest.mark.parametrize("line", [line for line in LINES if line not in REFUSED])
def test_a_planned_line_keeps_its_users_words_and_is_planned_to_itself(line: str) -> None:
    command = parse(shlex.split(line))
    once = planned(shlex.split(line))
    if not once.fits:
        assert () == once.argv
        return
    gone = [
        word for dropped in once.dropped for word in dropped.argument.words if dropped.reason == LEFT_OPEN
    ]
    start = [word for word in (*command.wrapper, command.program, *user_words(command)) if word not in gone]
    assert gone == (["--n-gpu-layers", "auto"] if "--n-gpu-layers auto" in line else [])
    assert start == list(once.argv[: len(start)])
    again = planned(shlex.split(shell.write(once.argv)))
    assert once.argv == again.argv
