"""The memory modules of a host: what they are rated at, and what its cores really get from them."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from moefit.machine.natural import natural
from moefit.values import dataclass

_TIMES: Final = r"\s*[x\u00d7*]\s*"
_RATING: Final = re.compile(
    rf"(?:(?P<before>\d{{1,2}}){_TIMES})?(?P<kind>(?:lp)?ddr[2-6])x?[-\s](?P<speed>\d{{3,5}})(?:\s*MT/s)?(?:{_TIMES}(?P<behind>\d{{1,2}}))?",
    re.IGNORECASE,
)
_CHANNEL: Final = re.compile(r".*(?<![A-Z])CH(?:ANNEL)?[ _-]?(?:[A-Z]|\d{1,2})(?![A-Z0-9])|CPU\d_C\d(?=D\d)")
_BY_LETTER: Final = re.compile(
    r".*(?<![A-Z])(?:DIMM[ _-]?(?:P\d[ _-])?|DDR\d[ _-]?|CPU\d_)[A-Z](?=[1-3]?\b|0\b)"
)
"""A slot's channel: `P0 CHANNEL A`, `CPU0_CH0_DIMM1`, `CPU0_C0D1`; or by the letter alone: `DIMM_A1`, `CPU1_DIMM_A1`, `DIMM_P0_A1`, `DDR5_A1`."""
_DEEPEST: Final = 3
"""Slots of a channel, at the most: a letter with more slots names a processor."""
_OF_PROCESSOR: Final = re.compile(r"(?:DIMM[ _]?)?([A-Z])(\d{1,2})")
"""A slot of Dell's servers: the processor's letter, and the slot's number beside it: `A12`, `DIMM_B5` (github.com/mchehab/rasdaemon, labels/dell)."""
_CHANNEL_BYTES: Final = 8
"""A channel is 64 bits wide. One of DDR5 is two halves, which count together; LPDDR's are added up to 64."""
_OWN: Final = 6
"""Slots of one of several processors that have a channel each."""
_MOST_CHANNELS: Final = 24
"""Two sockets of twelve."""
_SPEEDS: Final = 200, 17_600
"""Of the slowest DDR2, and of the fastest MRDIMMs that are announced: what is beyond has a digit too many."""

_SHARES: Final = {
    ("DDR4", 1): 0.74,
    ("DDR5", 1): 0.90,
    ("LPDDR5", 1): 0.90,
    ("DDR4", 2): 0.66,
    ("DDR5", 2): 0.75,
}
_SHARE: Final = 0.68
"""Of a rating, what all cores together read while they decode. One channel: DDR4 19 of 25.6 GB/s, DDR5 0.91. Two: DDR4 28-34 GB/s of 46.9 and
51.2; DDR5-5600 49-50 of 89.6 (Ryzen 5 9600X, six rows within 2%), DDR5-4800 56 of 76.8 (9950X), DDR5-6000 55 of 96 (i5-12600K). More
channels: DDR4-3200 with four, 62 of 102 GB/s."""
_DESKTOP_MOST: Final = 57_000_000_000
"""Bytes per second that a desktop's cores get whatever two channels are rated at: 56 on a Ryzen 9 7900 and a 9950X, 55 on an i5-12600K, 60 and 61
on a Core Ultra 285K and a 14900K."""


@dataclass(frozen=True, slots=True)
class Modules:
    """Memory modules of one kind."""

    kind: str
    """DDR4, DDR5, LPDDR5 ..."""
    speed: int
    """Mega-transfers per second, as configured."""
    channels: int
    """Of 64 bits."""

    @property
    def rating(self) -> int:
        """Bytes per second of all channels together."""
        return self.speed * 1_000_000 * _CHANNEL_BYTES * self.channels

    @property
    def sustained(self) -> int:
        """Bytes per second that all cores together read in decode.

        >>> Modules("DDR5", 5600, 2).sustained, Modules("DDR4", 3200, 2).sustained
        (57000000000, 33792000000)
        """
        known = _SHARES.get((self.kind, self.channels)) or _SHARES.get(
            (self.kind.removeprefix("LP"), self.channels)
        )
        sustained = int(self.rating * (known or _SHARE))
        return min(sustained, _DESKTOP_MOST) if self.channels <= 2 else sustained

    def __str__(self) -> str:
        """As `--ram-bandwidth` takes it.

        >>> str(Modules("DDR5", 5600, 2))
        'ddr5-5600x2'
        """
        return f"{self.kind.lower()}-{self.speed}x{self.channels}"


def parse_modules(text: str) -> Modules | None:
    """The modules that a rating names, two channels where it does not say; None where the text is no rating.

    >>> parse_modules("ddr5-5600x2") == parse_modules("DDR5-5600") == Modules("DDR5", 5600, 2)
    True
    >>> parse_modules("2x DDR5-5600"), parse_modules("ddr4 3200 MT/s x 8")
    (Modules(kind='DDR5', speed=5600, channels=2), Modules(kind='DDR4', speed=3200, channels=8))
    >>> parse_modules("lpddr5x-8533x2"), parse_modules("60GB/s")
    (Modules(kind='LPDDR5', speed=8533, channels=2), None)
    """
    match = _RATING.fullmatch(text.strip())
    if match is None or (match["before"] and match["behind"]):
        return None
    channels = int(match["before"] or match["behind"] or 2)
    slowest, fastest = _SPEEDS
    if not 1 <= channels <= _MOST_CHANNELS or not slowest <= int(match["speed"]) <= fastest:
        return None
    return Modules(match["kind"].upper(), int(match["speed"]), channels)


