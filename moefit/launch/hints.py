"""What a word should have been that llama-server cannot read."""

from __future__ import annotations

import re

from moefit.launch.options import Option
from moefit.typographic import typographic_hint

_MACRO = re.compile(r"\$\{[^{}]+\}|\$\w+|%\w+%|\{\{.+\}\}|\{\w+\}")
"""What another program will put in: llama-swap's ${PORT}, a template's {{ port }}."""
_MACRO_WITHIN = re.compile(r"\$\{[^{}]+\}|\$\w+|%\w+%|\{\{(?:(?!\{\{).)+\}\}|\{\w+\}")
"""The same where a word may have many: from one {{ the search goes no further than to the next."""
_CONTINUATIONS = {
    "^": "^ continues a line in cmd.exe alone: write the command on one line, or end its lines in \\",
    "`": "a backtick continues a line in PowerShell alone: write the command on one line, or end its lines in \\",
    "#": "\\ continues a line only as its last character: no comment may stand behind it",
    "\\": "\\ continues a line only as its last character: nothing may stand behind it, not even a space",
    "&": "& and what follows it are the shell's: leave them out",
    "|": "| and what follows it are the shell's: leave them out",
    ";": "; and what follows it are the shell's: leave them out",
    ">": "> and what follows it are the shell's: leave them out",
}
"""What a word of another shell, or one that was pasted wrong, should have been."""


def positional_hint(word: str) -> str | None:
    """What a word should have been that is no option and no value."""
    if hint := typographic_hint(word):
        return hint
    if word.endswith(".gguf"):
        return f"write -m {word}"
    if is_macro(word):
        return "moefit cannot know what a macro stands for: write its words"
    if continuation := _CONTINUATIONS.get(word.strip()[:1]):
        return continuation
    return "quote a value that has spaces" if word else "an empty word stands in the command"


def is_macro(value: str) -> bool:
    """Whether another program will put the value in; moefit keeps it, and refuses it where a plan needs the value.

    >>> is_macro("${PORT}"), is_macro("{{ .port }}"), is_macro("8080")
    (True, True, False)
    """
    return _MACRO.fullmatch(value) is not None


def has_macro(text: str) -> bool:
    """Whether a part of it is a macro.

    >>> has_macro("${models}/m.gguf"), has_macro("models/m.gguf")
    (True, False)
    """
    return _MACRO_WITHIN.search(text) is not None


def number_hint(spelling: str, value: str, option: Option, number: re.Match[str] | None) -> str | None:
    """What to write for a value of which only the beginning is a number, or nothing."""
    if meant := _meant(value):
        return f"write {spelling} {meant}"
    return f"write {spelling} {option.values[0]}" if not number else None


def _meant(value: str) -> int | None:
    """The whole number of one with a unit or with marks between its thousands: 32k, 128Ki, 32,768, 32_768."""
    if scaled := re.fullmatch(r"(\d{1,9})([kmg])(?:i?b|i)?", value.lower(), re.ASCII):
        return int(scaled[1]) << {"k": 10, "m": 20, "g": 30}[scaled[2]]
    grouped = re.fullmatch(r"\d{1,3}(?:[,_' ]\d{3}){1,3}", value, re.ASCII)
    return int(re.sub(r"\D", "", value)) if grouped else None
