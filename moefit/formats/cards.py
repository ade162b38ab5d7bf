"""`moefit cards`: the catalogue that --gpu reads."""

from __future__ import annotations

import json
from collections.abc import Iterable

from rich.console import Console

from moefit.formats.page import Rows, columns
from moefit.machine.card import Card
from moefit.sizes import format_bandwidth, format_size


def show_cards(cards: Iterable[Card], console: Console) -> None:
    """One row for each name of a card."""
    table = columns()
    for column in ("--gpu", "memory", "bandwidth", "link", "FP16", "backend"):
        table.add_column(
            column, justify="right" if column in {"memory", "bandwidth", "FP16"} else "left", no_wrap=True
        )
    for card in cards:
        figures = (
            format_size(card.total),
            format_bandwidth(card.bandwidth),
            _link(card),
            f"{card.tensor_tflops:g} T",
            card.backend,
        )
        for key in (card.key, *card.other_keys):
            table.add_row(key, *figures)
    console.print(Rows(table), crop=False)


def _link(card: Card) -> str:
    if card.pcie is None:
        return "host's memory"
    return "NVLink-C2C" if card.link_gbs else f"PCIe {card.pcie[0]} x{card.pcie[1]}"


def cards_json(cards: Iterable[Card]) -> str:
    """The same as one JSON document, a newline at its end."""
    rows = [
        {
            "key": card.key,
            "other_keys": list(card.other_keys),
            "description": card.description,
            "total": card.total,
            "bandwidth": card.bandwidth,
            "link_bandwidth": card.link_bandwidth,
            "compute": card.compute,
            "integrated": card.integrated,
            "backend": card.backend,
        }
        for card in cards
    ]
    return json.dumps({"version": 1, "cards": rows}, indent=2) + "\n"
