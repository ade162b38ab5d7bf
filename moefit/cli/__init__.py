"""The command line: the one place where an error becomes a line on stderr and an exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from moefit.errors import DoesNotFitError, MoefitError, UsageError

FITS = 0
DOES_NOT_FIT = 1
BAD_USAGE = 2
INTERRUPTED = 130


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run moefit with the words of the command line, and exit.

    The line is cut at the first `--` before any option is read: what follows is the llama-server command.
    """
    head, tail = cut(sys.argv[1:] if words is None else words)
    try:
        status = _run(head, tail)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = DOES_NOT_FIT
    except KeyboardInterrupt:
        status = INTERRUPTED
    except MoefitError as error:
        complain(error)
        status = DOES_NOT_FIT if isinstance(error, DoesNotFitError) else BAD_USAGE
    sys.exit(status)


def cut(words: Sequence[str]) -> tuple[list[str], list[str] | None]:
    """The words before the first `--`, and those after it; None where there is no `--`.

    >>> cut(["args", "--", "llama-server", "--", "x"])
    (['args'], ['llama-server', '--', 'x'])
    """
    words = list(words)
    if "--" not in words:
        return words, None
    at = words.index("--")
    return words[:at], words[at + 1 :]


def complain(error: MoefitError) -> None:
    """One line on stderr, and a hint line where there is one."""
    print(f"moefit: error: {_one_line(error.message)}", file=sys.stderr)  # noqa: T201 - the program's own message
    if error.hint:
        print(f"moefit: hint: {_one_line(error.hint)}", file=sys.stderr)  # noqa: T201


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _run(head: list[str], tail: list[str] | None) -> int:
    from typer.exceptions import TyperException

    from moefit.cli.commands import app

    try:
        status = app(args=head, prog_name="moefit", obj=tail, standalone_mode=False)
    except TyperException as error:
        raise _usage_error(error) from error
    return status if isinstance(status, int) else FITS


def _usage_error(error: Exception) -> UsageError:
    """Typer's error as ours; an option of llama-server that stands on the wrong side of `--` gets the hint that helps."""
    option = str(getattr(error, "option_name", ""))
    message = str(getattr(error, "message", error)).rstrip(".")
    if option:
        from moefit.launch.options import builtin

        if option in builtin("llama-server"):
            return UsageError(f"{option} is llama-server's option", "options of llama-server go after a --")
    return UsageError(message[:1].lower() + message[1:] or "bad usage", "moefit --help lists the commands")
