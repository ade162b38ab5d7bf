"""A llama.cpp command as its user wrote it: a wrapper, the program, and arguments, word for word and in order.

source: common/arg.cpp, common_params_parse_ex (how llama.cpp itself reads a line).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NoReturn

from moefit.errors import UsageError
from moefit.launch.builds import is_option_known, looks_new, nearest, new_option
from moefit.launch.containers import Container
from moefit.launch.enumerated import refuse_value, taken_values
from moefit.launch.hints import is_macro, number_hint, positional_hint
from moefit.launch.legacy import BARE, LEGACY, LEGACY_BENCH
from moefit.launch.options import Option, OptionTable, builtin, is_builtin, known_name, known_words, normal
from moefit.launch.programs import split
from moefit.shown import masked, word_shown
from moefit.values import dataclass

_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class Argument:
    """One option of the line, with its values."""

    option: Option
    words: tuple[str, ...]
    """As the user wrote them: the spelling and the values."""
    positive: bool = True
    """False for --no-kv-offload and the like."""
    known: bool = True
    """False when this program's build no longer (or does not yet) have it, or not in this form."""
    variable: str | None = None
    """NAME=VALUE, where a variable of an older build says it and not the line."""

    @property
    def spelling(self) -> str:
        """The first word, as written."""
        return self.words[0]

    @property
    def shown(self) -> str:
        """The words as an error, a note or an explanation may show them."""
        if self.variable is not None:
            return self.variable
        return f"{self.spelling} ***" if self.option.is_secret else " ".join(map(word_shown, self.words))

    @property
    def shown_value(self) -> str:
        """The value as an explanation may show it."""
        return "***" if self.option.is_secret else masked(self.value)

    @property
    def value(self) -> str:
        """The last value, or the empty string of a flag."""
        return self.words[-1] if len(self.words) > 1 else ""


@dataclass(frozen=True, slots=True)
class Command:
    """A whole command."""

    wrapper: tuple[str, ...]
    """What stands before the program: numactl, env X=1, taskset ..., docker run with its image."""
    program: str
    """The program as written, perhaps a path; what the image starts where a container's line does not name it."""
    arguments: tuple[Argument, ...]
    table: OptionTable
    """The options of this program, of the binary at hand or as built in."""
    words: tuple[str, ...] = ()
    """The program's own words on the line: two for `llama serve`, none where an image starts it."""
    container: Container | None = None
    """What the program sees of the host, where it runs in a container."""
    old: tuple[Argument, ...] = ()
    """What variables of older builds say: none of the line's words."""

    @property
    def name(self) -> str:
        """The program's base name."""
        return self.table.program

    @property
    def subcommand(self) -> tuple[str, ...]:
        """`serve` of `llama serve`."""
        return self.words[1:]

    @property
    def head(self) -> tuple[str, ...]:
        """Every word before the arguments."""
        return (*self.wrapper, *self.words)

    @property
    def argv(self) -> tuple[str, ...]:
        """Every word."""
        return (*self.head, *(word for a in self.arguments for word in a.words))

    def given(self, spelling: str) -> Iterator[Argument]:
        """The arguments that spell the option named by `spelling`, in order."""
        return (a for a in self.arguments if spelling in known_words(a.option))


def parse(argv: Sequence[str], table: OptionTable | None = None) -> Command:
    """Read a command with the options of `table`, or with the built-in ones of the program it names.

    An option that `table` lacks but another build has is kept and marked unknown.

    Raises:
        UsageError: no program, an unknown option, `--option=value`, a missing value or one of the wrong kind.
    """
    parts = split(argv)
    if parts.name == "llama":
        raise UsageError(f"{' '.join(parts.words)} starts no model", "moefit run -- starts it as it is")
    if table is None:
        table = builtin(parts.name)
        if not is_builtin(parts.name):
            known = builtin("llama-server")
            raise UsageError(
                f"moefit does not know the options of {parts.name}", f"it plans for {known.program}"
            )
    arguments = read_arguments(parts.rest, table)
    return Command(parts.wrapper, parts.program, arguments, table, parts.words, parts.container)


def read_arguments(words: Sequence[str], table: OptionTable) -> tuple[Argument, ...]:
    """The options that words are, in their order.

    Raises:
        UsageError: as `parse`.
    """
    return tuple(_arguments(words, table))


