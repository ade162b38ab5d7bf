"""What a line has of other builds than those moefit was checked with: passed on, and said."""

from __future__ import annotations

from collections.abc import Iterator

from moefit.errors import Warn
from moefit.launch.builds import RANGE, is_option_known, nearest, unknown_options
from moefit.launch.enumerated import is_own_word, named_values, unknown_values
from moefit.launch.launch import Launch
from moefit.launch.options import Option
from moefit.launch.readers import counted_value


def of_other_builds(launch: Launch) -> Iterator[Warn]:
    """One warning for all options whose memory nobody counts, and one for each value that counts as another."""
    program = launch.command.name
    if unknown := unknown_options(launch.given, program):
        count = (
            f"it is not in llama.cpp {RANGE}" if len(unknown) == 1 else f"they are not in llama.cpp {RANGE}"
        )
        yield Warn(
            "uncounted", f"{', '.join(unknown)}: passed on, but memory is not counted: {count}", _hint(launch)
        )
    for given in launch.given:
        if is_own_word(given, program):
            said = f"{given.source}: a word that llama.cpp {RANGE} has not: counted as what the plan chooses"
            yield Warn("uncounted", said)
    for given in unknown_values(launch.given, program):
        if not is_option_known(given.option, program):
            if given.value:
                yield _unlisted(given.option)
            continue
        counted = counted_value(given.option, given.value)
        counts = f", but its memory is counted as {counted}" if counted else ", but its memory is not counted"
        yield Warn("uncounted", f"{given.source}: a value that llama.cpp {RANGE} has not: passed on{counts}")


def _unlisted(option: Option) -> Warn:
    """Of a value that may be a secret."""
    words = ", ".join(named_values(option))
    return Warn("unlisted", f"{option.name}: passed on, but its --help seems to take one of {words}")


def _hint(launch: Launch) -> str:
    """Another spelling that may be meant, or what tells the truth."""
    table = launch.command.table
    words = (g.option.name for g in launch.given if g.option.name not in table)
    near = next((found for word in words if (found := nearest(word, table, 0.7))), None)
    return (
        f"if it is mistyped: did you mean {near}?"
        if near
        else "moefit verify shows what the program itself says"
    )
