"""A line whose wrappers start its program in another folder: its files are there, and no line may name them from here."""

from __future__ import annotations

import os

from moefit.app.container_paths import with_paths
from moefit.errors import UsageError
from moefit.launch.command import Command
from moefit.launch.constraints import Constraints
from moefit.launch.hints import has_macro
from moefit.launch.wrappers import bare_name, start_folder
from moefit.shown import word_shown


def as_started(wanted: Constraints, command: Command) -> Constraints:
    """The line with its files where its program will look for them.

    Raises:
        UsageError: one is named from a folder that nobody can tell.
    """
    folder = start_folder(command.wrapper)
    if folder == "":
        return wanted

    def found(path: str) -> str:
        if os.path.isabs(path) or has_macro(path):  # noqa: PTH117 - a text
            return path
        if folder is None:
            starter = bare_name(command.wrapper[0])
            raise UsageError(
                f"{word_shown(path)}: {starter} starts the program in a folder of its own, not in this one",
                f"write the whole path: {word_shown(os.path.abspath(path))}",  # noqa: PTH100 - as above
            )
        return os.path.join(folder, path)  # noqa: PTH118 - as above

    return with_paths(wanted, found)