def with_model(command: Command, words: Sequence[str]) -> Command:
    """The command with the words that name its model (`-m path`, `-hf repository`) right after the program.

    Raises:
        UsageError: the command names a model itself.
    """
    for spelling in ("-m", "-hf", "-mu", "-dr"):
        for argument in command.given(spelling):
            raise UsageError(
                f"the model is given twice: {word_shown(words[1])} and {argument.shown}",
                "give it on one side of -- only",
            )
    return replace(command, arguments=(*_arguments(words, command.table), *command.arguments))


def _arguments(words: Sequence[str], table: OptionTable) -> Iterator[Argument]:
    at = 0
    previous: Argument | None = None
    while at < len(words):
        option, positive, known = _find(words[at:], table, previous)
        following = words[at + 1] if at + 1 < len(words) else None
        if _may_be_bare(option, table) and _is_bare(following, option, table):
            yield Argument(option, (words[at],), positive=True, known=known_name(option) not in BARE)
            at += 1
            continue
        end = at + 1 + option.arity
        argument = Argument(option, tuple(words[at:end]), positive, known)
        if len(argument.words) <= option.arity:
            raise UsageError(
                f"{words[at]} needs {'a value' if option.arity == 1 else f'{option.arity} values'}",
                f"write {words[at]} {' '.join(option.values)}",
            )
        _check(argument, table)
        yield argument
        previous = argument
        at = end


def _is_bare(following: str | None, option: Option, table: OptionTable) -> bool:
    """Whether such an option stands alone: the line ends there, or goes on with an option."""
    if following is None:
        return True
    return (
        following.startswith("-")
        and following not in taken_values(option)
        and bool(table.lookup(following) or LEGACY.lookup(following))
    )


def _may_be_bare(option: Option, table: OptionTable) -> bool:
    """Whether it was a flag once, or is of another build and has a value that seems to be optional: `[N]`."""
    if not option.arity or known_name(option) in BARE:
        return bool(option.arity)
    optional = all(name.startswith("[") for name in option.values)
    return optional and not is_option_known(option, table.program)


def _find(words: Sequence[str], table: OptionTable, previous: Argument | None) -> tuple[Option, bool, bool]:
    word = words[0]
    found = table.lookup(word)
    if found and not found[0].removed:
        return *found, True
    legacy = LEGACY_BENCH if table.program == "llama-bench" else LEGACY
    found = legacy.lookup(word) or builtin(table.program).lookup(word) or found
    if found is None and looks_new(word, table):
        return new_option(word, words[1:]), True, True
    return (*found, False) if found else _unknown(word, table, previous)


def _unknown(word: str, table: OptionTable, previous: Argument | None) -> NoReturn:
    name, equals, value = word.partition("=")
    if equals and name.startswith("-") and (found := table.lookup(name)):
        shown = "***" if found[0].is_secret else word_shown(value)
        raise UsageError(f"{table.program} does not take {name}=...", f"write {name} {shown}")
    if not word.startswith("-"):
        shown, hint = word_shown(word), positional_hint(word)
        if previous and previous.option.is_secret:
            shown, hint = f"the word after {previous.shown}", "quote a value that has spaces"
        elif previous and previous.option.arity and table.lookup(previous.value):
            hint = f"{previous.spelling} took {previous.value} as its value"
        raise UsageError(f"{table.program} takes no argument that is not an option: {shown}", hint)
    raise UsageError(f"{table.program} has no option {word_shown(name)}", _closest(name, table))


def _closest(word: str, table: OptionTable) -> str | None:
    near = nearest(normal(word), table, 0.6)
    return f"did you mean {near}?" if near else f"see {table.program} --help"


def _check(argument: Argument, table: OptionTable) -> None:
    """Refuse a value that llama.cpp would refuse, or read as something else than it says (`-c 32k` is 32 to stoi).

    What an option that no checked build has takes beside numbers, only the program knows.
    """
    option, value = argument.option, argument.value
    if option.is_number and value not in option.number_words and not is_macro(value):
        number = _NUMBER.match(value)
        if (not number or number.end() != len(value)) and is_option_known(option, table.program):
            words = "".join(f" or {w}" for w in option.number_words)
            raise UsageError(
                f"{argument.spelling} takes a number{words}, not {value!r}",
                number_hint(argument.spelling, argument.value, argument.option, number),
            )
    refuse_value(option, value, argument.spelling, table)
