from __future__ import annotations

import pytest

from moefit.errors import UsageError
from moefit.machine.catalogue import CARDS, card_of_driver, find_card, similar_cards
from moefit.sizes import GIB, MIB


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.key)
def test_every_key_finds_its_own_card(card) -> None:
    assert card == find_card(card.key)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.key)
def test_every_driver_name_with_its_memory_finds_its_own_card(card) -> None:
    for name in (card.description, *card.other_names):
        assert card == card_of_driver(name, card.total)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.key)
def test_figures_are_of_a_plausible_size(card) -> None:
    assert 5 * GIB < card.total < 400 * GIB
    assert 65e9 < card.bandwidth < 9e12
    assert 5e12 < card.compute < 2.6e15
    assert card.integrated or 0.8e9 < card.link_bandwidth < 64e9
    assert 250 * MIB <= card.device("CUDA0").overhead <= 500 * MIB


PER_CLOCK = {
    "gtx-1060-6gb": 512,
    "gtx-1070": 512,
    "gtx-1070-ti": 512,
    "gtx-1080": 512,
    "p104-100": 512,
    "p102-100": 512,
    "p106-100": 512,
    "titan-x-pascal": 512,
    "titan-xp": 512,
    "quadro-p4000": 512,
    "quadro-p5000": 512,
    "quadro-p6000": 512,
    "p4": 512,
    "gtx-980-ti": 256,
    "m40-24gb": 256,
    "gtx-1660": 256,
    "a30": 2048,
    "l40": 512,
    "h100-nvl": 4096,
    "h200-nvl": 4096,
    "b200": 8192,
    "gtx-1660-super": 256,
    "gtx-1660-ti": 256,
    "gtx-1080-ti": 512,
    "p40": 512,
    "p100": 256,
    "a100-40gb": 2048,
    "a100-80gb": 2048,
    "h100": 4096,
    "h100-pcie": 4096,
    "h200": 4096,
}


@pytest.mark.parametrize(
    "card", [card for card in CARDS if card.backend == "CUDA"], ids=lambda card: card.key
)
def test_throughput_follows_from_multiprocessors_at_a_clock_the_card_can_run_at(card) -> None:
    """A figure with sparsity, as some datasheets give it, would need twice the clock."""
    clock = card.compute / (card.multiprocessors * PER_CLOCK.get(card.key, 1024))
    assert 1.0e9 < clock < 2.8e9


def test_keys_are_unique() -> None:
    assert len(CARDS) == len({card.key for card in CARDS})


SPELLINGS = {
    "RTX 3060": "rtx-3060",
    "rtx_3060": "rtx-3060",
    "3060": "rtx-3060",
    "NVIDIA GeForce RTX 3090 Ti": "rtx-3090-ti",
    "rtx3090ti": "rtx-3090-ti",
    "RTX 4060 Ti 16GB": "rtx-4060-ti-16gb",
    "3080": "rtx-3080",
    "7900xtx": "rx-7900-xtx",
    "Tesla P40": "p40",
    "RTX A6000": "a6000",
    "NVIDIA RTX 6000 Ada Generation": "rtx-6000-ada",
    "arc-b580": "arc-b580",
    "mi50-32gb": "mi50-32gb",
    "rtx-3060-12gb": "rtx-3060",
    "RTX 3060 12GB": "rtx-3060",
    "RTX 3060 (12 GB)": "rtx-3060",
    "rtx-3060-8gb": "rtx-3060-8gb",
    "4090 24gb": "rtx-4090",
    "RTX 4090 Laptop": "rtx-4090-laptop",
    "NVIDIA GeForce RTX 4090 Laptop GPU": "rtx-4090-laptop",
    "p104-100": "p104-100",
    "rx580": "rx-580",
    "rx-9060-xt": "rx-9060-xt",
    "rx 9060 xt 16gb": "rx-9060-xt",
    "Apple M1 Max": "m1-max",
    "dgx-spark": "gb10",
    "DGX Spark": "gb10",
    "strix-halo": "strix-halo",
    "780M": "radeon-780m",
    "4090m": "rtx-4090-laptop",
    "RTX 4070 Mobile": "rtx-4070-laptop",
    "3080 Ti mobile": "rtx-3080-ti-laptop",
    "4080s": "rtx-4080-super",
    "4070 ti s": "rtx-4070-ti-super",
    "3060 12g": "rtx-3060",
    "geforce rtx 3080 ti": "rtx-3080-ti",
    "A100-80GB": "a100-80gb",
    "m4 pro": "m4-pro",
    "M5 Max": "m5-max",
    "5060 ti 16gb": "rtx-5060-ti-16gb",
    "B60": "arc-pro-b60",
    "rx 6800m": "rx-6800m",
}
"""What users write -> the card's key."""


@pytest.mark.parametrize(("text", "key"), SPELLINGS.items())
def test_users_spell_cards_in_many_ways(text: str, key: str) -> None:
    card = find_card(text)
    assert card is not None
    assert key == card.key


@pytest.mark.parametrize("text", ["", "rtx", "nvidia", "rtx-9999", "11.6GiB", "geforce rtx"])
def test_what_names_no_card_finds_none(text: str) -> None:
    assert find_card(text) is None


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("rtx-4060-ti", "say rtx-4060-ti-8gb or rtx-4060-ti-16gb"),
        ("a100", "say a100-40gb or a100-80gb"),
        ("AMD Instinct MI50", "say mi50-16gb or mi50-32gb"),
    ],
)
def test_a_card_with_two_memories_must_say_which(text: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_card(text)
    assert hint == caught.value.hint


def test_a_driver_tells_variants_apart_by_memory() -> None:
    card = card_of_driver("NVIDIA GeForce RTX 4060 Ti", 16380 * MIB)
    assert card is not None
    assert "rtx-4060-ti-16gb" == card.key


@pytest.mark.parametrize(
    ("name", "total"),
    [
        ("NVIDIA GeForce RTX 4090 Laptop", 16 * GIB),
        ("NVIDIA GeForce RTX 3060", 5 * GIB),
        ("NVIDIA Quadro P400", 2 * GIB),
    ],
)
def test_a_driver_name_that_only_resembles_a_card_finds_none(name: str, total: int) -> None:
    assert card_of_driver(name, total) is None


def test_an_integrated_gpu_is_known_whatever_memory_it_was_given() -> None:
    card = card_of_driver("AMD Radeon 8060S Graphics", 64 * GIB)
    assert card is not None
    assert card.integrated


def test_a_slip_of_the_keyboard_finds_similar_cards() -> None:
    assert "rtx-3090" in similar_cards("rtx-3099")


def test_a_memory_that_the_card_is_not_sold_with_is_refused() -> None:
    with pytest.raises(UsageError, match="rtx-4090 has 24 GB, not 48"):
        find_card("rtx-4090-48gb")


@pytest.mark.parametrize(
    ("text", "gib"), [("m1-max", 48), ("m1-max-32gb", 21), ("m3-ultra-96gb", 72), ("strix-halo-64gb", 48)]
)
def test_a_gpu_has_its_part_of_a_unified_memory(text: str, gib: int) -> None:
    card = find_card(text)
    assert card is not None
    assert gib == card.total // GIB


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.key)
def test_a_key_that_says_its_memory_says_what_its_box_does(card) -> None:
    said = card.key.rpartition("-")[2]
    if said.endswith("gb") and said[:-2].isdigit():
        assert int(said[:-2]) == card.box
