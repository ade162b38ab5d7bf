"""A model of llama-swap's config.yaml.

source: llama-swap's internal/config: load.go (macros `${...}`), commands.go, SanitizeCommand (lines that begin with `#`
are comments, the rest is split like a POSIX shell does), model_config.go (`env`, a list of NAME=value).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from moefit.errors import UsageError
from moefit.formats import shell
from moefit.launch.command import Argument, Command
from moefit.launch.containers import Container

PORT: Final = "${PORT}"
"""llama-swap's macro for the port that it will ask."""
_NO_MACRO: Final = re.compile(r"\$\{(?!(?:env\.)?[A-Za-z0-9_-]+\})")
_MACRO: Final = re.compile(r"\$\{[A-Za-z0-9_.-]+\}")
_LONGEST_KEY: Final = 1000
"""Characters; YAML takes a key of up to 1024 on one line."""
_UNPRINTABLE: Final = re.compile(
    r"[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


def write(command: Command, name: str, environment: Mapping[str, str] | None = None) -> str:
    """The YAML of one model: its command with llama-swap's port, or the proxy address of the command's own.

    `environment` are the variables that the launch needs; llama-swap adds them to its own.

    Raises:
        UsageError: a word holds a line break, a control character, or `${` that begins no macro: those of the user's stay.
    """
    variables = [f"{variable}={value}" for variable, value in (environment or {}).items()]
    _refuse_unheld(command, name, variables)
    port = next((_number(a) for a in reversed(tuple(command.given("--port")))), None)
    lines = ["models:", f"  {_quoted(name)}:"]
    if command.container is not None:
        port = _published(command.container, port)
    if port is None:
        command = replace(command, arguments=(*_port(command), *command.arguments))
    elif port != PORT:
        lines.append(f"    proxy: {_quoted(f'http://127.0.0.1:{port}')}")
    if variables:
        lines += ["    env:", *(f"      - {_quoted(text)}" for text in variables)]
    lines += ["    cmd: |", f"      {shell.write(command.argv).replace(shell.write([PORT]), PORT)}"]
    return "".join(f"{line}\n" for line in lines)


def _refuse_unheld(command: Command, name: str, variables: Sequence[str]) -> None:
    if command.name == "llama-bench":
        raise UsageError("llama-swap's entries are for servers", "use --format shell")
    for word in (*command.head, name, *variables):
        _refuse(word, repr(word))
    for argument in command.arguments:
        for word in argument.words:
            _refuse(word, f"the value of {argument.spelling}")
    if len(name) > _LONGEST_KEY:
        raise UsageError("llama-swap's YAML cannot hold so long a name", "name the model with -a")


def _published(container: Container, inside: str | None) -> str:
    """The host's port of what the container publishes, or its own where it has the host's network; ${PORT} where nothing says.

    What stands inside stays: the engine's own -p says which port of the host leads there.
    """
    if container.published is not None:
        return container.published
    return inside or PORT


def _number(argument: Argument) -> str:
    """The port as std::stoi reads it, which takes what it can; a macro of the user's as it stands."""
    found = re.match(r"\s*([+-]?\d{1,9})", argument.value, re.ASCII)
    if found is None and not _MACRO.fullmatch(argument.value):
        raise UsageError(f"{argument.shown}: no whole number")
    return str(int(found[1])) if found else argument.value


def _quoted(text: str) -> str:
    """A double-quoted scalar: for what may be printed in YAML, JSON's strings are such."""
    return json.dumps(text, ensure_ascii=False)


def _port(command: Command) -> tuple[Argument, ...]:
    option = command.table.get("--port")
    return (Argument(option, ("--port", PORT)),) if option else ()


def _refuse(word: str, what: str) -> None:
    if _NO_MACRO.search(word):
        raise UsageError(f"llama-swap would read ${{ in {what} as a macro", "use --format shell")
    if _UNPRINTABLE.search(word):
        raise UsageError(
            f"llama-swap's YAML cannot hold the line break or control character in {what}",
            "use --format shell",
        )
