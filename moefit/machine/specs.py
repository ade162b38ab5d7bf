"""`--gpu SPEC`, read: which cards, sizes and keys a text declares, however people write them."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from contextlib import contextmanager
from string import ascii_lowercase
from typing import TYPE_CHECKING, Final, NamedTuple

from moefit.errors import UsageError
from moefit.machine.card import Card
from moefit.machine.catalogue import find_card, similar_cards
from moefit.sizes import parse_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SPEC_KEYS: Final = (
    "name", "buffer", "description", "free", "total", "bandwidth", "link", "pageable", "compute", "overhead", "integrated",
)  # fmt: skip
SPEC_HINT: Final = "moefit cards lists what --gpu knows; or a size (11.6GiB) and keys: name=CUDA0,free=11.6GiB,bandwidth=360GB/s"
_COUNTS: Final = {"dual": 2, "two": 2, "triple": 3, "three": 3, "quad": 4, "four": 4}
_NO_GPU: Final = frozenset({"cpu", "no", "none", "off", "false", "0"})
"""What people say who want no GPU."""
_THE_GPU: Final = frozenset(
    {"gpu", "igpu", "cuda", "rocm", "vulkan", "metal", "nvidia", "amd", "intel", "auto", "all", "yes", "on"}
)
"""What people say who mean the one that is there."""


_PROCESSOR: Final = (
    r"(?i)ryzen|threadripper|epyc|xeon|celeron|pentium|athlon|graviton|neoverse|snapdragon|\baltra|\bcore\b|ultra[ -]?\d[ -]"
    r"|\bi[3579][ -]\d{4,5}|^n\d{2,3}$|^\d{4,5}(?:x|x3d|g|ge|hx|hs|k|kf|ks|wx)$"
)
"""How processors are named: Ryzen 9 7950X, i7-13700K, Core Ultra 7 265K, N100, 9800X3D. Not compiled here: most plans name none."""


class Spec(NamedTuple):
    """One `--gpu` before it has a name: its card, its bare size and its keys."""

    text: str
    card: Card | None
    size: int | None
    keys: dict[str, str]


def each(specs: Sequence[str]) -> Iterator[str]:
    """The specs one by one: `2x3060` is two of them, `3060 x2` is, `3090+3060` is, and so is a second card or size behind a comma.

    `none` alone is no GPU at all.

    >>> list(each(["2x3060", "3060 x2", "11.6GiB", "3090,free=20GiB,3060", "24GiB+12GiB"]))
    ['3060', '3060', '3060', '3060', '11.6GiB', '3090,free=20GiB', '3060', '24GiB', '12GiB']
    >>> list(each(["dual 3090", "3060 and 4090", "3060/3090", "RTX 3060; A100 80GB"])), list(each(["none"]))
    (['3090', '3090', '3060', '4090', '3060', '3090', 'RTX 3060', 'A100 80GB'], [])
    """
    if is_none(specs):
        return
    count = r"([1-9]|1[0-6])"
    for text in itertools.chain.from_iterable(map(_apart, map(_counted, specs))):
        before = re.fullmatch(rf"\s*{count}\s*[x*\u00d7]\s*(\S.*)", text, re.IGNORECASE)
        behind = re.search(rf"[x*\u00d7]\s*{count}\s*$", text, re.IGNORECASE)
        card = text[: behind.start()].rstrip() if behind else ""
        if before:
            yield from [before[2]] * int(before[1])
        elif behind and re.search(r"\d", card):
            yield from [card] * int(behind[1])
        else:
            yield text


def is_none(specs: Sequence[str]) -> bool:
    """Whether the options say that there is no GPU: `--gpu none`."""
    return [text.strip().lower() for text in specs] == ["none"]


def _counted(text: str) -> str:
    """The spec with a count that is a word as a number: `dual 3090` is 2x3090."""
    first, _, rest = text.strip().partition(" ")
    return f"{_COUNTS[first.lower()]}x{rest}" if first.lower() in _COUNTS and rest else text


def _apart(text: str) -> Iterator[str]:
    """The specs that one option joins by `+` or a word like it, or by a comma before a card or a size where the spec has one already."""
    for joined in _joined(text):
        parts: dict[str, list[str]] = defaultdict(list)
        for part in joined.split(","):
            kind = _kind_of(part)
            if kind in parts and kind != "key":
                yield ",".join(itertools.chain.from_iterable(parts.values()))
                parts.clear()
            parts[kind].append(part)
        yield ",".join(itertools.chain.from_iterable(parts.values()))


def _joined(text: str) -> list[str]:
    """The parts between `+`, `;`, `/`, `&` and `and`, where no key has them in its value; a card may have a plus in its name."""
    if "=" in text:
        return text.split("+")
    if "+" in text and _is_card(text):
        return [text.replace("+", "")]
    parts = [part.strip() for part in re.split(r"[+;/&]|\band\b", text)]
    return parts if len(parts) > 1 and all(map(_is_one, parts)) else text.split("+")


def _is_one(text: str) -> bool:
    """Whether it is a card or a size, or several of one."""
    alone = re.sub(r"^\s*\d{1,2}\s*[x*\u00d7]\s*|[x*\u00d7]\s*\d{1,2}\s*$", "", text)
    return bool(alone) and (_kind_of(alone) == "size" or _is_card(alone))


def _is_card(text: str) -> bool:
    """Whether it names a card as a whole."""
    try:
        return find_card(text) is not None
    except UsageError:
        return True  # which has several memories


def _kind_of(part: str) -> str:
    """Whether a part of a spec is a key, a size or else a card."""
    if "=" in part:
        return "key"
    return "size" if re.fullmatch(r"\s*([\d.]+\s*[kmgt](i?b)?|\d{5,})\s*", part, re.IGNORECASE) else "card"


def split_spec(text: str) -> Spec:
    """The parts of one `--gpu`: bare words first looked up as a card, then read as a size."""
    card: Card | None = None
    size: int | None = None
    keys: dict[str, str] = {}
    for part in (piece.strip() for piece in text.split(",")):
        key, equals, value = part.partition("=")
        if equals:
            key = key.strip().lower()
            if key not in SPEC_KEYS:
                raise _no_key(key, part)
            if key in keys:
                raise UsageError(f"{key} is given twice")
            keys[key] = value.strip()
            continue
        found = find_card(part) if part else None
        if found is not None and card is None:
            card = found
        elif re.search(_PROCESSOR, part):
            raise _not_a_card(part)  # 5600g is no size
        elif found is None and size is None and re.match(r"\d(?!\d{3}$)", part):
            size = _size(part)  # four digits are a card's, misspelt: 3061
        else:
            raise _not_a_card(part)
    return Spec(text, card, size, keys)


def _no_key(key: str, part: str) -> UsageError:
    """A key that there is not, or one behind a colon or a space."""
    before = key.rstrip(ascii_lowercase)
    last = key[len(before) :]
    if before.endswith((":", "@", " ")) and last in SPEC_KEYS:
        return UsageError(
            f"unknown key {key!r}", f"with a comma: {before[:-1].strip()},{last}={part.partition('=')[2]}"
        )
    from difflib import get_close_matches  # noqa: PLC0415 - only an error needs it

    near = get_close_matches(key, SPEC_KEYS, n=1)
    return UsageError(
        f"unknown key {key!r}", f"did you mean {near[0]}?" if near else f"known keys: {', '.join(SPEC_KEYS)}"
    )


def _size(part: str) -> int:
    """The memory that a part says, unless it is a card's name, misspelt: 3060 tii."""
    if part in _NO_GPU:
        raise _not_a_card(part)
    try:
        return parse_size(part)
    except UsageError as error:
        if not error.message.startswith("not a size"):
            raise
        if len(words := part.split()) > 1 and all(map(_is_card, words)):
            raise UsageError(f"no card {part!r}", f"with a plus between them: {'+'.join(words)}") from None
        if similar_cards(part):
            raise _not_a_card(part) from None
        raise


