"""No layout moves unseen, whatever a ledger, its rooms and a user's demands are (tests/placement/layouts.py)."""

from __future__ import annotations

import json
import random

import pytest

from moefit.machine.types import CPU
from moefit.placement.standard import standard
from moefit.placement.two_pass import two_pass
from tests.placement.layouts import DRAWS, FILE, layouts, ledger, rooms

KNOWN = json.loads(FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("number", range(0, len(KNOWN), 20))
def test_a_layout_is_what_it_was(number: int) -> None:
    some = range(number, number + 20)
    assert KNOWN[number : number + 20] == [layouts(one) for one in some]


@pytest.mark.parametrize("strategy", [standard, two_pass])
def test_where_the_order_of_devices_stays_runs_follow_it(strategy) -> None:
    for number in range(DRAWS):
        chance = random.Random(f"layouts/{number}")
        sizes, given = ledger(chance), rooms(chance)
        placed = [room for room in strategy(sizes, given, ordered=True).slots if room != CPU]
        assert sorted(placed) == placed
