"""Finds llama.cpp's program in a line: behind wrappers, inside a container, or as a word of the program `llama`.

source: app/llama.cpp, cmds (the words that `llama` takes, and what each stands for).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from moefit.errors import UsageError
from moefit.launch.containers import ENGINES, Container, read_engine, tool
from moefit.launch.legacy import LEGACY
from moefit.launch.option_data import PROGRAMS
from moefit.launch.options import builtin, is_builtin
from moefit.launch.wrapper_table import WRAPPERS
from moefit.launch.wrappers import bare_name, wrapped_at
from moefit.shown import word_shown
from moefit.values import dataclass

SUBCOMMANDS: Final = {
    **dict.fromkeys(("serve", "server"), "llama-server"),
    **dict.fromkeys(("cli", "client"), "llama-cli"),
    **dict.fromkeys(("completion", "complete"), "llama-completion"),
    "bench": "llama-bench",
    "batched-bench": "llama-batched-bench",
    "fit-params": "llama-fit-params",
    "quantize": "llama-quantize",
    "perplexity": "llama-perplexity",
    **dict.fromkeys(("download", "get"), "llama-download"),
    **dict.fromkeys(
        ("version", "--version", "licenses", "--licenses", "credits", "help", "--help", "update"), "llama"
    ),
}
"""What the word after `llama` stands for; `llama` itself where it only says something."""
OLD_NAMES: Final = {"server": "llama-server", "main": "llama-cli"}
"""What the programs were called until June 2024."""
_PROGRAM: Final = re.compile(r"llama-[a-z][a-z0-9-]*")
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*=")
_ENTIRE: Final = 1 << 20
"""More than the options of any line."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A command cut where its program stands."""

    wrapper: tuple[str, ...]
    program: str
    """As written, perhaps a path; what the image starts where a container's line does not name it."""
    rest: tuple[str, ...]
    words: tuple[str, ...] = ()
    """The program's own words on the line: two for `llama serve`, none where an image starts it."""
    container: Container | None = None

    @property
    def name(self) -> str:
        """The program's name: llama-server, also for llama-server-cuda, llama-server.exe and llama serve."""
        return program_name(self.program, *self.words[1:2])


def program_name(word: str, subcommand: str = "") -> str:
    """The kind of program that a word, perhaps a path, names.

    >>> program_name("/opt/llama-server-cuda"), program_name("llama", "serve"), program_name("./server")
    ('llama-server', 'llama-server', 'llama-server')
    """
    name = bare_name(word)
    if name == "llama":
        return SUBCOMMANDS.get(subcommand, name)
    return OLD_NAMES.get(name) or next((p for p in PROGRAMS if name.startswith(f"{p}-")), name)


def starts_command(word: str) -> bool:
    """Whether a word is the first of a command: a program of llama.cpp, a wrapper, a container's engine, a variable."""
    name = bare_name(word)
    known = name == "llama" or name in WRAPPERS or name in ENGINES or is_builtin(program_name(word))
    return known or _ASSIGNMENT.match(word) is not None


def split(argv: Sequence[str]) -> Parts:
    """Find the program: of several words that could be it, the one whose rest reads as options; options alone mean llama-server.

    Raises:
        UsageError: no word names a program of llama.cpp, or something stands before it that moefit cannot see through.
    """
    if not argv or argv[0].startswith("-"):
        return Parts((), "llama-server", tuple(argv), ("llama-server",))
    if _ASSIGNMENT.match(argv[0]):
        shown = word_shown(argv[0])
        raise UsageError(f"{shown} is no program but a variable", f"write env {shown} ...")
    at = wrapped_at(argv)
    _refuse_blind(argv[:at])
    if at < len(argv) and bare_name(argv[at]) in ENGINES:
        return _contained(argv, at)
    found = _find(argv)
    if found is None:
        raise UsageError(
            f"no llama.cpp program in the command: {word_shown(argv[0])} ...", _missing_hint(argv)
        )
    start, end = found
    return Parts(tuple(argv[:start]), argv[start], tuple(argv[end:]), tuple(argv[start:end]))


def _refuse_blind(words: Sequence[str]) -> None:
    for word in words:
        name = bare_name(word)
        how = WRAPPERS.get(name)
        if how and how.why_not:
            raise UsageError(f"{name} {how.why_not}", (how.instead or "").format(name=name) or None)


def _contained(argv: Sequence[str], engine: int) -> Parts:
    """What a container runs: the program after the image, or the one that the image starts by itself."""
    found = read_engine(argv, engine)
    end = engine + found.size
    head, rest = tuple(argv[:end]), tuple(argv[end:])
    if rest and not rest[0].startswith("-") and not found.is_stated:
        inner = split(rest)
        return Parts((*head, *inner.wrapper), inner.program, inner.rest, inner.words, found.container)
    if found.entry is None and rest and (asked := tool(rest[0])):
        return Parts((*head, rest[0]), asked, rest[1:], (), found.container)
    entry = found.entry or ""
    if bare_name(entry) == "llama" and rest and rest[0] in SUBCOMMANDS:
        return Parts(head, SUBCOMMANDS[rest[0]], rest[1:], (), found.container)
    name = program_name(entry)
    if not is_builtin(name):
        raise UsageError(
            f"moefit cannot see which program of llama.cpp this container starts: {word_shown(entry or argv[end - 1])}",
            "write the program after the image, or --entrypoint llama-server before it",
        )
    return Parts(head, entry, rest, (), found.container)


def _find(argv: Sequence[str]) -> tuple[int, int] | None:
    """Where the program's words begin and end."""
    found = list(_candidates(argv)) or list(_old_candidates(argv))
    if len(found) < 2:
        return found[0] if found else None
    return max(found, key=lambda at: _reading(argv[at[1] :], program_name(*argv[at[0] : at[1]])))


def _candidates(argv: Sequence[str]) -> Iterator[tuple[int, int]]:
    for i, word in enumerate(argv):
        name = bare_name(word)
        if _PROGRAM.fullmatch(name):
            yield i, i + 1
        elif name == "llama" and i + 1 < len(argv) and argv[i + 1] in SUBCOMMANDS:
            yield i, i + 2


def _old_candidates(argv: Sequence[str]) -> Iterator[tuple[int, int]]:
    return ((i, i + 1) for i, word in enumerate(argv) if bare_name(word) in OLD_NAMES)


def _reading(words: Sequence[str], name: str) -> tuple[int, bool]:
    """How many options the words read as, the whole of them counting most; and whether it is a program moefit knows."""
    table = builtin(name)
    at = count = 0
    while at < len(words):
        found = table.lookup(words[at]) or LEGACY.lookup(words[at])
        if found is None:
            return count, is_builtin(name)
        at += 1 + found[0].arity
        count += 1
    return _ENTIRE, is_builtin(name)


def _missing_hint(argv: Sequence[str]) -> str:
    if bare_name(argv[0]) == "llama":
        return "llama takes a word that says what to do: llama serve -m model.gguf"
    if any("llama" in word and re.search(r"\s", word) for word in argv):
        return "the program stands inside one word: write its words apart, without quotes around them"
    if bare_name(argv[0]) in WRAPPERS:
        return "write the llama-server command alone after --, with the host's path of the model"
    return "write llama-server (or a path that ends in it) before its options, or begin with an option"
