"""The links of cards that a program lists and NVML does not know: sysfs tells them, where it is plain which card is which."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from moefit.machine.sighted import is_remote, short_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from moefit.machine.sysfs import Adapter
    from moefit.machine.types import Device

_MAKERS: Final = {"AMD": re.compile(r"\b(?:AMD|Radeon|gfx\d)", re.IGNORECASE), "Intel": re.compile(r"\bIntel\b|\bArc\b", re.IGNORECASE)}  # fmt: skip
"""By vendor, what the names of its cards have in them."""


def with_links(devices: Iterable[Device], adapters: Sequence[Adapter]) -> tuple[Device, ...]:
    """The devices, each with the link of the card on the bus that it must be: by name, or where all of its vendor's have the same."""
    return tuple(_with_link(device, _adapters(device, adapters)) for device in devices)


def _adapters(device: Device, adapters: Sequence[Adapter]) -> list[Adapter]:
    """The cards that a device may be."""
    if device.integrated or device.source != "llama-server" or is_remote(device):
        return []
    vendor = next((name for name, maker in _MAKERS.items() if maker.search(device.description)), None)
    cards = [one for one in adapters if one.vendor == vendor and not one.integrated]
    named = [one for one in cards if one.name and short_name(one.name) == short_name(device.description)]
    return named or cards


def _with_link(device: Device, cards: Sequence[Adapter]) -> Device:
    links = {(card.link, card.link_now, card.link_most) for card in cards}
    if len(links) != 1:
        return device
    [(link, now, most)] = links
    return replace(device, link_bandwidth=link or device.link_bandwidth, link_now=now, link_most=most)