def read_modules(database: str) -> Modules | None:
    """The modules that udev's record of the DMI table describes; None where it does not say enough.

    systemd 248 and later keep it readable for everyone in /run/udev/data/+dmi:id (rules.d/70-memory.rules, dmi_memory_id): one
    set of MEMORY_DEVICE_n_* for each slot, empty ones too. Modules are told apart by the slot's locator; two in one channel share it.
    """
    slots = _slots(database)
    filled = [slot for slot in slots if _is_filled(slot)]
    kinds = {slot.get("TYPE", "").upper().removesuffix("X") for slot in filled}
    speeds = [slot.get("CONFIGURED_SPEED_MTS") or slot.get("SPEED_MTS", "") for slot in filled]
    if len(kinds) != 1 or not all(re.fullmatch(r"[1-9]\d{2,4}", speed) for speed in speeds):
        return None
    kind = kinds.pop()
    if not re.fullmatch(r"(?:LP)?DDR\d", kind):
        return None
    return Modules(kind, min(map(int, speeds)), min(_MOST_CHANNELS, _channels(slots)))


def _slots(database: str) -> list[dict[str, str]]:
    """All slots, each with its properties."""
    found: dict[int, dict[str, str]] = {}
    for line in database.splitlines():
        match = re.fullmatch(r"E:MEMORY_DEVICE_(\d{1,3})_([A-Z_]+)=(.*)", line)
        if match:
            found.setdefault(int(match[1]), {})[match[2]] = match[3].strip()
    return [slot for _, slot in sorted(found.items())]


def _is_filled(slot: dict[str, str]) -> bool:
    return slot.get("PRESENT") != "0" and slot.get("SIZE", "1") != "0"


def _channels(slots: list[dict[str, str]]) -> int:
    """Channels of 64 bits that hold a module: by the names of their slots, or else by how many slots there are."""
    widths: dict[str, int] = {}
    for name, slot in zip(_names(slots), slots, strict=True):
        if _is_filled(slot):
            width = natural(slot.get("DATA_WIDTH", "")) or 64
            widths.setdefault(name or f"#{len(widths)}", min(width, 64))
    channels = max(1, -(-sum(widths.values()) // 64))
    nameless = all(name.startswith("#") for name in widths)
    return min(channels, _most_channels(slots)) if nameless else channels


def _most_channels(slots: list[dict[str, str]]) -> int:
    """Channels behind slots that are merely counted, `DIMM 3`, `PROC 1 DIMM 12`: one of each channel is filled first, and then there are two.

    Up to four slots share two channels, as a desktop's do, up to six of one of several processors none. DDR5 has a channel for each of eight or twelve.
    """
    alone = {8, 12} if any(slot.get("TYPE", "").upper() == "DDR5" for slot in slots) else set()
    found = [re.match(r"(?:PROC|CPU|P) ?(\d)", slot.get("LOCATOR", "").upper()) for slot in slots]
    processors = Counter(match[1] for match in found if match)
    if len(processors) > 1:
        return sum(n if n <= _OWN or n in alone else n // 2 for n in processors.values())
    return len(slots) if len(slots) in alone else max(2, len(slots) // 2)


def _names(slots: list[dict[str, str]]) -> list[str]:
    """What names each slot's channel; empty where nothing does so for all that hold a module.

    Firmware writes one text into every BANK_LOCATOR at times: of the two the one counts by which there are more channels.
    """
    texts = [[slot.get(key, "").upper() for slot in slots] for key in ("BANK_LOCATOR", "LOCATOR")]
    ways = [_by_set(slots), *([_channel(text) for text in each] for each in texts)]
    filled = [_is_filled(slot) for slot in slots]
    whole = [
        names
        for names in ways
        if all(name for name, is_filled in zip(names, filled, strict=True) if is_filled)
    ]
    return max(whole, key=lambda names: len({*names}), default=[""] * len(slots))


def _by_set(slots: list[dict[str, str]]) -> list[str]:
    """Dell's: the slots of a processor that are numbered side by side in one SET lie in as many channels; A7 to A12 are the second ones of those of A1 to A6."""
    sets: dict[tuple[str, str], list[int]] = {}
    places = [_OF_PROCESSOR.fullmatch(slot.get("LOCATOR", "").upper()) for slot in slots]
    for slot, place in zip(slots, places, strict=True):
        if place and slot.get("SET"):
            sets.setdefault((place[1], slot["SET"]), []).append(int(place[2]))
    deepest = max((number for numbers in sets.values() for number in numbers), default=0)
    if deepest <= _DEEPEST or any(len(numbers) == 1 for numbers in sets.values()):
        return [""] * len(slots)
    return [
        f"{place[1]} {int(place[2]) - min(sets[place[1], slot['SET']])}" if place and slot.get("SET") else ""
        for slot, place in zip(slots, places, strict=True)
    ]


def _channel(text: str) -> str:
    """What names a slot's channel, with its controller and socket; empty where nothing does.

    >>> _channel("P0 CHANNEL B"), _channel("CONTROLLER1-CHANNELA-DIMM0")
    ('P0 CHANNEL B', 'CONTROLLER1-CHANNELA')
    >>> _channel("DIMM_B2"), _channel("DIMM_B12"), _channel("DIMM 3"), _channel("BANK 3")
    ('DIMM_B', '', '', '')
    """
    match = _CHANNEL.match(text) or _BY_LETTER.match(text)
    return match[0] if match else ""
