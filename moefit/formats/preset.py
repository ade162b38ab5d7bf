"""A section of the models.ini that llama-server's router reads with --models-preset.

source: common/preset.cpp, parse_ini_from_file (what a line may hold) and common_preset::to_args (how the router turns it
back into a line); tools/server/server-models.cpp, unset_reserved_args and update_args (what the router sets itself).
"""

from __future__ import annotations

import re
from typing import Final

from moefit.errors import UsageError
from moefit.formats import shell
from moefit.formats.settled import Setting, settings_of
from moefit.launch.command import Command
from moefit.launch.options import known_name

_WHAT: Final = "a models.ini"
_OVERRIDE_ORDER: Final = ("-cmoe", "-ncffn", "-ncmoe", "-ot")
"""std::map sorts options by their first spelling."""
_ROUTER: Final = frozenset(
    {
        *(
            "--host",
            "--port",
            "--api-key",
            "--api-key-file",
            "--ssl-key-file",
            "--ssl-cert-file",
            "--log-colors",
        ),
        *("--models-dir", "--models-preset", "--models-max", "--models-autoload"),
    }
)
"""Set for the router as a whole; in a section they count for nothing."""


def write(command: Command, name: str) -> str:
    """The section of the model `name`; what is the router's own business is named in a comment.

    Raises:
        UsageError: a name, option or value that such a file cannot hold.
    """
    if not re.fullmatch(r"[^\]\n\r;#]+", name) or name != name.strip() or name in {"*", "default"}:
        raise UsageError(f"{_WHAT} cannot have a section [{name}]", "name the model with -a")
    settings = settings_of(command, _WHAT, _OVERRIDE_ORDER)
    routers = [s.option.name for s in settings if known_name(s.option) in _ROUTER]
    lines = [f"[{name}]", *(_line(s) for s in settings if known_name(s.option) not in _ROUTER)]
    if command.wrapper and command.container is not None:
        raise UsageError(
            f"{_WHAT} cannot start a container", "--format additions holds only what moefit adds"
        )
    if command.wrapper:
        lines.insert(1, f"; start the router with: {shell.write(command.wrapper)} ...")
    if routers:
        lines.insert(1, f"; set on the router's own line: {' '.join(routers)}")
    return "".join(f"{line}\n" for line in lines)


def _line(setting: Setting) -> str:
    key = setting.option.name.lstrip("-")
    if setting.option.arity == 0:
        return f"{key} = {'true' if setting.positive else 'false'}"
    value = setting.value
    if found := re.search(r"[;#\n\r\x00\ud800-\udfff]|^[ \t]|[ \t]$", value):
        raise UsageError(f"{_WHAT} cannot hold the {_named(found.group())} of {setting.option.name}")
    return f"{key} = {value}"


def _named(char: str) -> str:
    names = {
        " ": "space at an end",
        "\t": "tab at an end",
        ";": "semicolon",
        "#": "number sign",
        "\0": "NUL byte",
    }
    return names.get(char, "line break" if char in "\n\r" else "byte that is no UTF-8")
