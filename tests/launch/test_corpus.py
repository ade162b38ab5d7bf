from __future__ import annotations

import shlex
from pathlib import Path

from moefit.formats import shell
from moefit.launch.command import Command, parse
from moefit.launch.complete import Addition, Completion, complete, placement_additions
from moefit.launch.constraints import Constraints, constraints
from moefit.launch.precedence import effective
from moefit.launch.resolve import device_order, fixed_tensors, free, slot_devices
from moefit.machine.types import CPU, Device
from moefit.placement.types import Placement
from tests.each import each
from tests.launch.names import SPLIT, tensor_names

LINES = [
    line
    for line in (Path(__file__).parent / "corpus" / "lines.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
NAMES = tensor_names(48, *SPLIT)
CARDS = tuple(Device(f"CUDA{i}", 12 << 30, 12 << 30) for i in range(2))
DROPPED = {
    *("--no-mmap", "--mmap", "--mlock", "--direct-io", "--draft-max", "--draft-min", "--draft", "-cd"),
    "-cnv",
}
"""Spellings that b11434 (or the program that the line names) does not know."""


def devices_of(found: Constraints) -> tuple[Device, ...]:
    remote = (Device(f"RPC{i}", 12 << 30, 12 << 30, buffer=f"RPC0[{s}]") for i, s in enumerate(found.rpc))
    return (*remote, *CARDS)


def a_placement(found: Constraints, machine: tuple[Device, ...]) -> tuple[Placement, tuple[Device, ...]]:
    """A plan within the user's constraints: all that is open is offloaded, experts of the last eight layers stay on the CPU."""
    used = tuple(machine[i] for i in device_order(found, machine))
    slots = slot_devices(49, found.gpu_layers, found.tensor_split, [free(d) for d in used])
    moved = {
        name: CPU for name in NAMES if "_exps" in name and 40 <= int(name.split(".")[1]) and slots[48] != CPU
    }
    return Placement(slots, moved | dict(fixed_tensors(found.overrides, used, NAMES))), used


def plan(command: Command) -> Completion:
    given = effective(command)
    found = constraints(command.name, given)
    machine = devices_of(found)
    placement, used = a_placement(found, machine)
    additions = [
        *placement_additions(placement, used, NAMES, found, machine),
        Addition("-c", "32768"),
        Addition("-ub", "1024"),
        Addition("-lm", "none"),
    ]
    return complete(command, additions, given)


def user_words(command: Command) -> list[str]:
    """What must come back: everything but what the build does not know."""
    return [word for a in command.arguments if a.known for word in a.words]


def test_there_are_at_least_120_lines() -> None:
    assert 120 <= len(set(LINES))


def test_a_line_is_read_word_for_word() -> None:
    told = [
        words if not words[0].startswith("-") else ["llama-server", *words]
        for words in map(shlex.split, LINES)
    ]
    assert told == [list(parse(shlex.split(line)).argv) for line in LINES]


@each(LINES)
def test_nothing_of_the_users_is_lost_reordered_or_changed(line: str) -> None:
    command = parse(shlex.split(line))
    completion = plan(command)
    start = [*command.wrapper, command.program, *user_words(command)]
    assert start == list(completion.argv[: len(start)])
    assert {a.spelling for a in completion.dropped} <= DROPPED


@each(LINES)
def test_rewriting_a_rewritten_line_changes_nothing(line: str) -> None:
    once = plan(parse(shlex.split(line))).argv
    again = plan(parse(shlex.split(shell.write(once))))
    assert once == again.argv
    assert () == again.added
    assert () == again.dropped


@each(LINES)
def test_a_completed_line_leaves_nothing_of_the_placement_open(line: str) -> None:
    """Read again, its own options alone put every tensor where the plan had it."""
    command = parse(shlex.split(line))
    wanted, _ = (
        a_placement(constraints(command.name, effective(command)), CARDS)
        if "--rpc" not in line
        else (None, None)
    )
    again = parse(plan(command).argv)
    found = constraints(again.name, effective(again))
    if wanted is None:
        return
    used = tuple(CARDS[i] for i in device_order(found, CARDS))
    assert wanted.slots == slot_devices(49, found.gpu_layers, found.tensor_split, [free(d) for d in used])
    homes = {name: wanted.slots[int(name.split(".")[1])] for name in NAMES if name.startswith("blk")}
    moved = {n: d for n, d in fixed_tensors(found.overrides, used, NAMES).items() if homes.get(n) != d}
    assert {n: d for n, d in wanted.overrides.items() if homes.get(n) != d} == moved


def test_a_completed_line_ends_in_fit_off() -> None:
    lines = [line for line in LINES if "llama-bench" not in line and "-fit" not in line]
    ends = {line: plan(parse(shlex.split(line))).argv[-2:] for line in lines}
    assert {} == {line: end for line, end in ends.items() if end != ("--fit", "off")}
    assert len(lines) > 100
