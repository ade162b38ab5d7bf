"""LLAMA_ARG_* variables as a systemd EnvironmentFile; a shell reads the same with `set -a; . FILE`.

source: systemd's src/basic/env-file.c, parse_env_file_internal (quotes and escapes), and env_value_is_valid;
common/arg.cpp, common_arg::get_value_from_env.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from moefit.errors import UsageError
from moefit.formats import shell
from moefit.formats.settled import Setting, settings_of
from moefit.launch.command import Argument, Command

_PLAIN: Final = re.compile(r"[A-Za-z0-9_@%+:,./\[\]-]*")
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_WHAT: Final = "an environment file"


def write(command: Command, environment: Mapping[str, str] | None = None) -> str:
    """One `NAME=value` a line, in the order of the command; the program itself reads them whatever its line says.

    A container's engine takes what follows the `=` as it stands, so nothing is quoted for it. What has no variable is the program's own line still: a comment at the top says it. `environment` are the variables that the
    launch needs beside its options; they come last.

    Raises:
        UsageError: a value holds a line break or a control character.
    """
    held = tuple(filter(_is_held, command.arguments))
    quoted = _quoted if command.container is None else _raw
    settings = settings_of(replace(command, arguments=held), _WHAT, ("-ot", "-cmoe", "-ncmoe", "-ncffn"))
    needed = (f"{name}={quoted(value, name)}" for name, value in (environment or {}).items())
    lines = (*_own_line(command, held), *(_line(setting, quoted) for setting in settings), *needed)
    return "".join(f"{line}\n" for line in lines)


def _is_held(argument: Argument) -> bool:
    """Whether a variable can say it."""
    return argument.option.env is not None and argument.option.arity < 2


def _own_line(command: Command, held: Sequence[Argument]) -> Iterator[str]:
    """What the program must be started with, where that is more than its name."""
    rest = [a for a in command.arguments if a not in held]
    for argument in rest:
        if any(_UNSAFE.search(word) for word in argument.words):
            raise UsageError(
                f"{_WHAT} cannot hold the line break or control character of {argument.option.name}"
            )
    if rest or command.wrapper:
        words = (word for a in rest for word in (a.words if not a.option.is_secret else (a.spelling, "***")))
        head = command.head
        if (container := command.container) is not None:
            head = (*head[: container.at], "--env-file", "THIS_FILE", *head[container.at :])
        yield f"# start it with: {shell.write([*head, *words])}"


def _line(setting: Setting, quoted: Callable[[str, str], str]) -> str:
    option = setting.option
    return f"{option.env}={quoted(_value(setting), option.name)}"


def _value(setting: Setting) -> str:
    if setting.option.arity:
        return setting.value
    return "1" if setting.positive else "0"


def _raw(value: str, name: str) -> str:
    """As docker's --env-file has it."""
    _quoted(value, name)
    return value


def _quoted(value: str, name: str) -> str:
    """Double quotes, in which only these four need a backslash."""
    if _UNSAFE.search(value):
        raise UsageError(f"an environment file cannot hold the line break or control character of {name}")
    if _PLAIN.fullmatch(value):
        return value
    return '"' + re.sub(r'(["\\`$])', r"\\\1", value) + '"'
