"""The memory modules of a host: what they are rated at, and what its cores really get from them."""

from __future__ import annotations

import re
from typing import Final

from moefit.machine.natural import natural
from moefit.values import dataclass

_TIMES: Final = r"\s*[x\u00d7*]\s*"
_RATING: Final = re.compile(
    rf"(?:(?P<before>\d{{1,2}}){_TIMES})?(?P<kind>(?:lp)?ddr[2-6])x?[-\s](?P<speed>\d{{3,5}})(?:\s*MT/s)?(?:{_TIMES}(?P<behind>\d{{1,2}}))?",
    re.IGNORECASE,
)
_CHANNEL: Final = re.compile(r".*(?<![A-Z])CH(?:ANNEL)?[ _-]?(?:[A-Z]|\d{1,2})(?![A-Z0-9])")
_BY_LETTER: Final = re.compile(r".*(?<![A-Z])DIMM[ _-]?(?:P\d[ _-])?[A-Z](?=\d?\b)")
"""A slot's channel: `P0 CHANNEL A`, `CPU0_CH0_DIMM1`; or by the letter alone: `DIMM_A1`, `CPU1_DIMM_A1`, `DIMM_P0_A1`."""
_CHANNEL_BYTES: Final = 8
"""A channel is 64 bits wide. One of DDR5 is two halves, which count together; LPDDR's are added up to 64."""
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
    set of MEMORY_DEVICE_n_* for each slot. Modules are told apart by the slot's locator; two in one channel share it.
    """
    slots = _slots(database)
    kinds = {slot.get("TYPE", "").upper().removesuffix("X") for slot in slots}
    speeds = [slot.get("CONFIGURED_SPEED_MTS") or slot.get("SPEED_MTS", "") for slot in slots]
    if len(kinds) != 1 or not all(re.fullmatch(r"[1-9]\d{2,4}", speed) for speed in speeds):
        return None
    kind = kinds.pop()
    if not re.fullmatch(r"(?:LP)?DDR\d", kind):
        return None
    return Modules(kind, min(map(int, speeds)), min(_MOST_CHANNELS, _channels(slots)))


def _slots(database: str) -> list[dict[str, str]]:
    """The slots that hold a module, each with its properties."""
    found: dict[int, dict[str, str]] = {}
    for line in database.splitlines():
        match = re.fullmatch(r"E:MEMORY_DEVICE_(\d{1,3})_([A-Z_]+)=(.*)", line)
        if match:
            found.setdefault(int(match[1]), {})[match[2]] = match[3].strip()
    return [
        slot
        for _, slot in sorted(found.items())
        if slot.get("PRESENT") != "0" and slot.get("SIZE", "1") != "0"
    ]


def _channels(slots: list[dict[str, str]]) -> int:
    """Channels of 64 bits: by the names of the slots' channels, else one for each module, but for four of a desktop, which share two."""
    widths: dict[str, int] = {}
    for index, slot in enumerate(slots):
        width = slot.get("DATA_WIDTH", "")
        widths.setdefault(_channel(slot) or f"#{index}", natural(width) or 64)
    if all(name.startswith("#") for name in widths) and len(widths) == 4:
        return 2
    return max(1, -(-sum(min(width, 64) for width in widths.values()) // 64))


def _channel(slot: dict[str, str]) -> str:
    """What names a slot's channel, with its controller and socket: `P0 CHANNEL A`, `Controller0-ChannelA-DIMM1`, `DIMM_A1`; empty where nothing does.

    >>> _channel({"BANK_LOCATOR": "P0 CHANNEL B", "LOCATOR": "DIMM 1"})
    'P0 CHANNEL B'
    >>> _channel({"BANK_LOCATOR": "BANK 0", "LOCATOR": "Controller1-ChannelA-DIMM0"})
    'CONTROLLER1-CHANNELA'
    >>> _channel({"LOCATOR": "DIMM_B2"}), _channel({"LOCATOR": "DIMM 3", "BANK_LOCATOR": "BANK 3"})
    ('DIMM_B', '')
    """
    for text in (slot.get("BANK_LOCATOR", "").upper(), slot.get("LOCATOR", "").upper()):
        match = _CHANNEL.match(text) or _BY_LETTER.match(text)
        if match:
            return match[0]
    return ""
