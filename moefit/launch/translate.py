"""A line in the words of the build at hand: what it does not know is said otherwise, or left out.

source: common/arg.cpp of b11434 and of earlier releases, for what says the same in each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from moefit.launch.command import Argument, Command, read_arguments
from moefit.launch.given import Given
from moefit.launch.legacy import BARE
from moefit.launch.lookup import Values
from moefit.launch.options import OptionTable, known_name, known_words, spelled
from moefit.launch.readers import DRAFT_OVERRIDES, OVERRIDES, load_mode, overrides
from moefit.values import dataclass

OLD_LOAD_MODES: Final[Mapping[str, tuple[str, ...]]] = {
    "none": ("--no-mmap",),
    "mmap": (),
    "mlock": ("--no-mmap", "--mlock"),
    "mmap+mlock": ("--mlock",),
    "dio": ("--direct-io",),
}
"""What builds before --load-mode call each mode; mapping was their default."""
LEFT_OPEN: Final = "it leaves open what the plan settles"
_LOAD_OPTIONS: Final = frozenset({"-lm", "--mmap", "--mlock", "--direct-io"})
_FITTING: Final = frozenset({"-fitt", "-fitc"})
_RENAMED: Final = (
    ("--spec-draft-n-max", "--draft-max", "--draft-n", "--draft"),
    ("--spec-draft-n-min", "--draft-min", "--draft-n-min"),
    ("--spec-draft-p-split", "--p-split"),
)
"""Spellings of one meaning, today's first."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """An argument that the build does not know."""

    argument: Argument
    program: str
    """What does not know it: this build of llama-server, or llama.cpp b11549 where none is at hand."""
    instead: tuple[Argument, ...] = ()
    """What says the same in this build: these stand after the user's own words."""
    is_default: bool = False
    """The build has no word for it because it always does so."""
    reason: str | None = None
    """Why it goes although the build knows it."""

    @property
    def _is_bare(self) -> bool:
        return self.argument.option.arity > len(self.argument.words) - 1

    @property
    def spelling(self) -> str:
        """As the user wrote it."""
        return self.argument.spelling

    @property
    def shown(self) -> str:
        """The user's words, without secrets."""
        return self.argument.shown

    @property
    def why(self) -> str:
        """Why it is left out, and what replaces it."""
        if self.reason is not None:
            return self.reason
        why = f"{self.program} {'wants a value for' if self._is_bare else 'does not know'} it"
        if self.is_default:
            return f"{why}, and always does so"
        words = " ".join(a.shown for a in self.instead)
        return f"{why}; {words} says the same" if words else why


@dataclass(frozen=True, slots=True)
class Translation:
    """What the build will get of a line."""

    kept: tuple[Argument, ...]
    """The user's own, in their order."""
    dropped: tuple[Dropped, ...]

    @property
    def instead(self) -> Mapping[Argument, Dropped]:
        """Each argument that stands in for a dropped one, once."""
        return {argument: dropped for dropped in self.dropped for argument in dropped.instead}

    @property
    def given(self) -> Iterator[Given]:
        """What the line sets; what stands in for something else names that as its source."""
        yield from (_given(a, a.shown) for a in self.kept)
        yield from (_given(a, dropped.shown) for a, dropped in self.instead.items())
        yield from (_given(d.argument, d.shown) for d in self.dropped if d.is_default)


def translate(command: Command) -> Translation:
    """The line as this build will read it.

    Raises:
        UsageError: an override that cannot be read.
    """
    kept = tuple(a for a in command.arguments if a.known)
    unknown = (*command.old, *(a for a in command.arguments if not a.known))
    mode = load_mode(Values([_given(a, a.shown) for a in unknown]))
    dropped = (_dropped(a, kept, mode, command.table) for a in unknown)
    return Translation(kept, tuple(dropped))


def without_fit(command: Command, line: Translation) -> Translation:
    """A llama-bench line without -fitt and -fitc: with them it would place the model by itself, whatever else the line says.

    source: tools/llama-bench/llama-bench.cpp, main, which fits where a margin or a context for it is given
    """
    if command.name != "llama-bench":
        return line
    fitting = tuple(a for a in line.kept if _FITTING.intersection(known_words(a.option)))
    why = "with it llama-bench would place the model anew"
    gone = (Dropped(a, command.table.called, reason=why) for a in fitting)
    return Translation(tuple(a for a in line.kept if a not in fitting), (*line.dropped, *gone))


