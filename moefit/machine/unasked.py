"""GPUs that sysfs shows where no program or driver has told of a device: none is passed over without a word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from moefit.machine.catalogue import card_of_driver
from moefit.machine.holders import Holders
from moefit.machine.overhead import context_overhead
from moefit.machine.sysfs import Adapter
from moefit.machine.types import Device

_ASK: Final = "put a llama-server on the PATH, which names it"


def from_sysfs(
    adapters: Sequence[Adapter], *, computing: bool, held: Holders | None = None
) -> tuple[tuple[Device, ...], tuple[str, ...]]:
    """The devices that can be told of without a program, and a word for every GPU.

    AMD's cards tell their memory and link. As what a program will name them depends on its build: ROCm where AMD's driver for
    computing is here (`computing`), else Vulkan. A processor's own GPU is a device only where the catalogue knows that people
    compute on it, and Intel's cards do not tell their memory.
    """
    devices: list[Device] = []
    words = []
    backend = "ROCm" if computing else "Vulkan"
    for adapter in adapters:
        kind = "GPU of the processor" if adapter.integrated else "card"
        called = f"{adapter.name} at {adapter.slot}" if adapter.name else f"at {adapter.slot}"
        device = _device(adapter, f"{backend}{len(devices)}", (held or {}).get(adapter.slot, ()))
        if device is None:
            words.append(f"{_article(adapter.vendor)} {kind} is here ({called}): {_ASK}")
        else:
            devices.append(device)
            words.append(
                f"{_article(adapter.vendor)} {kind} is here ({called}), taken for {device.name}: {_ASK}"
            )
    return tuple(devices), tuple(words)


def others(adapters: Sequence[Adapter]) -> tuple[str, ...]:
    """A word for every card of a maker whose driver was not asked, where another's was: only a program names it."""
    return tuple(
        f"{_article(adapter.vendor)} card is here ({adapter.name or 'at ' + adapter.slot}): {_ASK}"
        for adapter in adapters
        if adapter.vendor != "NVIDIA" and not adapter.integrated
    )


def _device(adapter: Adapter, name: str, held: tuple[tuple[str, int], ...]) -> Device | None:
    card = card_of_driver(adapter.name, adapter.total) if adapter.name else None
    if adapter.vendor != "AMD" or not adapter.total or (adapter.integrated and card is None):
        return None
    return Device(
        name=name,
        free=min(adapter.free, adapter.total),
        total=adapter.total,
        description=adapter.name or "AMD GPU",
        bandwidth=card.bandwidth if card else None,
        link_bandwidth=adapter.link or (card.link_bandwidth if card else None),
        compute=card.compute if card else None,
        overhead=context_overhead(name, card.multiprocessors if card else None),
        integrated=adapter.integrated,
        source="sysfs",
        link_now=adapter.link_now,
        link_most=adapter.link_most,
        held=held,
    )


def _article(vendor: str) -> str:
    return f"{'a' if vendor == 'NVIDIA' else 'an'} {vendor}"
