"""The user's command, read: its words, everything that sets an option, and what is fixed by it."""

from __future__ import annotations

from moefit.errors import Warn
from moefit.launch.command import Command
from moefit.launch.complete import Addition
from moefit.launch.constraints import Constraints
from moefit.launch.given import Given
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Launch:
    """The user's command, read."""

    command: Command
    given: tuple[Given, ...]
    """Everything that sets an option: files, variables, the line."""
    constraints: Constraints
    needed: tuple[Addition, ...] = ()
    """Without these the program would not load the model that the line names."""
    notes: tuple[Warn, ...] = ()
    """What the reading of the command has to say."""
    siblings: tuple[str, ...] = ()
    """The files of the model's repository, as its server lists them; empty where that was not asked."""
