"""From words to values: reads the command, the model's header and the machine, so that a plan can be made."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from moefit.errors import UsageError
from moefit.gguf.split import read_header
from moefit.launch.command import parse, split, with_model
from moefit.launch.constraints import Constraints, constraints
from moefit.launch.options import OptionTable
from moefit.launch.precedence import effective
from moefit.llama.config import read_configs
from moefit.llama.help import option_table
from moefit.llama.programs import find_program
from moefit.machine.detect import MachineOptions, detect
from moefit.machine.types import Device, Machine
from moefit.model import Model, build
from moefit.planning.types import Launch


@dataclass(frozen=True, slots=True)
class Request:
    """Everything a plan needs."""

    model: Model
    machine: Machine
    launch: Launch


def read_request(model_path: str | None, words: Sequence[str] | None, options: MachineOptions) -> Request:
    """Read the command, then the model it names, then the machine.

    Args:
        model_path: MODEL before `--`.
        words: the command after `--`; None where there is none.
        options: the machine options.

    Raises:
        MoefitError: what the user gave cannot be used.
    """
    launch = read_launch(model_path, words)
    model = read_model(launch.constraints)
    machine = read_machine(options, launch)
    return Request(model, machine, launch)


def read_launch(model_path: str | None, words: Sequence[str] | None) -> Launch:
    """The command with its files and variables."""
    if model_path is None and not words:
        raise UsageError(
            "there is neither a model nor a command",
            "moefit plan model.gguf, or moefit plan -- llama-server -m model.gguf",
        )
    return read_line(words, model_path)


def read_line(words: Sequence[str] | None, model_path: str | None = None) -> Launch:
    """The command with its files and variables, whether it names a model or not."""
    command = parse(words or [], _table(words or []))
    if model_path is not None:
        command = with_model(command, model_path)
    given = effective(command, read_configs(os.environ), os.environ)
    return Launch(command, given, constraints(command.name, given))


def read_model(wanted: Constraints) -> Model:
    """The model that the command names."""
    path = wanted.model.path
    if path is None:
        raise UsageError("the command names no model", "add -m model.gguf")
    return build(path, read_header(path))


def read_machine(options: MachineOptions, launch: Launch) -> Machine:
    """The machine; llama-server is asked only where NVML finds nothing or the line names devices NVML cannot know."""
    named = launch.constraints.devices or ()
    foreign = bool(launch.constraints.rpc) or any(not name.startswith("CUDA") for name in named)
    return detect(options, os.environ, ask_server=_server(launch), prefer_server=foreign)


def _table(words: Sequence[str]) -> OptionTable | None:
    """The options of the program at hand, where there is one."""
    parts = split(words)
    program = find_program(parts.program, os.environ)
    return option_table(program, parts.name, os.environ) if program else None


def _server(launch: Launch) -> Callable[[], tuple[Device, ...]] | None:
    program = find_program(launch.command.program, os.environ)
    if program is None:
        return None

    def ask() -> tuple[Device, ...]:
        from moefit.llama.devices import list_devices  # noqa: PLC0415 - starts a process

        return list_devices(program, os.environ, launch.constraints.rpc)

    return ask
