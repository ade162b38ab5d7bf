from __future__ import annotations

import pytest

from moefit.machine.cuda_order import NumberedGpu, Visible, devices_by_uuid, visible_gpus

SLOW = NumberedGpu("GPU-1111", "slow", 10)
FAST = NumberedGpu("GPU-2222", "fast", 30)
TWIN = NumberedGpu("GPU-2233", "fast", 30)
CARDS = (SLOW, FAST, TWIN)
BY_BUS = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}


def indices(cards: tuple[NumberedGpu, ...], **environment: str) -> list[int]:
    return [seen.index for seen in visible_gpus(cards, environment).devices]


def test_the_fastest_come_first_and_equals_keep_the_bus_order() -> None:
    assert [1, 2, 0] == indices(CARDS)


def test_pci_bus_id_keeps_the_bus_order_which_is_no_guess() -> None:
    order = visible_gpus(CARDS, BY_BUS)
    assert ([0, 1, 2], False) == ([one.index for one in order.devices], order.guessed)


def test_the_order_of_like_cards_is_no_guess() -> None:
    assert not visible_gpus((FAST, TWIN), {}).guessed


def test_unlike_cards_of_unknown_speed_keep_the_bus_order_as_a_guess() -> None:
    order = visible_gpus((NumberedGpu("GPU-1", "a", 0), FAST), {})
    assert ([0, 1], True) == ([one.index for one in order.devices], order.guessed)


@pytest.mark.parametrize(
    ("listed", "guessed"), [("1", True), ("GPU-1111,0", True), ("GPU-1111,GPU-2222", False), ("", False)]
)
def test_a_number_among_unlike_cards_is_a_guess_and_a_uuid_is_none(listed: str, *, guessed: bool) -> None:
    assert guessed == visible_gpus(CARDS, {"CUDA_VISIBLE_DEVICES": listed}).guessed


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ("0", [1]),
        ("2,0", [0, 1]),
        ("0, 1", [1, 2]),
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
        ("0,-1,1", [1]),
        ("0,9,1", [1]),
        ("9", []),
        ("0,x,1", [1]),
        ("1,1,0", [2]),
        ("GPU-1111", [0]),
        ("GPU-1", [0]),
        ("GPU-2222,GPU-1111", [1, 0]),
        ("GPU-22", []),
        ("GPU-3", []),
        ("gpu-1111", []),
        ("2222", []),
    ],
)
def test_visible_devices_are_picked_as_cuda_does(listed: str, expected: list[int]) -> None:
    """By number in CUDA's order or by an unambiguous beginning of a UUID; the first bad entry ends the list."""
    assert expected == indices(CARDS, CUDA_VISIBLE_DEVICES=listed)


def test_numbers_follow_the_bus_order_where_that_is_asked_for() -> None:
    assert [0] == indices(CARDS, CUDA_VISIBLE_DEVICES="0", **BY_BUS)


@pytest.mark.parametrize(
    "listed", ["0,9", "0,0", "GPU-22", "0,²", f"0,{'9' * 5000}"], ids=lambda text: text[:8]
)
def test_an_entry_that_cuda_ignores_is_a_warning(listed: str) -> None:
    assert 1 == len(visible_gpus(CARDS, {"CUDA_VISIBLE_DEVICES": listed, **BY_BUS}).warnings)


@pytest.mark.parametrize("listed", ["", "-1", "0,-1", "1"])
def test_hiding_cards_on_purpose_is_no_warning(listed: str) -> None:
    assert () == visible_gpus(CARDS, {"CUDA_VISIBLE_DEVICES": listed, **BY_BUS}).warnings


MIG = NumberedGpu("GPU-4444", "mig", 20, mig=("MIG-aaaa", "MIG-abbb"))


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        (None, [(0, "MIG-aaaa")]),
        ("0", [(0, "MIG-aaaa")]),
        ("GPU-4444", [(0, "MIG-aaaa")]),
        ("MIG-abbb", [(0, "MIG-abbb")]),
        ("MIG-ab", [(0, "MIG-abbb")]),
        ("MIG-a", []),
        ("MIG-zzzz", []),
    ],
)
def test_a_card_in_mig_mode_shows_one_part(listed: str | None, expected: list[tuple[int, str]]) -> None:
    environment = {} if listed is None else {"CUDA_VISIBLE_DEVICES": listed}
    assert expected == [(seen.index, seen.mig) for seen in visible_gpus((MIG,), environment).devices]


ONE = "0a1b2c3d-0000-1111-2222-333344445555"
TWO = "9a1b2c3d-0000-1111-2222-333344445555"
PART = "5a1b2c3d-0000-1111-2222-333344445555"


def test_what_cuda_lists_is_found_by_uuid_whatever_stands_in_front() -> None:
    cards = (NumberedGpu(f"GPU-{ONE}", "a", 1), NumberedGpu(f"GPU-{TWO}", "b", 2, mig=(f"MIG-{PART}",)))
    assert (Visible(1, f"MIG-{PART}"), Visible(0)) == devices_by_uuid(cards, [PART, ONE])


def test_a_uuid_that_nvml_does_not_know_leaves_the_question_open() -> None:
    assert devices_by_uuid((NumberedGpu(f"GPU-{ONE}", "a", 1),), [ONE, TWO]) is None
