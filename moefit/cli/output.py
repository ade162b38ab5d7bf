"""What the commands print: the result to stdout, everything else to stderr."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from io import TextIOBase
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO, cast

from moefit.cli.options import Format, When
from moefit.cli.say import say, unsecret
from moefit.cli.streams import encodable
from moefit.errors import UsageError, Warn
from moefit.formats import shell
from moefit.formats.ascii import asks_plain, can_show, plain
from moefit.launch.seen import in_front
from moefit.planning.types import Plan
from moefit.shown import masked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rich.console import Console, Group

    from moefit.launch.options import OptionTable
    from moefit.launch.precedence import Config


MOST_NOTES: Final = 3
"""On a page that is read in five seconds."""


def console(color: When) -> Console:
    """Where tables go: stdout, in colour if a person looks at it or asks for it."""
    from moefit.cli.piped import Piped

    marks = can_show(sys.stdout.encoding) and not asks_plain(os.environ)
    file = sys.stdout if marks else cast("TextIO", _Plain(sys.stdout))
    if color is When.ALWAYS:
        return Piped(file=file, force_terminal=True, no_color=False)
    return Piped(file=file, no_color=True if color is When.NEVER else None)


class _Plain(TextIOBase):
    """A stream that lacks the marks of a page, and gets plain ones."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a plain attribute there
        """The stream's own."""
        return self._stream.encoding

    def write(self, text: str) -> int:
        """The same number of characters, with a ? for each of a name's that the stream lacks; lines to copy were asked for theirs before."""
        return self._stream.write("".join(c if self._has(c) else "?" for c in plain(text)))

    def _has(self, letter: str) -> bool:
        try:
            letter.encode(self.encoding or "utf-8", "surrogateescape")
        except UnicodeEncodeError:
            return False
        return True

    def flush(self) -> None:
        """Through to the stream."""
        self._stream.flush()

    def isatty(self) -> bool:
        """Whether a person looks at it."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """The stream's own, which tells the width of the terminal."""
        return self._stream.fileno()


def draw(page: Callable[[Console], None], color: When, picture: str | None) -> None:
    """A page on stdout, and where a picture is wanted in that file, too."""
    screen = console(color)
    page(screen)
    if picture is None:
        return
    from moefit.files import write_atomically
    from moefit.formats.svg import svg

    words = [masked(unsecret(word)) for word in _without_svg(sys.argv[1:])]
    write_atomically(Path(picture), svg(page, screen.width, shell.write(["moefit", *words]), hide=unsecret))


def _without_svg(words: Sequence[str]) -> list[str]:
    """The words less the wish for a picture.

    >>> _without_svg(["plan", "m.gguf", "--svg", "p.svg", "--ram", "32GiB"]), _without_svg(["plan", "--svg=p.svg"])
    (['plan', 'm.gguf', '--ram', '32GiB'], ['plan'])
    """
    pairs = zip(("", *words), words, strict=False)
    return [word for before, word in pairs if before != "--svg" and word.partition("=")[0] != "--svg"]


def refuse_both(picture: str | None, *, as_json: bool) -> None:
    """A picture of the page beside a document that takes the page's place.

    Raises:
        UsageError: both are asked for.
    """
    if as_json and picture is not None:
        raise UsageError(
            "--svg draws the page, in whose place --json writes a document", "leave one of them out"
        )


def show_plan(
    plan: Plan, *, as_json: bool, details: bool, color: When, picture: str | None = None, given: bool = False
) -> None:
    """A plan, or an estimate of a line as given, as JSON or for a person."""
    note(plan, None if as_json or details else MOST_NOTES)
    for argv in (plan.argv, *(other.plan.argv for other in plan.alternatives)):
        encodable(shell.write(argv))
    if as_json:
        plan = replace(plan, warnings=tuple(map(_unsecret_warning, plan.warnings)))
        from moefit.formats.plan_json import estimate_json, plan_json

        sys.stdout.write(estimate_json(plan) if given else plan_json(plan))
        return
    from moefit.formats import table

    reasons: Group | None = None
    if details:
        from moefit.formats.explain import explain

        reasons = explain(plan)

    def page(on: Console) -> None:
        table.show(plan, on, reasons)

    draw(page, color, picture)


def _unsecret_warning(warning: Warn) -> Warn:
    hint = None if warning.hint is None else unsecret(warning.hint)
    return replace(warning, message=unsecret(warning.message), hint=hint)


def note(plan: Plan, most: int | None = None) -> None:
    """The plan's warnings; of more than `most` those that matter most: what is wrong before what was chosen."""
    told = sorted(plan.warnings, key=lambda warning: warning.note)[:most]
    for warning in plan.warnings:
        if any(warning is one for one in told):
            warn(warning)
    left = len(plan.warnings) - len(told)
    if left:
        say("note", f"{left} more with --explain")


def warn(warning: Warn) -> None:
    """One line on stderr, and its hint."""
    say("note" if warning.note else "warning", warning.message)
    if warning.hint:
        say("hint", warning.hint)


def write_argv(plan: Plan, form: Format, table: OptionTable) -> str:
    """The line as `--format` asks."""
    words = in_front(plan.argv, plan.environment)
    if form is Format.SHELL:
        return shell.write(words) + "\n"
    from moefit.formats import json_argv, null
    from moefit.formats.held import additions_alone, bench_line, file

    if form is Format.NULL:
        return null.write(words)
    if form is Format.JSON:
        return json_argv.write(words) + "\n"
    if form is Format.LLAMA_BENCH:
        return bench_line(plan, table, *_surroundings()) + "\n"
    if form.value.startswith("additions"):
        return additions_alone(plan, form.value, table)
    return file(plan, form.value, table, *_surroundings())


def _surroundings() -> tuple[tuple[Config, ...], Mapping[str, str], str]:
    """config.ini files, variables and the folder: what a reader elsewhere does not have."""
    from moefit.folders import working_folder
    from moefit.llama.config import read_configs

    return read_configs(os.environ), os.environ, str(working_folder())