def without_open(command: Command, line: Translation, spellings: frozenset[str]) -> Translation:
    """A line without the options that the user set and yet left open, where the plan says them."""
    gone = tuple(a for a in line.kept if not spellings.isdisjoint(known_words(a.option)))
    dropped = (Dropped(a, command.table.called, reason=LEFT_OPEN) for a in gone)
    return Translation(tuple(a for a in line.kept if a not in gone), (*line.dropped, *dropped))


def _given(argument: Argument, source: str) -> Given:
    return Given(argument.option, argument.value, argument.positive, source)


def _dropped(argument: Argument, kept: Sequence[Argument], mode: str | None, table: OptionTable) -> Dropped:
    if mode and _LOAD_OPTIONS.intersection(known_words(argument.option)):
        words = load_words(mode, table)
        always = mode == "mmap" and not words and "--no-mmap" in table
        return Dropped(argument, table.called, _unsaid(words, kept, table), is_default=always)
    words = (
        _other_spelling(argument, table)
        or tuple(_renamed(argument, table))
        or tuple(_override(argument, kept, table))
        or _as_today(argument, table)
    )
    found = table.lookup(argument.spelling)
    refused = found[0].removed if found and not words else None
    why = f"{table.called} refuses it: {refused}" if refused else None
    return Dropped(argument, table.called, _unsaid(words, kept, table), reason=why)


def _as_today(argument: Argument, table: OptionTable) -> tuple[str, ...]:
    """A bare flag that wants a value today, and what an old variable said, in today's words."""
    if known_name(argument.option) in BARE and len(argument.words) <= argument.option.arity:
        return (argument.spelling, BARE[known_name(argument.option)])
    said = argument.variable is not None and table.lookup(argument.spelling) is not None
    return argument.words if said else ()


def _other_spelling(argument: Argument, table: OptionTable) -> tuple[str, ...]:
    """The same in another of the option's spellings, where the build has renamed the one that the user wrote."""
    option = argument.option
    if len(argument.words) <= option.arity:
        return ()
    for word in (argument.spelling, *(option.spellings if argument.positive else option.negations)):
        known = table.lookup(word)
        if known is not None and not known[0].removed and known[0].arity == option.arity:
            return (word, *argument.words[1:])
    return ()


def load_words(mode: str, table: OptionTable) -> tuple[str, ...]:
    """What says a load mode in this build's language; nothing where it cannot say it."""
    if option := table.get("-lm"):
        return (spelled(option, "-lm"), mode) if not option.choices or mode in option.choices else ()
    words = OLD_LOAD_MODES.get(mode, ()) or (("--mmap",) if mode == "mmap" else ())
    return tuple(word for word in words if word in table)


def _renamed(argument: Argument, table: OptionTable) -> Iterator[str]:
    for names in _RENAMED:
        if set(names).intersection(known_words(argument.option)):
            known = next((name for name in names if name in table), None)
            yield from (known, argument.value) if known else ()


def _override(argument: Argument, kept: Sequence[Argument], table: OptionTable) -> Iterator[str]:
    """-cmoe, -ncmoe and -ncffn as the patterns that they are short for; the spelling of -ot that is still free."""
    for spellings in (OVERRIDES, DRAFT_OVERRIDES):
        target = table.get(spellings[0])
        if target is None or not set(spellings[1:]).intersection(known_words(argument.option)):
            continue
        rules = overrides(Values([_given(argument, argument.shown)]), spellings, table.program)
        taken = any(a.spelling == spellings[0] for a in kept)
        for rule in rules:
            yield from (
                target.name if taken else spelled(target, spellings[0]),
                f"{rule.pattern}={rule.buffer}",
            )


def _unsaid(words: Sequence[str], kept: Sequence[Argument], table: OptionTable) -> tuple[Argument, ...]:
    """The arguments that `words` are, less those of which the user's own words decide; overrides append."""
    appending = {OVERRIDES[0], DRAFT_OVERRIDES[0]}
    said = {(a.option, a.positive) for a in kept if not appending.intersection(known_words(a.option))}
    return tuple(a for a in read_arguments(words, table) if (a.option, a.positive) not in said)
