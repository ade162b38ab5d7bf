"""Sizes and bandwidths as people write them, and sizes as moefit prints them. Inside, bytes are ints."""

from __future__ import annotations

import re
from typing import Final

from moefit.errors import UsageError

KIB: Final = 1 << 10
MIB: Final = 1 << 20
GIB: Final = 1 << 30

_UNITS: Final = {
    "": 1,
    "b": 1,
    "k": KIB,
    "kib": KIB,
    "kb": 10**3,
    "m": MIB,
    "mib": MIB,
    "mb": 10**6,
    "g": GIB,
    "gib": GIB,
    "gb": 10**9,
    "t": 1 << 40,
    "tib": 1 << 40,
    "tb": 10**12,
}
"""Bytes of each unit, lower case; a bare K, M, G or T is binary, as llama.cpp and systemd read it."""

_QUANTITY: Final = re.compile(
    r"(?P<integer>[0-9]{1,20})(?:\.(?P<fraction>[0-9]{0,20}))?\s*(?P<unit>[a-z]*)",
    re.IGNORECASE | re.ASCII,
)

_LARGEST: Final = 1 << 60
"""An exbibyte: anything above is a slip of the keyboard."""
_SLOWEST: Final = 10**6
"""Bytes per second: slower is no memory and no link to a GPU."""
_SLOW: Final = 10**8
"""Bytes per second that are told in MB/s."""

_SIZE_HINT: Final = "sizes are written 11.62GiB, 800MiB, 12GB (10^9) or a number of bytes"
_BANDWIDTH_HINT: Final = "bandwidths are bytes per second: 360GB/s, 25GiB/s or a number"


def parse_size(text: str) -> int:
    """The bytes that `text` means, rounded to the nearest: `32GiB`, `800MiB`, `12GB`, `11.62GiB` or plain bytes.

    Raises:
        UsageError: `text` is not a size, or is negative or absurdly large, or a number without a unit that is absurdly small.

    >>> parse_size("11.62GiB")
    12476879995
    >>> parse_size("12GB")
    12000000000
    """
    size = _parse(text)
    if size is None:
        raise UsageError(f"not a size: {text!r}", _SIZE_HINT)
    if _is_slip(text, size):
        raise UsageError(f"{text.strip()} is a number of bytes", f"{text.strip()}GiB, or {text.strip()}MiB")
    return size


def option_size(option: str, text: str) -> int:
    """The bytes that the value of an option means.

    Raises:
        UsageError: as `parse_size` has it, the option named in front.
    """
    try:
        return parse_size(text)
    except UsageError as error:
        raise UsageError(f"{option}: {error.message}", error.hint) from None


def parse_bandwidth(text: str) -> int:
    """The bytes per second that `text` means, above zero: `360GB/s`, `25GiB/s`, `360GB` or a plain number.

    Raises:
        UsageError: `text` is not a bandwidth, or absurdly small.

    >>> parse_bandwidth("360GB/s")
    360000000000
    """
    bandwidth = _parse(re.sub(r"/\s*s(ec)?\s*$", "", text, flags=re.IGNORECASE))
    if not bandwidth:
        raise UsageError(f"not a bandwidth: {text!r}", _BANDWIDTH_HINT)
    if _is_slip(text, bandwidth):
        raise UsageError(f"{text.strip()} is a number of bytes per second", f"{text.strip()}GB/s")
    if bandwidth < _SLOWEST:
        raise UsageError(f"not a bandwidth: {text!r} is slower than 1 MB/s", _BANDWIDTH_HINT)
    return bandwidth


def _is_slip(text: str, found: int) -> bool:
    """Whether a number without a unit is too small to be meant in bytes."""
    return 0 < found < MIB and text.strip()[-1:].isdigit()


def format_size(size: int) -> str:
    """`size` bytes for a person: `11.62 GiB`, or whole MiB where that is below one GiB; the sign is kept.

    >>> format_size(12476879995), format_size(800 * MIB), format_size(-MIB)
    ('11.62 GiB', '800 MiB', '-1 MiB')
    """
    if abs(size) >= GIB:
        return f"{size / GIB:.2f} GiB"
    if abs(size) >= MIB or size == 0:
        return f"{size / MIB:.0f} MiB"
    return f"{size / MIB:.2f} MiB"


def format_bandwidth(bandwidth: int) -> str:
    """`bandwidth` bytes per second for a person, in the vendors' decimal unit: `360 GB/s`.

    >>> format_bandwidth(360_000_000_000), format_bandwidth(6_600_000_000), format_bandwidth(12_500_000)
    ('360 GB/s', '6.6 GB/s', '12 MB/s')
    """
    figure = bandwidth / 10**9
    if bandwidth < _SLOW:
        return f"{bandwidth / 10**6:.0f} MB/s"
    return f"{figure:.0f} GB/s" if figure >= 100 else f"{figure:.1f} GB/s"


def _parse(text: str) -> int | None:
    """The number and unit of `text` as an integer, or None where it is neither or out of range."""
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        return None
    factor = _UNITS.get(match["unit"].lower())
    if factor is None:
        return None
    fraction = match["fraction"] or ""
    scale = 10 ** len(fraction)
    size = (int(match["integer"] + fraction) * factor + scale // 2) // scale
    return size if size <= _LARGEST else None


def counted(number: int, what: str) -> str:
    """So many of something.

    >>> counted(1, "layer"), counted(48, "layer"), counted(32768, "token")
    ('1 layer', '48 layers', '32,768 tokens')
    """
    return f"{number} {what}" if number == 1 else f"{number:,} {what}s"
