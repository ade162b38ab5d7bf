"""What the reading of a command has to say: which llama.cpp it is written for, and what its environment changes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from moefit.errors import UsageError, Warn
from moefit.launch.builds import RANGE, is_checked, reference
from moefit.launch.command import Command
from moefit.launch.forks import fork_of, of_fork
from moefit.launch.options import OptionTable
from moefit.launch.precedence import Config, unread_keys
from moefit.launch.seen import unread_variables, variables


def refuse_fork(words: Sequence[str], table: OptionTable | None) -> None:
    """Refuse a fork's line where nothing says what its options are.

    Raises:
        UsageError: naming the fork.
    """
    found = of_fork(words) if table is None or not table.asked else None
    if found is not None:
        name, told = found
        raise UsageError(
            f"{' '.join(told)}: an option of {name}, whose program is not at hand to tell what its options are",
            "put it on the PATH, or save what its --help prints and name the file with --build",
        )


def command_notes(
    command: Command, needing: str, configs: Sequence[Config] = (), *, named: bool, there: bool = False
) -> Iterator[Warn]:
    """Notes on a command.

    Args:
        command: the command.
        needing: the option for which `--rpc` has been put in front.
        configs: the config.ini files that its program reads.
        named: the user has said for which build it is.
        there: the program is at hand.
    """
    if needing:
        yield Warn(
            "rpc-first",
            f"--rpc is put before {needing}, which names a device of its servers: llama.cpp reads from left to right",
            note=True,
        )
    yield from _of_program(command, named=named, there=there)
    yield from _of_container(command)
    yield from _of_environment(command, configs)


def build_notes(build: str | None) -> Iterator[Warn]:
    """Of a `--build` by number for which the rules were not checked: which ones are taken."""
    is_page = build is not None and os.path.isfile(build)  # noqa: PTH113 - False where it may not be asked
    if build is not None and not is_page and not is_checked(build):
        yield Warn(
            "unchecked-build",
            f"--build {build}: options and memory are taken as those of b{reference(build)}, the nearest of "
            f"the builds for which moefit's rules were checked ({RANGE})",
            "a page of its --help, named by --build, says which options it has",
            note=True,
        )


def _of_program(command: Command, *, named: bool, there: bool) -> Iterator[Warn]:
    """Whose options the line has, where that is not certain."""
    if fork := fork_of(command.table):
        yield Warn(
            "fork",
            f"this is {fork}: its options stay as they are, but memory and speed are llama.cpp's by moefit's rules",
            "if it runs out of memory, --margin 1GiB leaves more",
        )
    elif not command.table.asked and there and not named:
        yield Warn(
            "mute-program",
            f"{command.program} --help lists no options of {command.name}: the line is written for llama.cpp b{command.table.build}",
            f"{command.program} --help, by hand, says more; so does `moefit doctor`",
        )
    elif not command.table.asked and not named:
        where = "the container's" if command.container else f"no {command.name} was found: the line"
        what = f"{command.name} is taken for" if command.container else "is written for"
        yield Warn("no-program", f"{where} {what} llama.cpp b{command.table.build}", note=True)


def _of_container(command: Command) -> Iterator[Warn]:
    """The models that the line's container does not see."""
    if command.container is None:
        return
    for argument in command.given("-m"):
        if command.container.on_host(argument.value) is None:
            yield Warn(
                "unmounted",
                f"{argument.value}: the line mounts nothing there; read where this host has it",
                "the container must have the same file by that name",
            )


def _of_environment(command: Command, configs: Sequence[Config]) -> Iterator[Warn]:
    """What the environment and the config.ini files say that the program does not read, or that changes where memory is taken."""
    if unread := (*unread_variables(command, os.environ), *unread_keys(configs, command.table)):
        yield Warn(
            "uncounted",
            f"{', '.join(unread)}: no option of llama.cpp {RANGE} reads it: if the program's own does, its memory is not counted",
            "with the program on the PATH, or a page of its --help by --build, moefit can tell",
        )
    if "GGML_CUDA_ENABLE_UNIFIED_MEMORY" in variables(command, os.environ):
        yield Warn(
            "unified-memory",
            "GGML_CUDA_ENABLE_UNIFIED_MEMORY lets a card spill into RAM, many times slower: planned so that none has to",
        )
