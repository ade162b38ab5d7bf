"""Who wants more memory is told a card that is sold."""

from __future__ import annotations

import pytest

from moefit.machine.catalogue import find_card
from moefit.machine.larger_card import larger_card

GIB = 1 << 30


@pytest.mark.parametrize(
    ("key", "more", "larger"),
    [
        ("rtx-3060", 8, "rtx-3090"),
        ("rtx-4060-ti-8gb", 8, "rtx-4060-ti-16gb"),
        ("gtx-1660-super", 8, "rtx-5060-ti-16gb"),
        ("rx-6800", 8, "rx-7900-xtx"),
        ("a4000", 8, "rtx-4500-ada"),
        ("h100", 8, "h100-nvl"),
        ("rtx-5090", 8, None),
        ("gtx-970", 4, "rtx-3050-8gb"),
        ("t600", 4, "t1000-8gb"),
        ("p104-100", 4, None),
        ("rtx-3060", 64, None),
    ],
)
def test_it_is_of_the_same_line_and_of_no_more_memory_than_will_do(key, more, larger) -> None:
    card = find_card(key)
    assert card is not None
    found = larger_card(card, card.total + more * GIB)
    assert larger == (found and found.key)
