"""The Typer application: its commands, and the options before them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from moefit import __version__
from moefit.cli import FITS
from moefit.cli.commands import COMMANDS
from moefit.cli.completion import joined
from moefit.cli.registry import ORDER
from moefit.cli.teaching import AFTER, WIDEST, Teaching, TeachingGroup

_COMPLETE = "_MOEFIT_COMPLETE"
"""The variable by which a shell's completion asks."""
_COMPLETION = ("--install-completion", "--show-completion")


def app(words: Sequence[str]) -> typer.Typer:
    """The Typer application for a command line: of the command that it names alone, for each takes time to build at every start."""
    asks = not words or words[0] in {"-h", "--help"} or any(word.startswith(_COMPLETION) for word in words)
    if _COMPLETE in os.environ:
        joined(os.environ)
    made = typer.Typer(
        cls=TeachingGroup,
        add_completion=asks or _COMPLETE in os.environ,
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDEST},
        subcommand_metavar=f"COMMAND [MODEL] {AFTER}",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    made.callback(invoke_without_command=True)(moefit)
    named = words[0] if words and words[0] in COMMANDS else None
    for name in (named,) if named else sorted(COMMANDS, key=ORDER.index):
        made.command(name, cls=Teaching)(COMMANDS[name]())
    return made


def moefit(
    version: Annotated[bool, typer.Option("--version", "-V", help="Print the version.")] = False,
    debug: Annotated[  # noqa: ARG001 - main takes it off the line, wherever it stands before the --
        bool, typer.Option("--debug", help="Write a report of what was read and made, without secrets.")
    ] = False,
) -> int:
    """Give it your llama-server command: get back the fastest one that fits this machine, and why.

    Options of moefit come first, then --, then the command.
    """
    if version:
        from moefit.launch.builds import RANGE

        sys.stdout.write(f"moefit {__version__}, for llama.cpp {RANGE}\n")
        raise typer.Exit
    return FITS
