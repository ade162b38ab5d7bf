"""Chips that are processor and GPU: the one named as a GPU says what the other is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moefit.machine.catalogue import card_of_driver
from moefit.machine.types import Cpu, Device

if TYPE_CHECKING:
    from collections.abc import Iterable

    from moefit.machine.card import Card


def chip(gpus: Iterable[Device]) -> Card | None:
    """The first of these GPUs that is also the processor, of which the cores are known."""
    cards = (card_of_driver(gpu.description, gpu.total) for gpu in gpus)
    return next((card for card in cards if card is not None and card.cores is not None), None)


def chip_cpu(gpus: Iterable[Device]) -> Cpu | None:
    """The processor that is one chip with one of these GPUs; None where none is known to be."""
    card = chip(gpus)
    if card is None or card.cores is None:
        return None
    return Cpu(cores=card.cores, threads=card.cores, assumed=True)
