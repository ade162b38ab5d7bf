"""`--rpc` stands before what names a device of its servers: llama.cpp reads a line from left to right.

source: common/arg.cpp: --rpc adds the devices (add_rpc_devices), -dev and -ot look names up at once (parse_device_list,
parse_tensor_buffer_overrides)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from moefit.launch.command import Argument, Command
from moefit.launch.options import known_words

_NAMING: Final = frozenset({"--device", "--override-tensor", "--spec-draft-device", "--spec-draft-override-tensor", "--mmproj-device"})  # fmt: skip
"""Options whose values name devices or their buffers."""


def servers_first(command: Command) -> tuple[Command, str]:
    """The command with every `--rpc` before the first option that needs it, and how that option is spelled; empty where nothing moves."""
    arguments = command.arguments
    last = max((i for i, argument in enumerate(arguments) if _is(argument, {"--rpc"})), default=-1)
    first = next((i for i, argument in enumerate(arguments[: last + 1]) if _names_remote(argument)), None)
    if first is None:
        return command, ""
    moved = _sorted(arguments[first:])
    return replace(command, arguments=(*arguments[:first], *moved)), arguments[first].spelling


def _sorted(arguments: Sequence[Argument]) -> tuple[Argument, ...]:
    return tuple(sorted(arguments, key=lambda argument: not _is(argument, {"--rpc"})))


def _names_remote(argument: Argument) -> bool:
    return _is(argument, _NAMING) and "RPC" in argument.value


def _is(argument: Argument, spellings: frozenset[str] | set[str]) -> bool:
    return not spellings.isdisjoint(known_words(argument.option))
