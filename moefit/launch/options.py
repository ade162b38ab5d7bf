"""The options of llama.cpp's programs: spellings, arity, variables; built in for the builds of option_data.py, or as help_page.py reads them.

source: common/arg.cpp, common_params_parser_init; tools/llama-bench/llama-bench.cpp, print_usage, for llama-bench, which has a parser of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from moefit.launch import option_data
from moefit.shown import SECRET_OPTIONS
from moefit.values import dataclass

TRUTHY = ("on", "enabled", "true", "1")
FALSY = ("off", "disabled", "false", "0")
AUTO = ("auto", "-1")
"""source: common/arg.cpp, is_truthy, is_falsey, is_autoy."""

_NUMBERS = frozenset({"N", "PORT", "INDEX", "SECONDS", "SIMILARITY", "P", "L"})
"""Value names that common/arg.cpp reads with stoi or stof; llama-bench's <n> is a list or a range, and not among them."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option of one program."""

    spellings: tuple[str, ...]
    """What turns it on or sets it: -c, --ctx-size."""
    negations: tuple[str, ...] = ()
    """What turns it off: -nkvo, --no-kv-offload."""
    values: tuple[str, ...] = ()
    """The names of its values in --help: N, FNAME; as many as it takes."""
    choices: tuple[str, ...] = ()
    """The words its value may be; empty when anything goes."""
    env: str | None = None
    """The variable that sets it."""
    removed: str | None = None
    """Set when the program knows it only to refuse it: what to use instead."""

    @property
    def arity(self) -> int:
        """How many words follow it."""
        return len(self.values)

    @property
    def name(self) -> str:
        """The spelling llama.cpp itself writes: the last one."""
        return self.spellings[-1]

    @property
    def is_pair(self) -> bool:
        """On and off have spellings of their own."""
        return bool(self.negations)

    @property
    def is_number(self) -> bool:
        """Its value is read as a number."""
        return self.arity == 1 and self.values[0] in _NUMBERS

    @property
    def is_secret(self) -> bool:
        """Its value must appear nowhere but on the line itself."""
        return not SECRET_OPTIONS.isdisjoint(self.spellings)

    @property
    def number_words(self) -> tuple[str, ...]:
        """Words that stand in for the number: auto and all of -ngl."""
        return ("auto", "all") if {"-ngl", "-ngld"}.intersection(self.spellings) else ()


class OptionTable:
    """The options of one program, in the order of its --help."""

    def __init__(
        self, program: str, options: Iterable[Option], build: int | None = None, *, asked: bool = False
    ) -> None:
        self.program = program
        self.build = build
        """Number of the build that they are of; None where that is not known."""
        self.asked = asked
        """The program at hand listed them: it has no others."""
        self.options = tuple(options)
        self._by_spelling: dict[str, tuple[Option, bool]] = {}
        for option in self.options:
            for spelling in option.spellings:
                self._learn(spelling, option, positive=True)
            for spelling in option.negations:
                self._learn(spelling, option, positive=False)

    def _learn(self, spelling: str, option: Option, *, positive: bool) -> None:
        """Of an option that is listed twice, as forks do, the first with a value counts, else the last."""
        listed = self._by_spelling.get(spelling)
        if listed is None or not listed[0].arity:
            self._by_spelling[spelling] = (option, positive)

    @property
    def called(self) -> str:
        """What a message calls the program: this build, or the reference where no program was asked."""
        return (
            f"this build of {self.program}"
            if self.asked or self.build is None
            else f"llama.cpp b{self.build}"
        )

    def lookup(self, word: str) -> tuple[Option, bool] | None:
        """The option that `word` spells and whether it turns it on; `--a_b` is `--a-b`. None when there is none."""
        return self._by_spelling.get(normal(word))

    def get(self, spelling: str) -> Option | None:
        """The option that a spelling without underscores names, also where a program at hand has only others of it; none that it only refuses."""
        found = self._taken(spelling)
        if found is None and self.asked and (known := builtin("llama-server").get(spelling)):
            found = next(filter(None, map(self._taken, known.spellings)), None)
        return found

    def _taken(self, spelling: str) -> Option | None:
        found = self._by_spelling.get(spelling)
        return found[0] if found and not found[0].removed else None

    def __contains__(self, spelling: str) -> bool:
        return self.get(spelling) is not None

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every spelling, negations included."""
        return tuple(self._by_spelling)

    @property
    def rows(self) -> list[list[object]]:
        """The options as plain lists, for `from_rows`."""
        return [[o.spellings, o.negations, o.values, o.choices, o.env, o.removed] for o in self.options]

    @property
    def reads_environment(self) -> bool:
        """Whether config.ini files and LLAMA_ARG_* reach the program: all that use common/arg.cpp, so not llama-bench."""
        return self.program != "llama-bench"


def normal(word: str) -> str:
    """A spelling as llama.cpp compares it: underscores of long options are dashes (common_params_parse_ex)."""
    return word.replace("_", "-") if word.startswith("--") else word


@cache
def builtin(program: str, build: int = option_data.NEWEST) -> OptionTable:
    """The table of `program` in one of the builds of option_data.py; a program without one of its own gets llama-cli's."""
    programs = option_data.BUILDS[build]
    spans = programs.get(program) or programs["llama-cli"]
    rows = (row for start, end in spans for row in option_data.OPTION_ROWS[start:end])
    return OptionTable(program, (Option(*row) for row in rows), build)


def known_name(option: Option) -> str:
    """What the newest checked build calls an option, by whichever of its spellings that has: others come and go, and its own name with them."""
    return _known(option).name


@cache
def known_words(option: Option) -> frozenset[str]:
    """Its spellings and negations, and those that it has in the newest checked build."""
    known = _known(option)
    return frozenset((*option.spellings, *option.negations, *known.spellings, *known.negations))


def _known(option: Option) -> Option:
    table = builtin("llama-server")
    return next((known for word in option.spellings if (known := table.get(word))), option)


def spelled(option: Option, spelling: str) -> str:
    """The spelling, if the option still has it, else the first that says the same."""
    negates = spelling in {*option.negations, *_known(option).negations}
    words = option.negations if negates and option.negations else option.spellings
    return spelling if spelling in words else words[0]


def from_rows(program: str, rows: Iterable[Sequence[Any]], build: int | None = None) -> OptionTable:
    """A table from what `rows` gave, perhaps by way of JSON."""
    options = ((*map(tuple, lists), env, removed) for *lists, env, removed in rows)
    return OptionTable(program, (Option(*fields) for fields in options), build, asked=True)


def is_builtin(program: str) -> bool:
    """Whether moefit knows the program's options without asking it."""
    return program in option_data.PROGRAMS
