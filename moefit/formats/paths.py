"""A command for a reader whose folder is another: its relative paths as absolute ones."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from moefit.launch.command import Argument, Command
from moefit.launch.hints import is_macro
from moefit.launch.options import known_name
from moefit.launch.wrappers import start_folder

_FILES: Final = frozenset({"FNAME", "FILE", "PATH", "DIR", "JINJA_TEMPLATE_FILE"})
_SCALED: Final = "FNAME:SCALE,..."
_LISTS: Final = frozenset({"--lora", "--control-vector"})
_NAMES: Final = frozenset({"--hf-file", "--hf-file-draft"})
"""Names within a repository, which are no paths."""
_ABSOLUTE: Final = re.compile(r"[/~$%{]|[A-Za-z]:[/\\]|\\\\|https?://|$")
"""How a path begins that is absolute, or that another program makes so; and nothing at all."""


def absolute(command: Command, folder: str) -> Command:
    """The command with the paths of files made absolute from `folder`; inside a container they stay."""
    if command.container is not None:
        return command
    started = start_folder(command.wrapper)
    if started:
        folder = _joined(started, folder)
    first = command.words[:1] if "/" in "".join(command.words[:1]) else ()
    words = (*(_joined(word, folder) for word in first), *command.words[len(first) :])
    arguments = tuple(_argument(argument, folder) for argument in command.arguments)
    return replace(command, words=words, program=words[0] if words else command.program, arguments=arguments)


def _argument(argument: Argument, folder: str) -> Argument:
    option = argument.option
    if option.arity != 1 or known_name(option) in _NAMES or is_macro(argument.value):
        return argument
    if option.values[0] == _SCALED or known_name(option) in _LISTS:
        value = ",".join(_joined(item, folder) for item in argument.value.split(","))
    elif option.values[0] in _FILES:
        value = _joined(argument.value, folder)
    else:
        return argument
    return replace(argument, words=(argument.spelling, value))


def _joined(path: str, folder: str) -> str:
    """The path from the folder on, without `.` and the like in front."""
    return path if _ABSOLUTE.match(path) else f"{folder.rstrip('/')}/{path.removeprefix('./')}"
