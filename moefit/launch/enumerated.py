"""Options whose value is one of a few words: which words a program takes, and which may be of a build that is not at hand.

source: common/arg.cpp, the handlers of these options; is_truthy, is_falsey, is_autoy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from moefit.errors import UsageError
from moefit.launch.given import Given
from moefit.launch.help_page import STANDS_FOR_OTHERS
from moefit.launch.options import AUTO, FALSY, TRUTHY, Option, OptionTable, builtin, known_words

_WORD = re.compile(r"[A-Za-z][\w.+-]*")
_SWITCH: Final = frozenset({"on", "off", "auto", "0", "1"})
"""Where these are all that there is, another word is none of a newer build."""
_APPENDING: Final = frozenset({"-ot", "-otd"})
"""Options that a later time of theirs does not replace."""
_LIKENESS: Final = 0.8
"""How alike two words are from which on one is taken for the other, mistyped (difflib's ratio)."""


def named_values(option: Option | None) -> tuple[str, ...]:
    """The words that an option's value may be: its choices, or the list that stands for its value's name (--spec-type); none where anything goes."""
    if option is None:
        return ()
    listed = tuple(word for name in option.values for word in name.split(","))
    return option.choices or (listed if "none" in listed else ())


def taken_values(option: Option) -> set[str]:
    """Those, and other words that llama.cpp reads as one of them."""
    taken = set(named_values(option))
    if "on" in taken:
        taken |= {*TRUTHY, *FALSY}
    if "on" in taken and "auto" in taken:
        taken |= set(AUTO)
    if "--numa" in known_words(option):
        taken.add("")
    return taken


def refuse_value(option: Option, value: str, said: str, table: OptionTable) -> None:
    """A value that the program does not take; without a program at hand, one that no build is likely to.

    Args:
        option: with a value.
        value: of it, as it was set.
        said: what sets it, in words.
        table: the program's options.

    Raises:
        UsageError: the program would not start.
    """
    option = _with_words(option, table)
    if option.arity != 1 or not named_values(option):
        return
    unknown = [one for one in _each(option, value, table) if one not in taken_values(option)]
    if _is_listed(option, table) and any(not _may_be_new(one, option, table) for one in unknown):
        choices = ", ".join(named_values(option))
        raise UsageError(f"{said} takes one of {choices}, not {value!r}", _hint(option, value, said, table))


def unknown_values(given: Iterable[Given], program: str) -> Iterator[Given]:
    """What sets an option to a word that the newest checked build has not: a KV type, a load mode, a kind of speculation."""
    table = builtin(program)
    for g in given:
        known = _with_words(_known(g.option, table), table)
        if known.arity != 1 or not named_values(known) or not g.option.arity:
            continue
        if not taken_values(known).issuperset(_each(known, g.value, table)):
            yield g


def is_own_word(given: Given, program: str) -> bool:
    """Whether a value is a word that the page lists beside a number or a name, and that no checked build has: -c auto of `-c [N|auto]`."""
    if not _WORD.fullmatch(given.value):
        return False
    known = _known(given.option, builtin(program))
    return (
        not named_values(known)
        and not (known.arity == 0 and given.value in {*TRUTHY, *FALSY})
        and given.value not in known.number_words
        and given.value in _words_beside(given.option) - _words_beside(known)
    )


def concrete(given: Iterable[Given], program: str) -> list[Given]:
    """What is set, less what a word of its own leaves to the program: that counts as if it were not set, whatever was before it."""
    found: list[Given] = []
    for g in given:
        if not is_own_word(g, program):
            found.append(g)
        elif not _APPENDING & known_words(g.option):
            found = [f for f in found if known_words(f.option).isdisjoint(known_words(g.option))]
    return found


def _words_beside(option: Option) -> set[str]:
    """The words of `[N|auto]` that are none of a value's names."""
    lists = [name for name in option.values if "|" in name or "," in name]
    words = {word for name in lists for word in re.split(r"[\s|,<>{}\[\]]+", name)} | {*option.choices}
    return {
        w for w in words if _WORD.fullmatch(w) and not w.isupper() and not re.fullmatch(STANDS_FOR_OTHERS, w)
    }


def _is_listed(option: Option, table: OptionTable) -> bool:
    """Whether a checked build has words for it, too: of others a page of --help is no proof that there are no more."""
    tables = (builtin(table.program), builtin("llama-server"))
    return any(named_values(known.get(word)) for known in tables for word in option.spellings)


def _known(option: Option, table: OptionTable) -> Option:
    """The table's own option by one of its spellings; the option itself where it has none."""
    return next((known for word in option.spellings if (known := table.get(word))), option)


def _with_words(option: Option, table: OptionTable) -> Option:
    """The option, or llama-server's of the same name where the program lists no words for it: llama-bench's -ctk."""
    if named_values(option) or table.asked:
        return option
    return _known(option, builtin("llama-server"))


def _each(option: Option, value: str, table: OptionTable) -> Sequence[str]:
    """The words of a value: several, where it is a list."""
    known = _known(option, builtin("llama-server"))
    is_list = table.program == "llama-bench" or not known.choices
    return value.split(",") if is_list else [value]


def _may_be_new(value: str, option: Option, table: OptionTable) -> bool:
    """Whether no program is at hand to ask, and the value is a word that is not nearly one of the known ones."""
    words = named_values(option)
    return (
        not table.asked
        and bool(_WORD.fullmatch(value))
        and not _SWITCH.issuperset(words)
        and _meant(value, words) is None
    )


def _meant(value: str, words: Sequence[str]) -> str | None:
    """The word that was mistyped: nearly the same letters, or its beginning, whatever the digits are.

    >>> [_meant(word, ("f16", "q8_0", "mmap+mlock", "layer")) for word in ("fp16", "Q8-0", "q9", "mlock+mmap", "lay")]
    ['f16', 'q8_0', 'q8_0', 'mmap+mlock', 'layer']
    >>> [_meant(word, ("f16", "q8_0", "layer")) for word in ("f8_e4m3", "q6_0", "fp8", "graph")]
    [None, None, None, None]
    """
    from difflib import get_close_matches  # noqa: PLC0415 - only a word that no table has needs it

    low = value.lower().replace("-", "_")
    alike = {word.replace("-", "_"): word for word in words}
    for plain, word in alike.items():
        begins = _digits_apart(plain).startswith(_digits_apart(low))
        if sorted(plain) == sorted(low) or (begins and _digits_apart(plain) != _digits_apart(low)):
            return word
    others = [
        plain for plain in alike if _digits_apart(plain) != _digits_apart(low)
    ]  # q3_0 is not q4_0 mistyped
    near = get_close_matches(low, others, n=1, cutoff=_LIKENESS)
    return alike[near[0]] if near else None


def _digits_apart(word: str) -> str:
    return re.sub(r"\d+", "#", word)


def _hint(option: Option, value: str, said: str, table: OptionTable) -> str | None:
    if table.lookup(value):
        return f"{said} needs a value: {said} {named_values(option)[0]}"
    if value and (near := _meant(value, named_values(option))):
        return f"did you mean {near}?"
    return None if table.asked else "where it is another program's: --build FILE with a page of its --help"
