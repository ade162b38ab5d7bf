"""The command as a launch: with its files, its variables and the options of its program."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from moefit.app.command_warnings import build_notes, command_notes, refuse_fork
from moefit.app.container_paths import on_host, with_variable_files
from moefit.app.naming import model_words
from moefit.app.own_options import refuse_own_options
from moefit.app.start_folder import as_started
from moefit.errors import UsageError
from moefit.launch.builds import reference
from moefit.launch.command import Command, parse, with_model
from moefit.launch.constraints import constraints
from moefit.launch.environment import VARIABLE, min_batch
from moefit.launch.launch import Launch
from moefit.launch.options import OptionTable, builtin, is_builtin
from moefit.launch.precedence import effective
from moefit.launch.programs import split
from moefit.launch.seen import old_variables, reaches, variables
from moefit.launch.servers_first import servers_first
from moefit.launch.settings import MIN_BATCH
from moefit.launch.unplanned import unplanned
from moefit.llama.config import read_configs
from moefit.llama.executables import find_program
from moefit.llama.help import option_table, read_page


def read_launch(model_path: str | None, words: Sequence[str] | None, build: str | None = None) -> Launch:
    """The command with its files and variables."""
    if model_path is None and not words:
        raise UsageError(
            "there is neither a model nor a command",
            "moefit plan model.gguf, or moefit plan -- llama-server -m model.gguf",
        )
    launch = read_line(words, model_path, build)
    if nothing := unplanned(launch.command, launch.constraints):
        raise nothing
    return launch


def read_line(words: Sequence[str] | None, model_path: str | None = None, build: str | None = None) -> Launch:
    """The command with its files and variables, whether it names a model or not."""
    table = _table(words or [], build)
    refuse_fork(words or [], table)
    refuse_own_options(words or [], table)
    command = parse(words or [], table)
    if model_path is not None:
        command = with_model(command, model_words(model_path))
    command, needing = servers_first(with_variable_files(command))
    command = replace(command, old=old_variables(command, os.environ))
    configs = () if command.container else read_configs(os.environ)
    given = effective(command, configs, os.environ)
    wanted = replace(
        constraints(command.name, given),
        op_offload_min_batch=_min_batch(command),
        pinned="GGML_CUDA_NO_PINNED" not in variables(command, os.environ),
    )
    wanted = on_host(wanted, command.container) if command.container else as_started(wanted, command)
    there = command.container is None and find_program(command.program, os.environ) is not None
    notes = command_notes(command, needing, configs, named=build is not None, there=there)
    return Launch(command, given, wanted, notes=(*build_notes(build), *notes))


def _min_batch(command: Command) -> int | None:
    """The threshold that the program will have, where moefit cannot choose it."""
    stated = min_batch(variables(command, os.environ))
    return MIN_BATCH if stated is None and not reaches(command, VARIABLE) else stated


def _table(words: Sequence[str], build: str | None) -> OptionTable | None:
    """The options of the build that the user names, else of the program at hand, where there is one."""
    parts = split(words)
    if build is not None:
        is_page = os.path.isfile(build)  # noqa: PTH113 - False where it may not be asked
        return read_page(build, parts.name) if is_page else builtin(parts.name, reference(build))
    if parts.container is not None:
        tagged = parts.container.build
        return None if tagged is None else builtin(parts.name, reference(f"b{tagged}"))
    program = find_program(parts.program, os.environ)
    return option_table(program, parts.name, os.environ, parts.words[1:]) if program else None


def starts_no_model(words: Sequence[str]) -> tuple[str, ...] | None:
    """The words of a command for which there is nothing to plan; None for any other."""
    parts = split(words)
    if parts.name == "llama" or (len(parts.words) > 1 and not is_builtin(parts.name)):
        return tuple(words)
    launch = read_line(words)
    return launch.command.argv if unplanned(launch.command, launch.constraints) else None
