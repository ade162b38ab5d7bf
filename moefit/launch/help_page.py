"""A page of --help, read: the table of the options that it lists, in llama.cpp's layout or another.

source: common/arg.cpp, common_arg::to_string (the layout); tools/llama-bench/llama-bench.cpp, print_usage, for llama-bench's own.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from moefit.launch.options import Option, OptionTable


def parse_help(program: str, text: str, build: int | None = None) -> OptionTable:
    """The table that a program's `--help` output describes; empty when the text is no such output."""
    entries: list[tuple[str, list[str]]] = []
    for line in _plain(text).splitlines():
        if re.match(r" {0,8}-{1,2}(?:\[no-\])?[A-Za-z]", line):
            header, described = _split_header(line)
            entries.append((header, [described]))
        elif entries and line.startswith(" "):
            entries[-1][1].append(line.strip())
    options = (_option(header, " ".join(words)) for header, words in entries)
    return OptionTable(program, options, build, asked=True)


_NAMES: Final = 6
"""More than any option has."""

_LAYOUTS: Final = (
    (r"^( {0,8}-[^\s,]+(?:, +-[^\s,]+){0,6}),[ \r]*\n +(?=-)", r"\1, "),  # names that were wrapped
    (
        r"^( {0,8}-[^\s,]+(?:, -[^\s,]+){0,6}) (\S.{0,80}?), (-[^\s,]+) \2(?=[\s,])",
        r"\1, \3 \2",
    ),  # -a N, --alpha N
    (r"^( {0,8}-[\w-]+(?:, -[\w-]+){0,6}) ?[/|] ?(?=-)", r"\1, "),  # -a/--alpha
    (r"^( {0,8}(?:-[^\s,]+, +){0,6}--[\w-]+)\[=([^\]\s]+)\]", r"\1 [\2]"),  # --alpha[=N]
    (r"^( {0,8}(?:-[^\s,]+, +){0,6}--[\w-]+)=", r"\1 "),  # --alpha=N
    (r"^( {0,8}(?:-[^\s,]+, +){0,6})--\[no-\]([\w-]+)", r"\1--\2, --no-\2"),  # --[no-]beta
)
"""Ways to write the names of an option, and llama.cpp's own way."""


def _plain(text: str) -> str:
    """A page without colours and tabs, with every name of an option apart and before its value."""
    text = re.sub(r"\x1b\[[\d;]*[A-Za-z]", "", text).replace("\t", "  ")
    for layout, plain in _LAYOUTS:
        for _ in range(_NAMES):
            text, changed = re.subn(layout, plain, text, flags=re.MULTILINE)
            if not changed:
                break
    return text


def _split_header(line: str) -> tuple[str, str]:
    """Spellings with value names, and the first words of the description: two spaces or more keep them apart."""
    text = line.strip()
    names = re.match(r"-[^\s,]+(?:,?\s+-[^\s,]+)*", text)
    assert names is not None
    rest = text[names.end() :]
    cut = re.search(r"\s{2,}", rest) if not rest.startswith("  ") else re.match(r"\s+", rest)
    if cut is None:
        return text, ""
    return names.group() + rest[: cut.start()], rest[cut.end() :]


def _option(header: str, description: str) -> Option:
    names = re.match(r"-[^\s,]+(?:,?\s+-[^\s,]+)*", header)
    assert names is not None
    words = re.split(r",?\s+", names.group())
    stated = header[names.end() :]
    listed = re.match(r" \((\w+(?:\|\w+)+)\)", stated)
    values = (f"[{listed[1]}]",) if listed else tuple(_value_names(stated.partition(" (")[0]))
    positive, negative = (words, []) if values else _cut_negations(words)
    env = re.search(r"[(\[]env: (\w+)=?[)\]]", description)
    removed = re.search(r"argument has been removed\b[.,:;]? ?(.*?) ?(?:\(env:|$)", description)
    option = Option(
        tuple(positive),
        tuple(negative),
        values,
        _choices(values, description),
        env.group(1) if env else None,
        (removed.group(1) or "it is gone") if removed else None,
    )
    return _with_quoted(option, description)


def _with_quoted(option: Option, description: str) -> Option:
    """With the words in quotes that may stand for its number: N|auto, where the description has 'auto'."""
    quoted = dict.fromkeys(re.findall(r"'([a-z][\w-]*)'", description))
    words = [word for word in quoted if word not in option.number_words]
    return (
        replace(option, values=("|".join((*option.values, *words)),))
        if option.is_number and words
        else option
    )


def _value_names(text: str) -> list[str]:
    """Split at spaces outside <...>, {...} and [...]."""
    return re.findall(r"(?:<[^<>]*>|\{[^{}]*\}|\[[^\[\]]*\]|\S)+", text)


def _cut_negations(words: list[str]) -> tuple[list[str], list[str]]:
    """--help lists what turns a flag off after what turns it on; the first --no- tells where, a short -n... before it belongs to it."""
    cut = next((i for i, w in enumerate(words) if w.startswith("--no-")), len(words))
    while (
        cut > 0
        and words[cut - 1].startswith("-n")
        and not words[cut - 1].startswith("--")
        and cut < len(words)
    ):
        cut -= 1
    return (words, []) if cut == 0 else (words[:cut], words[cut:])


_BULLET: Final = r" - ([\w.+-]+)(?: ?[(\[][^()\[\]]*[)\]])?: "
"""A word in a list, perhaps marked: `- auto (default): ...`."""

STANDS_FOR_OTHERS: Final = (
    r".* .*|.*\.\..*|[\d.]+-[\d.]+"
    r"|n|num|number|int|float|path|file|fname|dir|url|uri|host|name|id|value|string|regex"
)
"""A value's name, a range or more than one word."""


def _choices(values: tuple[str, ...], description: str) -> tuple[str, ...]:
    """The words that --help lists for a value; one word alone, [N] or {FILE}, is the value's name."""
    if len(values) != 1:
        return ()
    word = r"-?\w[\w.+-]*"
    lists = (rf"\[({word}(?:\|{word})+)\]", rf"\{{({word}(?:, ?{word})+)\}}", rf"<({word}(?:\|{word})+)>")
    listed = re.fullmatch("|".join(lists), values[0])
    if listed:
        words = re.split(r"[|,] ?", next(g for g in listed.groups() if g))
        return _closed(words)
    allowed = re.search(r"(?:allowed|possible) values: ([\w,. +-]+?)(?: \((?:default|env)|\])", description)
    if allowed:
        words = re.split(r",? (?:or|and) |, ", allowed.group(1))
        return _closed(words)
    return tuple(re.findall(_BULLET, description)) if values[0] in {"MODE", "TYPE"} else ()


def _closed(words: list[str]) -> tuple[str, ...]:
    """Words that are all there are: none where one stands for others, as in [N|auto], {path|url}, 1-16 or `a, ...`."""
    stand_ins = [word for word in words if word.isupper() or re.fullmatch(STANDS_FOR_OTHERS, word)]
    return () if stand_ins else tuple(words)
