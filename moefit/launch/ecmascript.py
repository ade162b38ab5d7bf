"""Regular expressions as llama.cpp understands them: std::regex's ECMAScript, rewritten for Python's re.

Tensor names are ASCII and have no line breaks, so what the two differ in there (multi-line anchors, case of other
alphabets) cannot matter. Everything else that differs is rewritten or refused.

source: libstdc++'s bits/regex_scanner.tcc and bits/regex_compiler.tcc; ECMA-262 edition 3, 15.10.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from moefit.errors import UsageError

_POSIX: Final = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "d": "0-9",
    "graph": r"\x21-\x7e",
    "lower": "a-z",
    "print": r"\x20-\x7e",
    "punct": r"\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e",
    "s": r"\s",
    "space": r"\s",
    "upper": "A-Z",
    "w": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_CONTROL: Final = {"f": r"\x0c", "n": r"\n", "r": r"\r", "t": r"\t", "v": r"\x0b", "0": r"\x00"}
_QUANTIFIER: Final = re.compile(r"[*+?]|\{\d+(?:,\d*)?\}")


@lru_cache(maxsize=1024)
def compile_ecmascript(pattern: str) -> re.Pattern[str]:
    """The pattern as a Python one that finds the same names.

    Raises:
        UsageError: std::regex would not compile it.
    """
    try:
        return re.compile(_Rewriter(pattern).rewrite(), re.ASCII)
    except (re.error, OverflowError, RecursionError, ValueError) as error:
        raise UsageError(f"{pattern!r} is no regular expression for llama.cpp: {error}") from error


class _Rewriter:
    """One pass over a pattern; each method consumes what it is named after and returns Python's spelling."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.out: list[str] = []
        self.opened: list[int] = []
        """Where each group that is open begins in `out`."""
        self.atom: int | None = None
        """Where what a quantifier would repeat begins in `out`."""
        self.repeated = False
        """The last piece was a quantifier: std::regex lets another follow, Python wants parentheses."""

    def rewrite(self) -> str:
        while self.at < len(self.pattern):
            if quantifier := _QUANTIFIER.match(self.pattern, self.at):
                self._quantify(quantifier)
                continue
            start, char = len(self.out), self.pattern[self.at]
            self.out.append(self._piece(char))
            self.repeated = False
            if char == "(":
                self.opened.append(start)
                self.atom = None
            elif char == ")":
                if not self.opened:
                    raise re.error("a ) closes nothing", self.pattern, self.at)
                start = self.opened.pop()
                self.atom = None if self.out[start] in {"(?=", "(?!"} else start
            else:
                self.atom = None if char in "|^$" else start
        return "".join(self.out)

    def _quantify(self, found: re.Match[str]) -> None:
        if self.atom is None:
            raise re.error("nothing to repeat", self.pattern, self.at)
        if self.repeated:
            self.out[self.atom :] = ["(?:", *self.out[self.atom :], ")"]
        self.at = found.end()
        lazy = self.pattern.startswith("?", self.at)
        self.at += lazy
        self.out.append(found.group() + "?" * lazy)
        self.repeated = True

    def _piece(self, char: str) -> str:
        if char == "\\":
            return self._escape()
        if char == "[":
            return self._class()
        if char == "(":
            return self._group()
        if char == "{":
            raise re.error("a { must be escaped or count repetitions", self.pattern, self.at)
        self.at += 1
        if char == "$":
            return r"\Z"
        return char if char in ")|^." else re.escape(char)

    def _group(self) -> str:
        for opening in ("(?:", "(?=", "(?!"):
            if self.pattern.startswith(opening, self.at):
                self.at += len(opening)
                return opening
        if self.pattern.startswith("(?", self.at):
            raise re.error("only (?:, (?= and (?! are known", self.pattern, self.at)
        self.at += 1
        return "("

    def _escape(self) -> str:
        char = self._next_after_backslash()
        if char in "dDwWsSbB":
            return "\\" + char
        if char in "123456789":
            return self._back_reference()
        return self._character(char)

    def _next_after_backslash(self) -> str:
        if self.at + 1 >= len(self.pattern):
            raise re.error("it ends in a backslash", self.pattern, self.at)
        self.at += 2
        return self.pattern[self.at - 1]

    def _back_reference(self) -> str:
        digits = re.compile(r"\d+").match(self.pattern, self.at - 1)
        assert digits is not None
        self.at = digits.end()
        if int(digits.group()) > self.out.count("("):
            raise re.error(f"there is no group {digits.group()} before it", self.pattern, self.at)
        return f"(?:\\{digits.group()})"

    def _character(self, char: str) -> str:
        """A single escaped character: control, hexadecimal, or itself."""
        if char in _CONTROL:
            return _CONTROL[char]
        if char == "c" and self.at < len(self.pattern):  # libstdc++ takes the letter itself
            self.at += 1
            return re.escape(self.pattern[self.at - 1])
        if char in "xu":
            digits = self.pattern[self.at : self.at + (2 if char == "x" else 4)]
            if not re.fullmatch(r"[0-9A-Fa-f]{2}|[0-9A-Fa-f]{4}", digits):
                raise re.error(f"\\{char} needs hexadecimal digits", self.pattern, self.at)
            self.at += len(digits)
            return re.escape(chr(int(digits, 16)))
        return re.escape(char)

    def _class(self) -> str:
        self.at += 1
        negated = self.pattern.startswith("^", self.at)
        self.at += negated
        items: list[str] = []
        while not self.pattern.startswith("]", self.at):
            if self.at >= len(self.pattern):
                raise re.error("a [ is not closed", self.pattern, self.at)
            items.append(self._class_item())
        self.at += 1
        if not items:
            return r"[\s\S]" if negated else r"(?!)"
        return f"[{'^' * negated}{''.join(items)}]"

    def _class_item(self) -> str:
        if named := re.compile(r"\[:(\w+):\]").match(self.pattern, self.at):
            self.at = named.end()
            if named.group(1) not in _POSIX:
                raise re.error(f"no character class is named {named.group(1)}", self.pattern, self.at)
            return _POSIX[named.group(1)]
        if single := re.compile(r"\[([.=])(.)\1\]").match(self.pattern, self.at):
            self.at = single.end()
            letter = single.group(2)
            both = {letter, letter.swapcase()} if single.group(1) == "=" else {letter}
            return "".join(map(re.escape, sorted(both)))
        low = self._class_character()
        if len(low) == 2 and low[1] in "dDwWsS" and low[0] == "\\":
            if self.pattern.startswith("-", self.at) and not self.pattern.startswith("-]", self.at):
                raise re.error("a range cannot begin with a class", self.pattern, self.at)
            return low
        if self.pattern.startswith("-", self.at) and not self.pattern.startswith("-]", self.at):
            self.at += 1
            return f"{low}-{self._class_character()}"
        return low

    def _class_character(self) -> str:
        if self.at >= len(self.pattern):
            raise re.error("a [ is not closed", self.pattern, self.at)
        char = self.pattern[self.at]
        if char != "\\":
            self.at += 1
            return re.escape(char) if char not in "[&~|" else "\\" + char
        char = self._next_after_backslash()
        if char == "b":
            return r"\x08"
        return "\\" + char if char in "dDwWsS" else self._character(char)
