"""A container's line seen from the host: its files where they are mounted from, its variables from --env-file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from moefit.errors import InputError
from moefit.launch.command import Command
from moefit.launch.constraints import Constraints
from moefit.launch.containers import Container
from moefit.launch.sources import ModelSource


def on_host(wanted: Constraints, container: Container) -> Constraints:
    """The line with the host's path for every file that it names.

    Raises:
        InputError: nothing is mounted where a file is, and the host has none by that name.
    """

    def mapped(path: str) -> str:
        return _mapped(path, container)

    def source(of: ModelSource) -> ModelSource:
        return replace(of, path=mapped(of.path)) if of.path else of

    return replace(
        wanted,
        model=source(wanted.model),
        mmproj=source(wanted.mmproj),
        draft=source(wanted.draft),
        loras=tuple(map(mapped, wanted.loras)),
        control_vectors=tuple(map(mapped, wanted.control_vectors)),
    )


def _mapped(path: str, container: Container) -> str:
    found = container.on_host(path)
    if found is None and not Path(path).exists():
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
    """NAME=VALUE a line, or NAME alone for the host's value. source: docker/cli, opts/file.go."""
    try:
        text = Path(path).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", "--env-file names it") from error
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            name, equals, value = line.lstrip().partition("=")
            yield name.strip(), value if equals else None
