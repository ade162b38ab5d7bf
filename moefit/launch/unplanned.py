"""Lines that start no model: a router, or a program that says something and ends. `moefit run` starts them as they are.

source: tools/server/server.cpp, is_router_server; common/arg.cpp, the options whose handlers call exit.
"""

from __future__ import annotations

from typing import Final

from moefit.errors import UsageError
from moefit.launch.command import Command
from moefit.launch.constraints import Constraints
from moefit.launch.options import known_words

_SAYS: Final = ("--help", "--version", "--cache-list", "--completion-bash", "--list-devices")
_ROUTER: Final = ("--models-dir", "--models-preset")


def unplanned(command: Command, wanted: Constraints) -> UsageError | None:
    """Why there is nothing to plan; None where the line starts a model, or lacks one."""
    for argument in command.arguments:
        if argument.option.name in _SAYS or set(_SAYS).intersection(known_words(argument.option)):
            return UsageError(
                f"{argument.spelling} makes {command.name} say something and end", _as_it_is(command)
            )
    if command.name != "llama-server" or wanted.model:
        return None
    if command.table.lookup("-m") is None:
        return UsageError(
            f"{command.program} --help lists no -m: its page is cut off, or it is another program",
            "--build b11549 takes the options of that build",
        )
    folder = next((a for spelling in _ROUTER for a in command.given(spelling)), None)
    shown = folder.shown if folder else "without a model llama-server"
    return UsageError(
        f"{shown} is a router: plan its models one by one",
        "moefit args --format preset -- llama-server -m model.gguf, for each; moefit run -- starts the router as it is",
    )


def _as_it_is(command: Command) -> str:
    return f"moefit run -- {' '.join(command.head)} ... starts it as it is"
