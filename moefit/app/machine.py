"""The machine as the program of a launch will see it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from moefit.launch.command import Command
from moefit.launch.launch import Launch
from moefit.launch.seen import variables
from moefit.llama.executables import find_program
from moefit.machine.detect import MachineOptions, detect
from moefit.machine.types import Device, Machine
from moefit.machine.visible import visible_devices

if TYPE_CHECKING:
    from moefit.machine.local_gpus import AskServer


def read_machine(options: MachineOptions, launch: Launch) -> Machine:
    """The machine as the program will see it, the variables of an `env` in front of it included.

    The program's own list decides names, order and kinds; it must answer where the line names devices that NVML cannot know.
    """
    seen = variables(launch.command, os.environ)
    named = launch.constraints.devices or ()
    foreign = bool(launch.constraints.rpc) or any(not name.upper().startswith("CUDA") for name in named)
    found = detect(options, seen, ask_server=_server(launch, seen, options.time_limit), prefer_server=foreign)
    if found.duplicates:
        from moefit.machine.sighted import by_names  # noqa: PLC0415 - most machines have one backend

        line = launch.constraints
        others = (*(line.draft_devices or ()), *filter(None, [line.mmproj_device]))
        found = by_names(found, (*named, *others, *(rule.buffer for rule in line.overrides)))
    found = _capped(found, launch.command)
    if not (options.gpus or options.machine_file):
        return found
    return visible_devices(found, variables(launch.command, {}))


def _capped(machine: Machine, command: Command) -> Machine:
    """The machine with no more RAM than a container is given."""
    limit = command.container.memory if command.container else None
    if limit is None:
        return machine
    ram = machine.ram
    return replace(
        machine, ram=replace(ram, total=min(ram.total, limit), available=min(ram.available, limit))
    )


def _server(launch: Launch, environment: Mapping[str, str], time_limit: float) -> AskServer | None:
    """What lists the program's devices; None where there is no program on this host to ask."""
    command, rpc = launch.command, launch.constraints.rpc
    program = find_program(command.program, environment) if command.container is None else None
    if program is None:
        return None
    words = (program, *command.subcommand)

    def ask(known: Sequence[Device]) -> tuple[Device, ...]:
        if known and not rpc:
            from moefit.llama.kept_devices import kept_devices  # noqa: PLC0415 - a declared machine has none

            return kept_devices(words, environment, known, time_limit)
        from moefit.llama.devices import list_devices  # noqa: PLC0415 - as above

        left = time_limit
        if rpc:
            from moefit.llama.rpc import greet  # noqa: PLC0415 - few lines have RPC servers

            left = greet(rpc, time_limit)
        return list_devices(program, environment, rpc, left, command.subcommand)

    return ask
