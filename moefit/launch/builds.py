"""Builds of llama.cpp: those for which moefit's rules were checked, and what another one has that no table knows.

Which builds those are is data: the tables of option_data.py, made from their programs, against which the recorded answers
were replayed (docs/llama-cpp-builds.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Final

from moefit.errors import UsageError
from moefit.launch.given import Given
from moefit.launch.legacy import LEGACY
from moefit.launch.option_data import BUILDS
from moefit.launch.options import Option, OptionTable, builtin, normal

CHECKED: Final = tuple(sorted(BUILDS))
"""Build numbers, the oldest first: the rules hold from the first to the last."""
RANGE: Final = f"b{CHECKED[0]} to b{CHECKED[-1]}"
"""The same in words."""
_SINCE: Final = {11549: 11480}
"""A checked build -> the one from which on programs have its options: b11480 brought --moe-cache-mib; beside it b11549 has one variable more, LLAMA_ARG_SLOT_SAVE_PATH."""
_DIGITS: Final = r"(?!20\d\d[01]\d[0-3]\d\b)(\d{1,9})\b(?![.,]\d|[-/]\d\d?[-/]\d)"
"""A number that is neither part of a version nor a date."""
_NUMBERS: Final = (
    rf"\bbuild\b[:=# ]{{1,3}}{_DIGITS}",
    rf"^[Vv]ersion: ?v?{_DIGITS}",
    rf"(?:^|[\s(-])b(?=\d{{4}}){_DIGITS}",
    rf"^(?:[Vv]ersion: )?\d+\.[\w.-]+ \((?=\d{{4}}){_DIGITS}",
)
"""Where what `--version` prints has the number, the surest first."""
_LONG = re.compile(r"--[a-z][a-z0-9]*(?:-[a-z0-9]+(?:\.[a-z0-9]+)*)*")


def read_version(text: str) -> int | None:
    """The build number in what `--version` says; None where a program does not know its own.

    >>> read_version("version: 0.6.0-dev (build 11549, commit abc)"), read_version("version: 6123 (0d1e2f3)")
    (11549, 6123)
    >>> read_version("version: 0.6.0-dev (build 0, commit unknown)"), read_version("ggml_cuda_init: found 1 device")
    (None, None)
    >>> read_version("b12191"), read_version("version: 1.0.0 (b12600-0d1e2f3)"), read_version("1.0.0")
    (12191, 12600, None)
    >>> read_version("llama-server 1.0.3 (build #12700)"), read_version("version: 6.1.0 (12700)"), read_version("Version:v12700")
    (12700, 12700, 12700)
    >>> [read_version(f"version: 1.0.0 ({date})") for date in ("2026-11-13", "2026.11.13", "20261113", "13001-3-gabc")]
    [None, None, None, 13001]
    """
    found = next(filter(None, (re.search(pattern, text, re.MULTILINE) for pattern in _NUMBERS)), None)
    return int(found[1]) or None if found else None


def reference(text: str) -> int:
    """The checked build whose rules `--build` asks for: the last one whose options the named one has.

    >>> reference("b11434"), reference("11479"), reference("11480"), reference("b12191"), reference("b9000")
    (11434, 11434, 11549, 11549, 11434)

    Raises:
        UsageError: it is no build number.
    """
    asked = _number(text)
    return max((build for build in CHECKED if _SINCE.get(build, build) <= asked), default=CHECKED[0])


def is_checked(text: str) -> bool:
    """Whether the build that `--build` names is one for which the rules hold.

    >>> [is_checked(text) for text in ("b11433", "b11434", "11500", "b11549", "b11550")]
    [False, True, True, True, False]
    """
    return CHECKED[0] <= _number(text) <= CHECKED[-1]


def _number(text: str) -> int:
    number = re.fullmatch(r"b?(\d{1,9})", text)
    if number is None:
        raise UsageError(
            f"--build {text}: no build number and no file", f"write b{CHECKED[-1]}, or a page of --help"
        )
    return int(number[1])


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
    """Whether a word that no table knows may be an option of a newer build: no program is at hand to ask, and it is no slip of a known one."""
    if table.asked or not _LONG.fullmatch(normal(word)):
        return False
    return not any(_is_slip(normal(word), known) for known in (*table.spellings, *LEGACY.spellings))


def _is_slip(word: str, known: str) -> bool:
    """Whether each part of a spelling is at most one letter from that of a known one, or only dashes differ.

    >>> [_is_slip(word, "--n-gpu-layers") for word in ("--n-gpu-layer", "--n-gup-laeyrs", "--ngpu-layers", "--nn-gpu-layers")]
    [True, True, True, True]
    >>> [_is_slip(*pair) for pair in (("--top-k", "--top-p"), ("--qwen-7b", "--qwen-3b"), ("--rope-scale", "--rope-scaling"))]
    [False, False, False]
    >>> _is_slip("--ngl", "-ngl")
    True
    """
    if not known.startswith("--"):
        return word[2:] == known[1:]
    parts, others = word[2:].split("-"), known[2:].split("-")
    one_edit = len(parts) == len(others) and all(map(_is_near, parts, others))
    return one_edit or "".join(parts) == "".join(others)


def _is_near(part: str, other: str) -> bool:
    """The same, or one letter more, less or other, or two of them swapped; of single letters (top-k, top-p) and numbers each is its own."""
    if part == other or re.sub(r"\d", "", part) == re.sub(r"\d", "", other):
        return part == other
    short, long = sorted((part, other), key=len)
    at = next((i for i, letter in enumerate(short) if letter != long[i]), len(short))
    swapped = short[:at] + short[at : at + 2][::-1] + short[at + 2 :]
    if len(short) == len(long):
        return len(long) > 1 and (swapped == long or short[at + 1 :] == long[at + 1 :])
    return short[at:] == long[at + 1 :]


def nearest(word: str, table: OptionTable, likeness: float) -> str | None:
    """The spelling of the table, or of builds before it, that is most like a word, if one is that much alike."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a word that no table has needs it

    return next(
        iter(get_close_matches(word, (*table.spellings, *LEGACY.spellings), n=1, cutoff=likeness)), None
    )


def new_option(word: str, following: Sequence[str]) -> Option:
    """An option that no table knows, with the words after it as its values, as far as they are no options themselves.

    >>> new_option("--new", ["3", "-c"]).arity, new_option("--new", ["-1", "b"]).arity, new_option("--new", ["-c"]).arity
    (1, 2, 0)
    """
    is_value = (re.match(r"[^-]|-[\d.]|$", value) for value in following)
    values = tuple(takewhile(bool, is_value))
    return Option((word,), values=("VALUE",) * len(values))


def unknown_options(given: Iterable[Given], program: str) -> tuple[str, ...]:
    """The options that are set and that no checked build has, by name: their values may be secrets."""
    return tuple(dict.fromkeys(g.option.name for g in given if not is_option_known(g.option, program)))
