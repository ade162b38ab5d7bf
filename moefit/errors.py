"""What a user is told: what went wrong, as an exception, and what they should know; one line, and a hint where there is one."""

from __future__ import annotations

from moefit.values import dataclass


class MoefitError(Exception):
    """A user's mistake or bad input; the command ends with exit status 2 and one line, never a traceback."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        """One line: what is wrong, naming the file, option or device."""
        self.hint = hint
        """One line: what to do about it."""


class UsageError(MoefitError):
    """The command line asks for something that cannot be meant: unknown option, contradiction, bad size."""


class InputError(MoefitError):
    """A file or a device answered with something moefit cannot use: not GGUF, truncated, a missing shard."""


class DriverError(InputError):
    """The machine cannot be read: a driver or a program that was asked fails or does not answer; exit status 3."""


class BrokenError(DriverError):
    """A program that asked the drivers for their devices hangs, crashes or answers what cannot be: there may be GPUs that nobody sees."""


class DoesNotFitError(MoefitError):
    """Nothing that honours the user's constraints fits; exit status 1, and nothing on stdout."""


@dataclass(frozen=True, slots=True)
class Warn:
    """Something the user should know; it goes to stderr, and into JSON."""

    code: str
    """A fixed word that a program can test for: paging, unknown-architecture, truncated ..."""
    message: str
    hint: str | None = None
    note: bool = False
    """It says what was chosen; nothing is wrong."""
