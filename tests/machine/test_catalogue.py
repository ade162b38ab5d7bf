from __future__ import annotations

import re

import pytest

from moefit.errors import UsageError
from moefit.machine.card import Card
from moefit.machine.catalogue import CARDS, card_of_driver, find_card, similar_cards
from moefit.sizes import GIB, MIB
from tests.each import each


def test_every_key_finds_its_own_card() -> None:
    assert [] == [card.key for card in CARDS if find_card(card.key) != card]


def test_every_driver_name_with_its_memory_finds_its_own_card() -> None:
    names = [(card, name) for card in CARDS for name in (card.description, *card.other_names)]
    assert [] == [(card.key, name) for card, name in names if card_of_driver(name, card.total) != card]


def implausible(card: Card) -> list[str]:
    """Figures of no plausible size."""
    found = {
        "memory": 2.9 * GIB < card.total < 400 * GIB,
        "bandwidth": 55e9 < card.bandwidth < 9e12,
        "compute": 2e12 < card.compute < 2.6e15,
        "link": card.integrated or 0.2e9 < card.link_bandwidth < (450e9 if card.link_gbs else 64e9),
        "overhead": 250 * MIB <= card.device("CUDA0").overhead <= 500 * MIB,
    }
    return [name for name, plausible in found.items() if not plausible]


def test_figures_are_of_a_plausible_size() -> None:
    assert {} == {card.key: implausible(card) for card in CARDS if implausible(card)}


PER_CLOCK = {
    r"gtx-9.*|titan-x|quadro-m\d.*|m40.*|m60|p100.*|quadro-gp100": 256,
    r"gtx-10.*|p10\d-100|titan-x-pascal|titan-xp|quadro-p\d.*|p40?": 512,
    r"gtx-16.*|t400.*|t600|t1000.*|t1200.*|t2000.*|cmp-[45789].*|cmp-100.*": 256,
    r"a30|a100-.*|a800.*|jetson.*orin.*": 2048,
    r"l40|cmp-170hx.*": 512,
    r"h100.*|h200.*|gh200.*|h800|jetson-thor": 4096,
    r"b[23]00": 8192,
    r"k80": 384,
}
"""Keys -> operations of a multiprocessor in a clock; 1024 of the others."""


def per_clock(card) -> int:
    return next((number for keys, number in PER_CLOCK.items() if re.fullmatch(keys, card.key)), 1024)


def test_throughput_follows_from_multiprocessors_at_a_clock_the_card_can_run_at() -> None:
    """A figure with sparsity, as some datasheets give it, would need twice the clock."""
    cards = [card for card in CARDS if card.backend == "CUDA"]
    clocks = {card.key: card.compute / (card.multiprocessors * per_clock(card)) for card in cards}
    assert {} == {key: clock for key, clock in clocks.items() if not 0.75e9 < clock < 2.8e9}
    assert len(clocks) > 100


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
    "M1 Max 24-core": "m1-max-24-core",
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
    "B70": "arc-pro-b70",
    "rx 6800m": "rx-6800m",
    "gtx-1650": "gtx-1650",
    "GTX 1650 Super": "gtx-1650-super",
    "1650 ti": "gtx-1650-ti-laptop",
    "1060": "gtx-1060-6gb",
    "1060 3gb": "gtx-1060-3gb",
    "GTX 970": "gtx-970",
    "rtx-3050": "rtx-3050-8gb",
    "RTX 2070 Max-Q": "rtx-2070-laptop",
    "2080 super mobile": "rtx-2080-super-laptop",
    "NVIDIA RTX A2000 8GB Laptop GPU": "a2000-laptop-8gb",
    "Quadro P2000": "quadro-p2000",
    "NVIDIA T1000 8GB": "t1000-8gb",
    "Tesla M40": "m40-24gb",
    "P100 12GB": "p100-12gb",
    "jetson orin nano": "jetson-orin-nano",
    "Jetson AGX Orin 64GB": "jetson-agx-orin-64gb",
    "jetson orin nx 16gb": "jetson-orin-nx-16gb",
    "rx-6500xt": "rx-6500-xt",
    "rx 580 4gb": "rx-580-4gb",
    "vega 56": "rx-vega-56",
    "radeon pro w6600": "w6600",
    "steam deck": "steam-deck",
    "z1 extreme": "ryzen-z1-extreme",
    "Arc A770M": "arc-a770m",
    "arc a310": "arc-a310",
    "m4": "m4",
    "Tesla K80": "k80",
    "GH200": "gh200-96gb",
    "NVIDIA GH200 480GB": "gh200-96gb",
    "GH200 144GB": "gh200-144gb",
    "B300": "b300",
    "b300 288gb": "b300",
}
"""What users write -> the card's key."""


@each(SPELLINGS.items())
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


def test_battlemage_cards_that_mesa_names_alike_are_told_apart_by_memory() -> None:
    found = [card_of_driver("Intel(R) Graphics (BMG G21)", size * MIB) for size in (16304, 24480)]
    assert ["arc-pro-b50", "arc-pro-b60"] == [card.key for card in found if card]
    largest = card_of_driver("Intel(R) Graphics (BMG G31)", 32656 * MIB)
    assert largest is not None
    assert "arc-pro-b70" == largest.key


@pytest.mark.parametrize(
    ("name", "memory", "key"),
    [
        ("Apple M4 Max", 36, "m4-max-32-core"),
        ("Apple M4 Max", 48, "m4-max"),
        ("Apple M4 Max", 128, "m4-max"),
        ("Apple M3 Max", 96, "m3-max-30-core"),
        ("Apple M3 Max", 64, "m3-max"),
        ("Apple M5 Max", 36, "m5-max-32-core"),
        ("Apple M1 Max", 32, "m1-max"),
    ],
)
def test_memory_that_is_sold_with_fewer_gpu_cores_alone_tells_them(name: str, memory: int, key: str) -> None:
    card = card_of_driver(name, memory * GIB * 3 // 4)
    assert card is not None
    assert key == card.key


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


def test_a_key_that_says_its_memory_says_what_its_box_does() -> None:
    said = [(card, re.search(r"-(\d+)gb$", card.key)) for card in CARDS]
    assert [] == [card.key for card, size in said if size and int(size[1]) != card.box]
    assert any(size for _, size in said)
