"""A container's line seen from the host: its files where they are mounted from, its variables from --env-file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from moefit.errors import InputError
from moefit.launch.command import Command
from moefit.launch.constraints import Constraints
from moefit.launch.containers import Container
from moefit.launch.sources import ModelSource
from moefit.reading import read_small


def on_host(wanted: Constraints, container: Container) -> Constraints:
    """The line with the host's path for every file that it names.

    Raises:
        InputError: nothing is mounted where a file is, and the host has none by that name.
    """

    def mapped(path: str) -> str:
        return _mapped(path, container)

    return with_paths(wanted, mapped)


def with_paths(wanted: Constraints, changed: Callable[[str], str]) -> Constraints:
    """The line with another path for every file that it names."""

    def source(of: ModelSource) -> ModelSource:
        return replace(of, path=changed(of.path)) if of.path else of

    return replace(
        wanted,
        model=source(wanted.model),
        mmproj=source(wanted.mmproj),
        draft=source(wanted.draft),
        loras=tuple(map(changed, wanted.loras)),
        control_vectors=tuple(map(changed, wanted.control_vectors)),
    )


def _mapped(path: str, container: Container) -> str:
    found = container.on_host(path)
    if found is None and not os.path.exists(path):  # noqa: PTH110 - False where it may not be asked
        raise InputError(
            f"{path}: the line mounts nothing there, so moefit cannot read it",
            "mount its folder with -v FOLDER:..., or write the llama-server command alone with the host's path",
        )
    # the line's words may not have been through a shell: ~ and $PWD are still what they say
    return str(Path(os.path.expandvars(found)).expanduser()) if found else path


def with_variable_files(command: Command) -> Command:
    """The command with what its --env-file files set; they stand before -e, which wins.

    Raises:
        InputError: a file cannot be read.
    """
    container = command.container
    if container is None or not container.variable_files:
        return command
    read = (pair for path in container.variable_files for pair in _pairs(path))
    return replace(command, container=replace(container, variables=(*read, *container.variables)))


def _pairs(path: str) -> Iterator[tuple[str, str | None]]:
    """NAME=VALUE a line, or NAME alone for the host's value. source: docker/cli, pkg/kvfile/kvfile.go, parseKeyValueFile."""
    hint = "--env-file names it"
    try:
        text = read_small(path, hint)
    except FileNotFoundError as error:
        raise InputError(f"{path}: {error.strerror}", hint) from error
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        said = line.removesuffix("\r").lstrip()
        if said and not said.startswith("#"):
            name, equals, value = said.partition("=")
            if not name or name.split() != [name] or "\0" in said:
                raise InputError(f"{path}: line {number} has no name that a variable can have", hint)
            yield name, value if equals else None
