"""Which GPUs nobody can add to, by what their drivers call them."""

from __future__ import annotations

import pytest

from moefit.machine.cards import CARDS
from moefit.machine.soldered import is_soldered
from moefit.machine.types import Device

GIB = 1 << 30


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("NVIDIA GeForce RTX 9990 Laptop GPU", True),
        ("NVIDIA GeForce GTX 1070 with Max-Q Design", True),
        ("NVIDIA GeForce MX450", True),
        ("NVIDIA GeForce 940MX", True),
        ("NVIDIA GeForce GTX 980M", True),
        ("Quadro M2000M", True),
        ("AMD Radeon RX 7700S", True),
        ("Intel(R) Arc(TM) A770M Graphics", True),
        ("NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition", False),
        ("NVIDIA GeForce RTX 4080 SUPER", False),
        ("AMD Radeon RX 580 2048SP", False),
        ("NVIDIA L40S", False),
        ("AMD Instinct MI300X", False),
        ("Tesla K80m", False),
        ("", False),
    ],
)
def test_a_name_tells_a_laptop_s_card(description: str, expected: bool) -> None:
    device = Device("CUDA0", 8 * GIB, 8 * GIB, description=description, overhead=0)
    assert expected == is_soldered(device)


def test_cards_of_the_catalogue_are_soldered_as_their_keys_and_links_say() -> None:
    wrong = [
        card.key
        for card in CARDS
        if ("-laptop" in card.key or card.integrated or card.cores is not None)
        and not is_soldered(card.device(f"{card.backend}0"))
    ]
    assert [] == wrong


def test_desktop_cards_of_the_catalogue_are_not() -> None:
    desktop = {
        "rtx-3060",
        "rtx-5090",
        "rtx-4090",
        "rx-7900-xtx",
        "arc-b580",
        "h200",
        "l40s",
        "t4",
        "a6000",
        "mi50-32gb",
    }
    found = {card.key for card in CARDS if is_soldered(card.device(f"{card.backend}0"))}
    assert set() == desktop & found
