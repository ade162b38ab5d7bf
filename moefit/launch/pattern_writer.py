r"""The shortest reasonable `-ot` value that moves exactly the given tensors.

One pattern for each buffer and each set of tensors that share their layers: `blk[.](2[0-9]|3[0-5])[.]ffn_(up|down)_exps`.
Written with `[.]`, which survives shells, systemd, INI and YAML where `\\.` does not, and without `,` and `=`, which
llama.cpp splits at. Every pattern is checked against the model's own names with llama.cpp's way of matching.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from moefit.errors import InputError
from moefit.launch.ecmascript import compile_ecmascript
from moefit.launch.patterns import Rule
from moefit.shown import visible

_BLOCK = re.compile(r"blk\.(\d+)\.(.+)")


def write_rules(names: Sequence[str], buffers: Mapping[str, str]) -> tuple[Rule, ...]:
    """Rules that move each tensor of `buffers` to its buffer, and no other tensor of `names`.

    `names` are the tensors that earlier rules leave alone, in the file's order; buffers come in the order of their
    first tensor, so the same input gives the same rules.

    Raises:
        InputError: a name has characters that no command should hold, or bytes that no pattern can be checked against.
    """
    odd = (
        next((name for name in names if not (name.isascii() and name.isprintable())), None)
        if buffers
        else None
    )
    if odd is not None:
        raise InputError(
            f"no -ot value can be written for a model with a tensor called {visible(odd)}",
            "the file is damaged",
        )
    groups: dict[str, list[str]] = defaultdict(list)
    for name in dict.fromkeys(names):  # a tied embedding is there twice
        if name in buffers:
            groups[buffers[name]].append(name)
    return tuple(
        Rule(pattern, buffer)
        for buffer, wanted in groups.items()
        for pattern in _patterns(tuple(names), wanted)
    )


def write_value(rules: Iterable[Rule]) -> str:
    """The rules as one `-ot` value."""
    return ",".join(f"{rule.pattern}={rule.buffer}" for rule in rules)


def _patterns(names: Collection[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """Patterns that together find exactly the wanted names: those of blocks grouped whichever way is shorter."""
    blocks: list[tuple[int, str]] = []
    single: list[str] = []
    for name in wanted:
        if block := _BLOCK.fullmatch(name):
            blocks.append((int(block.group(1)), block.group(2)))
        else:
            single.append(name)
    ways = [
        tuple(_first_exact(_block_candidates(*group), names, _spell(*group)) for group in grouping(blocks))
        for grouping in (_by_layer, _by_suffix)
    ]
    shortest = min(ways, key=lambda patterns: len(",".join(patterns)))
    if not single:
        return shortest
    return (*shortest, _first_exact(_single_candidates(single), names, set(single)))


_Group = tuple[tuple[int, ...], tuple[str, ...]]


def _by_layer(blocks: Iterable[tuple[int, str]]) -> Iterable[_Group]:
    """Layers that share the same suffixes."""
    suffixes: dict[int, list[str]] = defaultdict(list)
    for layer, suffix in blocks:
        suffixes[layer].append(suffix)
    groups: dict[frozenset[str], list[int]] = defaultdict(list)
    for layer, some in suffixes.items():
        groups[frozenset(some)].append(layer)
    return [(tuple(layers), tuple(suffixes[layers[0]])) for layers in groups.values()]


def _by_suffix(blocks: Iterable[tuple[int, str]]) -> Iterable[_Group]:
    """Suffixes that share the same layers."""
    layers: dict[str, list[int]] = defaultdict(list)
    for layer, suffix in blocks:
        layers[suffix].append(layer)
    groups: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for suffix, where in layers.items():
        groups[tuple(sorted(where))].append(suffix)
    return [(where, tuple(suffixes)) for where, suffixes in groups.items()]


def _spell(layers: Collection[int], suffixes: Collection[str]) -> set[str]:
    return {f"blk.{layer}.{suffix}" for layer in layers for suffix in suffixes}


def _first_exact(candidates: Iterable[str], names: Collection[str], target: Collection[str]) -> str:
    for candidate in candidates:
        search = compile_ecmascript(candidate).search
        if all((search(name) is not None) == (name in target) for name in names):
            return candidate
    raise AssertionError("a pattern that spells out every name matches exactly those names")


def _block_candidates(layers: Collection[int], suffixes: Sequence[str]) -> Iterator[str]:
    """From the shortest to the most explicit."""
    stems = list(dict.fromkeys(suffix.rpartition(".")[0] or suffix for suffix in suffixes))
    where = layer_pattern(layers)
    for tail in (alternation(stems), alternation(stems) + "[.]"):
        yield f"[.]{tail}"
        yield f"blk[.]{where}[.]{tail}"
    yield f"[.]{alternation(suffixes)}"
    yield f"blk[.]{where}[.]{alternation(suffixes)}"
    yield f"^blk[.]{where}[.]{alternation(suffixes)}$"
    yield f"^blk[.]{where}[.]({'|'.join(map(_literal, suffixes))})$"


def _single_candidates(names: Sequence[str]) -> Iterator[str]:
    yield f"^{alternation(names)}"
    yield f"^{alternation(names)}$"
    yield f"^({'|'.join(map(_literal, names))})$"


def alternation(words: Sequence[str]) -> str:
    """One pattern for several words: what they share stands outside the parentheses."""
    if len(words) == 1:
        return _literal(words[0])
    start = re.match(r"(?:.*[._])?", _common_prefix(words))
    assert start is not None
    head = start.group()
    rest = [word[len(head) :] for word in words]
    end = re.search(r"(?:[._].*)?$", _common_prefix([word[::-1] for word in rest])[::-1])
    assert end is not None
    tail = end.group()
    middle = [word[: len(word) - len(tail)] for word in rest]
    return f"{_literal(head)}({'|'.join(map(_literal, middle))}){_literal(tail)}"


def _common_prefix(words: Sequence[str]) -> str:
    low, high = min(words), max(words)
    return next((low[:i] for i, char in enumerate(low) if char != high[i : i + 1]), low)


def layer_pattern(layers: Collection[int]) -> str:
    """A pattern for exactly these numbers, between two dots: 20-35 is `(2[0-9]|3[0-5])`."""
    parts = _numbers(sorted({str(layer) for layer in layers}, key=lambda text: (len(text), text)))
    return parts[0] if len(parts) == 1 else f"({'|'.join(parts)})"


def _numbers(texts: Sequence[str]) -> list[str]:
    """Patterns of numbers written out: heads that share their last digits are merged, heads first by length."""
    last: dict[str, list[str]] = defaultdict(list)
    for text in texts:
        last[text[:-1]].append(text[-1])
    heads: dict[tuple[int, str], list[str]] = defaultdict(list)
    for head, digits in last.items():
        heads[len(head), _digits(digits)].append(head)
    return [
        head + digits
        for (length, digits), group in heads.items()
        for head in (_numbers(group) if length else [""])
    ]


def _digits(digits: Iterable[str]) -> str:
    """A digit class: 0123 is [0-3], 02 is [02], 7 is 7."""
    runs: list[list[int]] = []
    for digit in sorted(map(int, digits)):
        if runs and runs[-1][-1] == digit - 1:
            runs[-1].append(digit)
        else:
            runs.append([digit])
    text = "".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else "".join(map(str, run)) for run in runs)
    return text if len(text) == 1 else f"[{text}]"


def _literal(text: str) -> str:
    """The text as a pattern without a backslash; `.` stands for what an `-ot` value cannot hold."""
    return "".join(c if c.isalnum() or c in "_-/ " else "." if c in ",=^\\]" else f"[{c}]" for c in text)
