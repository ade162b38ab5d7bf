"""The commands by name: a module that defines some registers them here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from moefit.cli.shared import MachineShared, takes

COMMANDS: dict[str, Callable[[], Callable[..., int]]] = {}
"""Name -> makes the function that Typer gets."""
ORDER: Final = (
    *("plan", "estimate", "args", "run", "unit", "verify", "inspect", "devices", "calibrate", "bench"),
    *("compare", "doctor", "explain", "cards"),
)
"""As --help lists them."""

OF_NONE: Final = frozenset({"-h", "--help", "-V", "--version", "--install-completion", "--show-completion"})
"""Options that belong to no command."""


def command(shared: type[MachineShared] | None = None) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Makes a function a command, one that takes the options of `shared` as its first parameter."""

    def register(function: Callable[..., int]) -> Callable[..., int]:
        COMMANDS[function.__name__] = lambda: takes(shared)(function) if shared else function
        return function

    return register