def _not_a_card(part: str) -> UsageError:
    """What to say about a bare word that is neither the card nor the size."""
    similar = similar_cards(part)
    if not part:
        return UsageError("an empty part", SPEC_HINT)
    if part.lower() in _NO_GPU:
        return UsageError(f"no card {part!r}", "--gpu none, and no other, plans without a GPU")
    if part.lower() in _THE_GPU:
        return UsageError(
            f"no card {part!r}", "without --gpu those that are here are used; moefit cards lists the names"
        )
    if part.isdigit() and not similar:
        return UsageError(f"no card {part!r}", f"or say its memory: --gpu {part}MiB")
    if re.search(_PROCESSOR, part):
        numbers = re.findall(r"\d{4}", part)
        also = [key for key in similar if numbers and numbers == re.findall(r"\d{4}", key)]
        or_card = f"; did you mean {' or '.join(also)}?" if also else ""
        return UsageError(f"no card {part!r}", f"a processor alone is --gpu none --cores N{or_card}")
    hint = f"did you mean {' or '.join(similar)}? or say its memory: --gpu 11.6GiB" if similar else SPEC_HINT
    return UsageError(f"no card {part!r}", hint)


@contextmanager
def in_option(text: str) -> Iterator[None]:
    """Names the `--gpu` in the message of whatever is wrong with it."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"--gpu {text!r}: {error.message}", error.hint) from None
