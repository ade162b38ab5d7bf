"""What the kernel tells of cards that a program lists and NVML does not know: links and holders, where it is plain which card is which."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from moefit.machine.link import pcie_bandwidth
from moefit.machine.makers import maker_of
from moefit.machine.sighted import is_remote, short_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from moefit.machine.holders import Holders
    from moefit.machine.sysfs import Adapter
    from moefit.machine.types import Device
_MOST_OF_PCIE: Final = pcie_bandwidth(6, 16)
"""A card that does more is not fed by the link that its bus tells."""
_NEAR: Final = 0.02
"""Of a card's memory, what may be taken or given back between two looks."""


def with_links(devices: Iterable[Device], adapters: Sequence[Adapter]) -> tuple[Device, ...]:
    """The devices, each with the link of the card on the bus that it must be: by name, or where all of its vendor's have the same."""
    return tuple(_with_link(device, _adapters(device, adapters)) for device in devices)


def _adapters(device: Device, adapters: Sequence[Adapter]) -> list[Adapter]:
    """The cards that a device may be."""
    if device.integrated or device.source != "llama-server" or is_remote(device):
        return []
    vendor = maker_of(device.description)
    cards = [one for one in adapters if one.vendor == vendor and not one.integrated]
    named = [one for one in cards if one.name and short_name(one.name) == short_name(device.description)]
    return named or cards


def _with_link(device: Device, cards: Sequence[Adapter]) -> Device:
    links = {(card.link, card.link_now, card.link_most) for card in cards}
    if len(links) != 1 or (device.link_bandwidth or 0) > _MOST_OF_PCIE:
        return device
    [(link, now, most)] = links
    return replace(device, link_bandwidth=link or device.link_bandwidth, link_now=now, link_most=most)


def with_holders(devices: Iterable[Device], adapters: Sequence[Adapter], held: Holders) -> tuple[Device, ...]:
    """The devices, each with who holds its memory: of the card that it must be, of several alike the one with as much memory free."""
    return tuple(_with_holders(device, _adapters(device, adapters), held) for device in devices)


def _with_holders(device: Device, cards: Sequence[Adapter], held: Holders) -> Device:
    near = [card for card in cards if abs(card.free - device.free) <= _NEAR * device.total]
    found = cards if len(cards) == 1 else near
    return replace(device, held=held.get(found[0].slot, ())) if len(found) == 1 else device
