"""LLAMA_ARG_* variables as a systemd EnvironmentFile; a shell reads the same with `set -a; . FILE`.

source: systemd's src/basic/env-file.c, parse_env_file_internal (quotes and escapes), and env_value_is_valid;
common/arg.cpp, common_arg::get_value_from_env.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from moefit.errors import UsageError
from moefit.formats.settled import Setting, settle
from moefit.launch.command import Command

_PLAIN: Final = re.compile(r"[A-Za-z0-9_@%+:,./\[\]-]*")
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_WHAT: Final = "an environment file"


def write(command: Command, environment: Mapping[str, str] | None = None) -> str:
    """One `NAME=value` a line, in the order of the command; the program itself reads them whatever its line says.

    `environment` are the variables that the launch needs beside its options; they come last.

    Raises:
        UsageError: an option has no variable, or a value holds a line break or a control character.
    """
    settings = settle(command, _WHAT, ("-ot", "-cmoe", "-ncmoe", "-ncffn"))
    needed = (f"{name}={_quoted(value, name)}" for name, value in (environment or {}).items())
    return "".join(f"{line}\n" for line in (*map(_line, settings), *needed))


def _line(setting: Setting) -> str:
    option = setting.option
    if option.env is None:
        raise UsageError(
            f"{option.name} has no variable, so an environment file cannot hold it", "use --format shell"
        )
    return f"{option.env}={_quoted(_value(setting), option.name)}"


def _value(setting: Setting) -> str:
    if setting.option.arity:
        return setting.value
    return "1" if setting.positive else "0"


def _quoted(value: str, name: str) -> str:
    """Double quotes, in which only these four need a backslash."""
    if _UNSAFE.search(value):
        raise UsageError(f"an environment file cannot hold the line break or control character of {name}")
    if _PLAIN.fullmatch(value):
        return value
    return '"' + re.sub(r'(["\\`$])', r"\\\1", value) + '"'
