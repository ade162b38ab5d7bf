"""`moefit cards WORD`: which cards of the catalogue a word means."""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from moefit.errors import UsageError
from moefit.machine.card import Card
from moefit.machine.cards import CARDS
from moefit.machine.catalogue import compact, find_card, similar_cards, spellings
from moefit.machine.specs import each
from moefit.values import dataclass

_MAKERS: Final = {
    "nvidia": "NVIDIA", "geforce": "NVIDIA", "quadro": "NVIDIA", "tesla": "NVIDIA", "cuda": "NVIDIA",
    "amd": "AMD", "ati": "AMD", "radeon": "AMD", "instinct": "AMD", "rocm": "AMD",
    "intel": "Intel",
    "apple": "Apple", "mac": "Apple", "macbook": "Apple", "metal": "Apple",
}  # fmt: skip
"""Words -> whose card it is; beside other words they say no more than that: Tesla A100, which its driver calls NVIDIA A100."""
_BACKENDS: Final = {
    "cuda": "CUDA",
    "rocm": "ROCm",
    "hip": "ROCm",
    "vulkan": "Vulkan",
    "metal": "MTL",
    "mtl": "MTL",
}
GROUPS: Final = (
    "nvidia", "amd", "intel", "apple", "geforce", "quadro", "tesla", "titan", "jetson", "radeon", "instinct", "arc",
    "cuda", "rocm", "vulkan", "metal", "laptop",
)  # fmt: skip
"""Words of one kind of card, for a shell's completion."""
_LAPTOP: Final = r"\b(?:mobile|notebook|laptops|max-q)\b"
_EMPTY: Final = r"\b(?:gpus?|cards?|graphics|vram|memory|with|of|all|studio|mini)\b"
_MEMORY: Final = r"(?<![a-z0-9.])(\d{1,3}(?:\.\d+)?)\s*gi?b?\b"
_SERIES: Final = r"\b(\d{1,2}?)(0{2,3}|x{2,3}|)[ -]?series\b|\b(\d{1,2}?)(x{2,3})\b"
_NEAR: Final = 0.03
"""Of a memory: GiB that a program sees are a little less than those on the box."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """A text, read."""

    sizes: tuple[float, ...]
    """GB of its memory."""
    words: tuple[str, ...]
    names: tuple[str, ...]
    """Of those what may stand in a card's name, compact."""
    series: str | None
    """A pattern of the numbers of its series: 30xx."""


def cards_like(text: str) -> tuple[Card, ...]:
    """Every card that `text` may mean, those called so first: a maker, a family, a part of a name, a memory, or what --gpu takes.

    >>> [card.key for card in cards_like("RTX 3060 12GB")], [card.key for card in cards_like("apple m4")]
    (['rtx-3060'], ['m4', 'm4-pro', 'm4-pro-16-core', 'm4-max', 'm4-max-32-core'])
    >>> [card.key for card in cards_like("2x4080s")], [card.key for card in cards_like("intel 12GB")]
    (['rtx-4080-super'], ['arc-a730m', 'arc-pro-a60', 'arc-b580'])

    Raises:
        UsageError: there is none.
    """
    if text.strip() and not any(map(str.isalnum, text)):
        raise _unknown(text)
    found: dict[Card, None] = {}
    for part in each([text]):
        bare = " ".join(piece for piece in part.split(",") if "=" not in piece)
        found.update(dict.fromkeys(_named(bare)))
    if not found:
        raise _unknown(text)
    known = [card for card in CARDS if card in found]
    every = (*known, *(card for card in found if card not in known))
    return tuple(sorted(every, key=partial(_distance, compact(text))))


def _distance(text: str, card: Card) -> int:
    """0 where it is called so, 1 where a word of its name is so, 2 where a name begins so, 3 where the text stands anywhere else in one."""
    keys = (card.key, *card.other_keys)
    names = {name for key in keys for name in spellings(key)}
    if text in names:
        return 0
    if any(text in key.split("-") for key in keys):
        return 1
    return 2 if any(name.startswith(text) for name in names) else 3


def _named(text: str) -> list[Card]:
    wanted = _parts(text.strip().lower())
    listed = [card for card in CARDS if _is_meant(card, wanted)]
    if listed:
        return listed
    exact = find_card(text)
    if exact is not None:
        return [exact if exact in CARDS else _sold_with(exact)]
    raise _unknown(text)


def _unknown(text: str) -> UsageError:
    near = similar_cards(text)
    return UsageError(
        f"no card has {text} in its name",
        f"did you mean {' or '.join(near)}?" if near else "moefit cards alone lists all",
    )


def _sold_with(card: Card) -> Card:
    """A chip with another memory than the catalogue's, under the name that --gpu takes for it."""
    from dataclasses import replace  # noqa: PLC0415 - as above

    return replace(card, key=f"{card.key}-{card.box}gb", other_keys=())


def _parts(text: str) -> _Parts:
    rest = re.sub(_EMPTY, " ", re.sub(_LAPTOP, "laptop", re.sub(_MEMORY, " ", text)))
    series = re.search(_SERIES, rest)
    named = (word for word in re.sub(_SERIES, " ", rest).split() if word not in _MAKERS)
    return _Parts(
        sizes=tuple(map(float, re.findall(_MEMORY, text))),
        words=tuple(re.findall(r"[a-z0-9.]+", rest)),
        names=tuple(filter(None, map(compact, named))),
        series=None if series is None else _pattern(series),
    )


def _is_meant(card: Card, wanted: _Parts) -> bool:
    """Whether every part of the text is true of the card."""
    words = wanted.words
    if not all(_has(card, size) for size in wanted.sizes):
        return False
    if len(words) == 1 and words[0] in {*_MAKERS, *_BACKENDS}:
        return _is_of(card, words[0])
    makers = {_MAKERS[word] for word in words if word in _MAKERS}
    return makers <= {_maker(card)} and _has_name(card, wanted)


def _is_of(card: Card, word: str) -> bool:
    """Whether a word that stands alone is the card's maker, its family or its backend."""
    if word in _BACKENDS:
        return card.backend == _BACKENDS[word]
    family = any(word in name.lower() for name in (card.description, *card.other_names))
    return family or (_MAKERS[word] == _maker(card) and word in {"nvidia", "amd", "ati", "mac", "macbook"})


def _maker(card: Card) -> str:
    first = card.description.partition(" ")[0].partition("(")[0]
    return first if first in {"AMD", "Intel", "Apple"} else "NVIDIA"


def _has(card: Card, size: float) -> bool:
    """Whether it is sold with so many GB; of a fraction, whether a program sees about so many GiB."""
    if size.is_integer():
        return size == card.box
    return abs(card.total_mib / 1024 - size) < _NEAR * size


def _has_name(card: Card, wanted: _Parts) -> bool:
    """Whether one of its names has the text, or all of its words."""
    together = "".join(wanted.names)
    for name in (card.key, *card.other_keys, card.description, *card.other_names):
        shown = compact(name)
        fits = together in shown or all(part in shown for part in wanted.names)
        if fits and (wanted.series is None or re.search(wanted.series, name)):
            return True
    return False


def _pattern(series: re.Match[str]) -> str:
    """The numbers of a series: 30 series, 30xx and 3000 series."""
    first = series[1] or series[3]
    open_ = len(series[2] or series[4] or "") or 2
    return rf"(?<!\d){first}\d{{{open_}}}(?!\d)"
