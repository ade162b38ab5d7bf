"""Programs that start another one (numactl, env, sudo ...): where their own words end, and what the other sees of the environment."""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping, Sequence
from typing import Final

from moefit.launch.wrapper_table import WRAPPERS, Wrapper
from moefit.values import dataclass

_ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*=", re.ASCII)
_SHELL: Final = frozenset({"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "MOEFIT_LLAMA"})
"""What a program with an environment of its own has, too: moefit goes on looking where it did."""
_FOLDER: Final = "WorkingDirectory="
"""Of systemd-run's properties."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One wrapper of a line, with its own words."""

    name: str
    options: tuple[tuple[str, str], ...] = ()
    """Each option with its value, which may be empty."""
    assignments: tuple[tuple[str, str], ...] = ()

    @property
    def how(self) -> Wrapper:
        """How it reads its words."""
        return WRAPPERS.get(self.name, _PLAIN)

    def has(self, spellings: Sequence[str]) -> bool:
        """Whether one of these options is among its words."""
        return any(option in spellings or _clustered(option, spellings) for option, _ in self.options)

    def apply(self, seen: MutableMapping[str, str]) -> None:
        """Change an environment as this wrapper does for what it starts."""
        kept = self._kept()
        if kept is not None:
            for name in [name for name in seen if name not in kept]:
                del seen[name]
        for option, value in self.options:
            if self.name == "env" and option in {"-u", "--unset"}:
                seen.pop(value, None)
            elif option in self.how.sets and "=" in value:
                name, _, text = value.partition("=")
                seen[name] = text
        seen.update(self.assignments)

    @property
    def folder(self) -> str | None:
        """The folder in which it starts the other program: empty where that is this one, None where the line does not say."""
        named = [value for option, value in self.options if option in self.how.folders]
        named += [value[len(_FOLDER) :] for _, value in self.options if value.startswith(_FOLDER)]
        if named:
            folder = named[-1].removeprefix("-")
            return None if folder.startswith("~") else folder
        left = self.has(self.how.leaves) or bool(self.how.stays and not self.has(self.how.stays))
        return None if left else ""

    def _kept(self) -> frozenset[str] | None:
        """The names that go on to what it starts; None for all."""
        if self.has(self.how.drops):
            return _SHELL
        if self.how.passes:
            return None
        if any(_clustered(option, self.how.keeps) for option, _ in self.options):
            return None
        values = [value for option, value in self.options if option in self.how.keeps]
        return None if "" in values else _SHELL.union(*(value.split(",") for value in values))


_PLAIN: Final = Wrapper()


def _clustered(option: str, spellings: Sequence[str]) -> bool:
    """Whether one of the options is a letter of several that share a dash: -E of sudo -Eu."""
    letters = option[1:] if re.fullmatch(r"-[A-Za-z]{2,}", option) else ""
    return any(len(spelling) == 2 and spelling[1] in letters for spelling in spellings)


def stages(words: Sequence[str]) -> Iterator[Stage]:
    """The wrappers that stand before a program, in their order; words that are none are passed over."""
    at = 0
    while at < len(words):
        name = bare_name(words[at])
        at += 1
        if name in WRAPPERS:
            own = list(_own_words(words[at:], WRAPPERS[name]))
            at += sum(len(group) for group in own)
            yield Stage(name, tuple(_options(own)), tuple(_assignments(own)))


def start_folder(words: Sequence[str]) -> str | None:
    """The folder in which the wrappers start the program, from this one on; None where that cannot be told.

    >>> start_folder(["nice", "env", "-C", "/srv"]), start_folder(["sudo", "-i"]), start_folder(["nice"])
    ('/srv', None, '')
    """
    folder: str | None = ""
    for stage in stages(words):
        named = stage.folder
        if named is None or named.startswith("/"):
            folder = named
        elif named and folder is not None:
            folder = f"{folder}/{named}" if folder else named
    return folder


def wrapped_at(words: Sequence[str]) -> int:
    """Where the first word stands that is neither a known wrapper nor a word of one.

    >>> wrapped_at("nice -n 5 taskset -c 0-7 docker run".split())
    6
    """
    at = 0
    while at < len(words) and bare_name(words[at]) in WRAPPERS:
        how = WRAPPERS[bare_name(words[at])]
        at += 1 + sum(len(group) for group in _own_words(words[at + 1 :], how))
    return at


def _own_words(words: Sequence[str], how: Wrapper) -> Iterator[tuple[str, ...]]:
    """The words of a wrapper, an option together with its value."""
    at, operands = 0, how.operands
    while at < len(words):
        word, size = words[at], 1
        if word.startswith("-"):
            taking = how.values + how.sets
            last = f"-{word[-1]}" if re.fullmatch(r"-[A-Za-z]{2,}", word) else word
            size = 2 if word in taking or last in taking else 1
        elif not (how.assigns and _ASSIGNMENT.match(word)):
            if not operands or bare_name(word) in WRAPPERS:
                return
            operands -= 1
        yield tuple(words[at : at + size])
        at += size
        if word == "--":
            return


def _options(groups: Sequence[tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    for group in groups:
        if group[0].startswith("-"):
            name, _, value = group[0].partition("=") if group[0].startswith("--") else (group[0], "", "")
            yield name, group[1] if len(group) > 1 else value


def _assignments(groups: Sequence[tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    for group in groups:
        if _ASSIGNMENT.match(group[0]):
            name, _, value = group[0].partition("=")
            yield name, value


def bare_name(word: str) -> str:
    """The last part of a path, without .exe."""
    return re.split(r"[/\\]", word)[-1].removesuffix(".exe")
