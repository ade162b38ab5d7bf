"""Builds of llama.cpp: those for which moefit's rules were checked, and what another one has that no table knows.

Which builds those are is data: the tables of option_data.py, made from their programs, against which the recorded answers
were replayed (docs/llama-cpp-builds.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from moefit.errors import UsageError
from moefit.launch.given import Given
from moefit.launch.legacy import LEGACY
from moefit.launch.option_data import BUILDS
from moefit.launch.options import Option, OptionTable, builtin

CHECKED: Final = tuple(sorted(BUILDS))
"""Build numbers, the oldest first: the rules hold from the first to the last."""
RANGE: Final = f"b{CHECKED[0]} to b{CHECKED[-1]}"
"""The same in words."""
_SINCE: Final = {11549: 11480}
"""A checked build -> the one from which on programs have its options: b11480 brought --moe-cache-mib; beside it b11549 has one variable more, LLAMA_ARG_SLOT_SAVE_PATH."""
_LONG = re.compile(r"--[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_TYPING_MISTAKE: Final = 0.8
"""How alike two spellings are from which on one is taken for the other, mistyped (difflib's ratio)."""


def read_version(text: str) -> int | None:
    """The build number in what `--version` says; None where a program does not know its own.

    >>> read_version("version: 0.6.0-dev (build 11549, commit abc)"), read_version("version: 6123 (0d1e2f3)")
    (11549, 6123)
    >>> read_version("version: 0.6.0-dev (build 0, commit unknown)"), read_version("ggml_cuda_init: found 1 device")
    (None, None)
    >>> read_version("b12191"), read_version("version: 1.0.0 (b12600-0d1e2f3)"), read_version("1.0.0")
    (12191, 12600, None)
    """
    found = (
        re.search(r"\bbuild:? (\d{1,9})\b", text)
        or re.search(r"^version: (\d{1,9})\b(?!\.)", text, re.MULTILINE)
        or re.search(r"^(?:version: .*)?\bb(\d{4,9})\b", text, re.MULTILINE)
    )
    return int(found[1]) or None if found else None


def reference(text: str) -> int:
    """The checked build whose rules `--build` asks for: the last one whose options the named one has.

    >>> reference("b11434"), reference("11479"), reference("11480"), reference("b12191"), reference("b9000")
    (11434, 11434, 11549, 11549, 11434)

    Raises:
        UsageError: it is no build number.
    """
    number = re.fullmatch(r"b?(\d{1,9})", text)
    if number is None:
        raise UsageError(
            f"--build {text}: no build number and no file", f"write b{CHECKED[-1]}, or a page of --help"
        )
    return max((build for build in CHECKED if _SINCE.get(build, build) <= int(number[1])), default=CHECKED[0])


def is_newer(table: OptionTable) -> bool:
    """Whether the program is of a build after the checked ones, or, where that is not known, has an option that none of them has."""
    if table.build is not None:
        return table.build > CHECKED[-1]
    return any(not is_option_known(option, table.program) for option in table.options)


def is_option_known(option: Option, program: str) -> bool:
    """Whether a checked build, or one before them, has an option of one of these spellings."""
    words = (*option.spellings, *option.negations)
    tables = (*(builtin(program, build) for build in reversed(CHECKED)), LEGACY)
    return any(table.lookup(word) for table in tables for word in words)


def looks_new(word: str, table: OptionTable) -> bool:
    """Whether a word that no table knows may be an option of a newer build: no program is at hand to ask, and no known option is nearly the same."""
    if table.asked or not _LONG.fullmatch(word):
        return False
    return nearest(word, table, _TYPING_MISTAKE) is None


def nearest(word: str, table: OptionTable, likeness: float) -> str | None:
    """The spelling of the table, or of builds before it, that is most like a word, if one is that much alike."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a word that no table has needs it

    return next(
        iter(get_close_matches(word, (*table.spellings, *LEGACY.spellings), n=1, cutoff=likeness)), None
    )


def new_option(word: str, following: str | None) -> Option:
    """An option that no table knows, with the word after it as its value unless that is an option itself.

    >>> new_option("--new", "3").values, new_option("--new", "-1").values, new_option("--new", "-c").values
    (('VALUE',), ('VALUE',), ())
    """
    takes = following is not None and (not following.startswith("-") or re.match(r"-[\d.]", following))
    return Option((word,), values=("VALUE",) if takes else ())


def unknown_options(given: Iterable[Given], program: str) -> tuple[str, ...]:
    """The options that are set and that no checked build has, by name: their values may be secrets."""
    return tuple(dict.fromkeys(g.option.name for g in given if not is_option_known(g.option, program)))


def unknown_values(given: Iterable[Given], program: str) -> Iterator[Given]:
    """What sets one of an option's named values that the newest checked build has not: a KV type, a load mode, a kind of speculation."""
    table = builtin(program)
    for g in given:
        known = _named_values(table.get(g.option.name))
        listed = _named_values(g.option)
        if known and listed != known:
            set_to = set(g.value.split(","))
            if set_to.intersection(listed or set_to) - set(known):
                yield g


def _named_values(option: Option | None) -> tuple[str, ...]:
    """The words that an option's value may be: its choices, or the list that stands for its value's name (--spec-type)."""
    if option is None:
        return ()
    listed = tuple(word for name in option.values for word in name.split(","))
    return option.choices or (listed if "none" in listed else ())
