"""Typer's errors as ours: what is wrong, and what the words were meant to be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from itertools import pairwise
from typing import Any, Final

from moefit.cli.registry import COMMANDS, OF_NONE
from moefit.cli.teaching import EXAMPLES, NO_LINE
from moefit.errors import UsageError
from moefit.launch.builds import nearest
from moefit.launch.options import builtin
from moefit.launch.programs import starts_command
from moefit.shown import word_shown

_ALIKE: Final = 0.7
"""Of two spellings: less is another word."""
_BEHIND: Final = "options of llama-server go after a --"
_CARD: Final = "--gpu 12GiB declares a card of so much memory; --budget CUDA0=12GiB caps one that is there"
_CONTEXT: Final = f"did you mean llama-server's -c? {_BEHIND}"
_OTHER_WORDS: Final = {
    **dict.fromkeys(("--vram", "--gpu-memory", "--gpu-ram", "--gpu-mem"), _CARD),
    **dict.fromkeys(
        ("--context", "--context-length", "--context-size", "--ctx", "--n-ctx", "--num-ctx"), _CONTEXT
    ),
    **dict.fromkeys(("--memory", "--mem", "--system-ram"), "did you mean --ram?"),
    **dict.fromkeys(("--layers", "--gpu-layer", "--num-gpu"), f"did you mean llama-server's -ngl? {_BEHIND}"),
}
"""Other tools' words for what has one here: the nearest spelling would be of something else."""
_LETTER: Final = 2
"""Characters of a short option."""


def misuse(error: Exception, head: Sequence[str]) -> UsageError:
    """The error for the words before `--`.

    Args:
        error: Typer's.
        head: the words, the command first.
    """
    option = str(getattr(error, "option_name", ""))
    written = _written(option, head) if option else ""
    command = next((word for word in head if not word.startswith("-")), "")
    describe = getattr(error, "format_message", lambda: str(error))
    message = describe().rstrip(".").replace("'", "")
    message = message[:1].lower() + message[1:]
    if type(error).__name__ == "NoSuchOption":
        return _no_option(error, option, written, head)
    if type(error).__name__ == "UsageError" and "command" in message:
        if line := _line(head):
            return UsageError(message.partition(". ")[0], line)
        near = _near(command, [*COMMANDS, *(word.strip("-") for word in OF_NONE)])
        meant = near if near is None or near in COMMANDS else f"--{near}"
        hint = f"did you mean moefit {meant}?" if meant else _see("")
        return UsageError(message.partition(". ")[0], hint)
    if message.startswith("got unexpected extra argument") and command not in NO_LINE:
        return UsageError(message, f"{_BEHIND}; moefit compare takes several models")
    plain = re.sub(r"is not a valid (int|integer) range", "is no whole number", message)
    return UsageError(
        re.sub(r"is not a valid float range", "is no number", plain),
        _choice(error) or _example(error, command) or _see(command),
    )


def _line(head: Sequence[str]) -> str | None:
    """Where a command belongs that stands before `--`."""
    command = next(iter(head), "")
    values = [after for word, after in pairwise(head) if word.startswith("-")]
    start = next((word for word in head if starts_command(word) and word not in values), None)
    verb = command if command in COMMANDS else "plan"
    return f"the command goes after a --: moefit {verb} -- {word_shown(start)} ..." if start else None


def _no_option(error: Any, option: str, written: str, head: Sequence[str]) -> UsageError:
    """One that the command has not: one of moefit itself, of llama-server on the wrong side of `--`, or a slip."""
    own = [*_options(error.ctx.command), *OF_NONE]
    if written in OF_NONE:
        return UsageError(f"{written} goes with no command", f"moefit {written}")
    theirs = next((word for word in (written, option) if word in builtin("llama-server")), None)
    if theirs and f"-{written}" not in own:
        other = theirs.swapcase()
        return UsageError(
            f"{theirs} is llama-server's option",
            _line(head) or (f"{_BEHIND}; moefit's own is {other}" if other in own else _BEHIND),
        )
    command = next((word for word in head if not word.startswith("-")), "")
    return UsageError(f"no such option: {written}", next(_meant(written, own), _see(command)))


def _meant(written: str, own: Sequence[str]) -> Iterator[str]:
    """What a spelling may have been meant for, the likeliest first: with more or fewer dashes, of another command, spelt nearly so."""
    table = builtin("llama-server")
    if written in _OTHER_WORDS and written not in own:
        yield _OTHER_WORDS[written]
    if f"-{written}" in own or written[1:] in own:
        yield f"did you mean {next(word for word in (f'-{written}', written[1:]) if word in own)}?"
    if written[1:] in table:
        yield f"did you mean llama-server's {written[1:]}? {_BEHIND}"
    if having := list(_having(written)):
        yield f"it is an option of moefit {' and moefit '.join(having)}"
    if len(written) == _LETTER:  # any other is as near
        yield from (f"did you mean {word}?" for word in own if word.startswith(f"-{written}"))
        return
    if near := _near(written, own):
        yield f"did you mean {near}?"
    if near := nearest(written, table, _ALIKE):
        yield f"did you mean llama-server's {near}? {_BEHIND}"


def _having(option: str) -> Iterator[str]:
    """The commands that have an option."""
    from typer.main import get_command

    from moefit.cli.application import app

    for name, command in getattr(get_command(app(())), "commands", {}).items():
        if option in _options(command):
            yield name


def _options(command: Any) -> Iterator[str]:
    for param in command.params:
        if param.param_type_name == "option":
            yield from (*param.opts, *param.secondary_opts)


def _choice(error: Any) -> str | None:
    """The value that was meant, of an option that takes one of a few."""
    choices = getattr(getattr(getattr(error, "param", None), "type", None), "choices", ())
    given = str(error).partition(" is not one of")[0].strip("'")
    near = _near(given, [str(getattr(choice, "value", choice)) for choice in choices])
    return f"did you mean {near}?" if near else None


def _example(error: Exception, command: str) -> str | None:
    """A whole command, where one lacks a word."""
    if type(error).__name__ != "MissingParameter":
        return None
    return next(iter(EXAMPLES.get(command, ())), None)


def _near(word: str, words: Iterable[str]) -> str | None:
    return next(iter(get_close_matches(word.lower(), sorted(words), n=1, cutoff=_ALIKE)), None)


def _see(command: str) -> str:
    return f"see moefit {command} --help" if command in COMMANDS else "moefit --help lists the commands"


def _written(option: str, head: Sequence[str]) -> str:
    """The word that an option was read from: Typer takes -ngl for -n, -g and -l, and names the first that it does not know.

    >>> _written("-n", ["plan", "-ngl", "99"]), _written("-f", ["plan", "--gpu", "-hf"]), _written("--ab", ["--ab=1"])
    ('-ngl', '-hf', '--ab')
    """
    names = [word.partition("=")[0] for word in head]
    if option in names or option.startswith("--"):
        return option
    short = (name for name in names if name.startswith("-") and not name.startswith("--"))
    return next((name for name in short if option[1:] in name), option)
