"""The command line: the one place where an error becomes a line on stderr and an exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Sequence
from itertools import takewhile

from moefit.cli import (
    BAD_USAGE,
    DOES_NOT_FIT,
    DRIVER_FAILS,
    FITS,
    INTERRUPTED,
    OWN_ERROR,
    PIPE_CLOSED,
    streams,
)
from moefit.cli.ending import end_by_signal, heed_signals
from moefit.cli.gathered import GATHERED
from moefit.cli.registry import OF_NONE
from moefit.cli.say import remember, say
from moefit.errors import DoesNotFitError, DriverError, InputError, MoefitError


def exit_status(words: Sequence[str]) -> int:
    """The exit status of the command.

    The line is cut at the first `--` before any option is read: what follows is the llama-server command.
    """
    remember(words)
    GATHERED.clear()
    head, tail = cut(words)
    streams.prepare_streams()
    try:
        status = _run([word for word in head if word != "--debug"], tail)
        sys.stdout.flush()
        if "--debug" in head:
            _report(words)
    except BrokenPipeError:
        streams.discard()
        status = PIPE_CLOSED
    except KeyboardInterrupt:
        streams.erase()
        status = INTERRUPTED
    except MoefitError as error:
        status = _refused(error, words if "--debug" in head else None)
    except Exception as error:  # noqa: BLE001 - the last resort: one line, and where to look
        status = _own_error(error, words if "--debug" in head else None)
    end_by_signal()
    return status


def _refused(error: MoefitError, words: Sequence[str] | None) -> int:
    """Says what is wrong; with the words of a line that has --debug, also writes the report."""
    if isinstance(error, streams.LostError):
        streams.discard()
    complain(error)
    if words is not None:
        _report(words, error)
    return _status(error)


def _own_error(error: Exception, words: Sequence[str] | None) -> int:
    """Says that moefit itself failed, and where the report lies or how to get one."""
    from moefit.cli import report

    say("error", f"an error of moefit's own: {report.where(error)}")
    if words is None:
        say(
            "hint",
            "the same with --debug writes a report, without secrets and folders, to send to its authors",
        )
    else:
        _report(words, error)
    return OWN_ERROR


def _report(words: Sequence[str], error: Exception | None = None) -> None:
    from moefit.cli import report

    try:
        say("note", f"the report is in {report.write_report(words, error)}")
    except InputError as trouble:
        complain(trouble)


def _status(error: MoefitError) -> int:
    """The exit status that says what kind of error it is."""
    if isinstance(error, DoesNotFitError):
        return DOES_NOT_FIT
    return DRIVER_FAILS if isinstance(error, DriverError) else BAD_USAGE


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


def _with_one_word(head: list[str], tail: list[str] | None) -> list[str]:
    """The words of `explain` as one, which may begin as an option does; those of `cards` up to its options.

    >>> _with_one_word(["explain", "expert", "cache"], None), _with_one_word(["explain", "-ngl"], None)
    (['explain', '--', 'expert cache'], ['explain', '--', '-ngl'])
    >>> _with_one_word(["explain", "--help"], None), _with_one_word(["plan", "-h"], None)
    (['explain', '--help'], ['plan', '-h'])
    >>> _with_one_word(["cards", "rtx", "3060", "--json"], None), _with_one_word(["cards"], None)
    (['cards', 'rtx 3060', '--json'], ['cards'])
    """
    if head[:1] == ["cards"]:
        words = list(takewhile(lambda word: not word.startswith("-"), head[1:]))
        return ["cards", *([" ".join(words)] if words else []), *head[1 + len(words) :]]
    asked = [*head[1:], *(tail or ())]
    if head[:1] != ["explain"] or not asked or {"-h", "--help"} & set(asked):
        return head
    return ["explain", "--", " ".join(asked)]


def with_command(head: Sequence[str], tail: Sequence[str] | None, commands: Collection[str]) -> list[str]:
    """The words with `plan` in front where they name no command: what people want first is a plan.

    >>> with_command(["model.gguf", "--ram", "32GiB"], None, ["plan"]), with_command([], ["llama-server"], ["plan"])
    (['plan', 'model.gguf', '--ram', '32GiB'], ['plan'])
    >>> with_command(["paln"], None, ["plan"]), with_command(["--help"], None, ["plan"])
    (['paln'], ['--help'])
    """
    words = list(head)
    if not words:
        return ["plan"] if tail else []
    first = words[0].partition("=")[0]
    if first in commands or first in OF_NONE:
        return words
    is_model = any(mark in first for mark in "/:\\") or first.endswith(".gguf") or os.path.exists(first)  # noqa: PTH110 - False where it may not be asked
    return ["plan", *words] if first.startswith("-") or is_model else words


def complain(error: MoefitError) -> None:
    """One line on stderr, and a hint line where there is one."""
    say("error", error.message)
    if error.hint:
        say("hint", error.hint)


def _run(head: list[str], tail: list[str] | None) -> int:
    from typer.exceptions import TyperException

    from moefit.cli.application import app
    from moefit.cli.registry import COMMANDS

    heed_signals()
    head = _with_one_word(with_command(head, tail, COMMANDS), tail)
    try:
        status = app(head)(args=head, prog_name="moefit", obj=tail, standalone_mode=False)
    except TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error, file=sys.stderr)  # noqa: T201 - the help
            return BAD_USAGE
        from moefit.cli.misuse import misuse

        raise misuse(error, head) from error
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # Typer's status 1 means that nothing fits
            raise end.__context__ from None
        raise
    if status == INTERRUPTED:  # what Typer makes of an interrupt
        streams.erase()
    return status if isinstance(status, int) else FITS
