"""A command as single settings, for formats that hold each option once: files of keys, variables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from moefit.errors import UsageError
from moefit.launch.command import Argument, Command
from moefit.launch.options import Option, known_name, known_words
from moefit.launch.patterns import CPU_BUFFER, parse_overrides
from moefit.values import dataclass

_JOINED: Final = frozenset(
    {
        *(
            "--override-tensor",
            "--override-tensor-draft",
            "--rpc",
            "--spec-type",
            "--api-key",
            "--alias",
            "--tags",
        ),
        *("--lora", "--lora-scaled", "--control-vector", "--control-vector-scaled", "--override-kv"),
    }
)
"""Options whose values append, and which take several apart by commas."""
_LARGEST: Final = frozenset({"--n-cpu-moe", "--n-cpu-ffn", "--n-cpu-moe-draft"})
"""Options whose values add up to the largest one."""
_NUMBER: Final = r"\s*[+-]?\d+"
_APPENDED: Final = frozenset({"--reverse-prompt", "--logit-bias", "--dry-sequence-breaker"})
"""Options whose values append, but cannot share one."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One option, with the value that all its times on the line come to."""

    option: Option
    value: str
    """Empty for a flag."""
    positive: bool


def settings_of(command: Command, what: str, override_order: Sequence[str]) -> tuple[Setting, ...]:
    """The options in the order of their first time.

    `what` names the format in errors; `override_order` is the order in which its reader applies -ot, -cmoe, -ncmoe and
    -ncffn, which must not change what the line's own order means.

    Raises:
        UsageError: the format cannot say what the line says.
    """
    if command.name == "llama-bench":
        raise UsageError(f"{what} is for servers: llama-bench reads none", "use --format shell")
    _refuse_reordering(command, what, override_order)
    times: dict[tuple[str, ...], list[Argument]] = {}
    for argument in command.arguments:
        times.setdefault(argument.option.spellings, []).append(argument)
    return tuple(_setting(group, what) for group in times.values())


def _setting(group: Sequence[Argument], what: str) -> Setting:
    last = group[-1]
    option, name = last.option, known_name(last.option)
    if option.arity > 1:
        raise UsageError(
            f"{what} cannot hold an option with two values: {last.shown}",
            "--format additions holds only what moefit adds",
        )
    if len(group) > 1 and name in _APPENDED:
        raise UsageError(
            f"{what} cannot hold {option.name} more than once",
            "--format additions holds only what moefit adds",
        )
    if name in _JOINED:
        return Setting(option, ",".join(a.value for a in group), positive=True)
    if name in _LARGEST and all(re.fullmatch(_NUMBER, a.value) for a in group):
        return Setting(option, max((a.value for a in group), key=float), positive=True)
    return Setting(option, last.value, last.positive)


def _refuse_reordering(command: Command, what: str, order: Sequence[str]) -> None:
    """The first match wins: only where all rules keep tensors on the CPU does their order not matter."""
    ranks, buffers = [], set()
    for argument in command.arguments:
        for rank, spelling in enumerate(order):
            if spelling in known_words(argument.option):
                ranks.append(rank)
                buffers |= _buffers(argument, spelling)
    if ranks != sorted(ranks) and buffers != {CPU_BUFFER}:
        names = ", ".join(order)
        raise UsageError(
            f"{what} applies overrides in the order {names}, the line in another", "write one -ot for all"
        )


def _buffers(argument: Argument, spelling: str) -> set[str]:
    return {rule.buffer for rule in parse_overrides(argument.value)} if spelling == "-ot" else {CPU_BUFFER}
