"""`moefit cards WORD`: a maker, a family, a part of a name, a memory, in any spelling."""

from __future__ import annotations

import re

import pytest

from moefit.errors import UsageError
from moefit.machine.card_filter import cards_like
from moefit.machine.cards import CARDS
from moefit.machine.catalogue import find_card
from tests.each import each
from tests.machine.test_catalogue import SPELLINGS


def keys(text):
    return {card.key for card in cards_like(text)}


@pytest.mark.parametrize(
    ("maker", "backends", "first"),
    [
        ("nvidia", {"CUDA"}, "NVIDIA "),
        ("amd", {"ROCm", "Vulkan"}, "AMD "),
        ("Intel", {"Vulkan"}, "Intel"),
        ("APPLE", {"MTL"}, "Apple "),
    ],
)
def test_a_maker_is_all_of_its_cards_and_no_others(maker, backends, first):
    own = ("NVIDIA ", "Tesla ", "Quadro ", "Orin", "Xavier") if first == "NVIDIA " else (first,)
    theirs = {card.key for card in CARDS if card.description.startswith(own)}
    assert theirs == keys(maker)
    assert backends == {card.backend for card in cards_like(maker)}


def test_the_makers_have_every_card_once():
    found = [card for maker in ("nvidia", "amd", "intel", "apple") for card in cards_like(maker)]
    assert sorted(card.key for card in CARDS) == sorted(card.key for card in found)


@pytest.mark.parametrize(
    ("family", "inside", "outside"),
    [
        ("radeon", {"rx-7900-xtx", "radeon-vii", "strix-halo"}, {"mi100"}),
        ("instinct", {"mi100", "mi300x"}, {"rx-580"}),
        ("GeForce", {"rtx-3060", "gtx-1080"}, {"a6000", "t4"}),
        ("tesla", {"p40", "t4"}, {"a100-40gb"}),
        ("arc", {"arc-b580", "arc-pro-b60"}, {"rtx-3060"}),
        ("rtx 30 series", {"rtx-3050-6gb", "rtx-3090-ti", "rtx-3080-laptop-16gb"}, {"rtx-4060", "mi300x"}),
        ("3000 series", {"rtx-3060"}, {"rtx-2060"}),
        ("40xx", {"rtx-4090", "rtx-4060-laptop"}, {"a40"}),
        ("rx 7000 series", {"rx-7600", "rx-7900m"}, {"rx-6600"}),
        ("m4", {"m4", "m4-pro", "m4-max"}, {"m40-24gb-x"}),
        ("nvidia laptop", {"rtx-4090-laptop"}, {"rx-6800m"}),
        ("rocm", {"rx-7900-xtx"}, {"rx-580"}),
        ("mac", {"m1-max"}, {"mi50-16gb"}),
    ],
)
def test_a_family_is_its_cards(family, inside, outside):
    assert (inside, set()) == (inside & keys(family), outside & keys(family))


@pytest.mark.parametrize("text", ["12GB", "12 GB", "12g", "12GiB", "12 gb vram", "cards with 12GB"])
def test_a_memory_is_all_cards_with_it(text):
    assert {card.key for card in CARDS if card.box == 12} == keys(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("RTX 3060 12GB", {"rtx-3060"}),
        ("amd 24gb", {"rx-7900-xtx"}),
        ("11.6GiB rtx 3060", {"rtx-3060"}),
        ("2x4080s", {"rtx-4080-super"}),
        ("a100 80GB + 5060 ti 16gb", {"a100-80gb", "rtx-5060-ti-16gb"}),
        ("4060 ti 16g,free=10GiB", {"rtx-4060-ti-16gb"}),
        ("m1-max-32gb", {"m1-max-32gb"}),
        ("rtx-4060-ti", {"rtx-4060-ti-8gb", "rtx-4060-ti-16gb"}),
    ],
)
def test_a_name_may_have_its_memory_and_be_one_of_several(text, found):
    assert found == keys(text)


@each(SPELLINGS)
def test_what_gpu_takes_is_found(text):
    card = find_card(text)
    assert card is not None
    assert card.key in keys(text)


@each(CARDS)
def test_every_name_finds_its_card(card):
    for name in (card.key, *card.other_keys, card.description, *card.other_names):
        assert card in cards_like(name)


@pytest.mark.parametrize("text", ["rtx-3099", "none", "7gb", "amd rtx", "intel 80gb", "voodoo", "*", "("])
def test_what_no_card_has_is_an_error(text):
    with pytest.raises(UsageError, match=f"no card has {re.escape(text)} in its name"):
        cards_like(text)


def test_another_memory_than_it_is_sold_with_is_told():
    with pytest.raises(UsageError, match="rtx-4090 has 24 GB, not 48"):
        cards_like("RTX 4090 48GB")


def test_a_slip_names_its_neighbour():
    with pytest.raises(UsageError) as caught:
        cards_like("rtx-3099")
    assert "rtx-3090" in (caught.value.hint or "")


@pytest.mark.parametrize(("text", "first"), [("m3", "m3"), ("a100", "a100-40gb"), ("3060", "rtx-3060")])
def test_what_is_called_so_comes_first(text, first):
    assert first == cards_like(text)[0].key
