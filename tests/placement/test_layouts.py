"""No layout moves unseen, whatever a ledger, its rooms and a user's demands are (tests/placement/layouts.py)."""

from __future__ import annotations

import json

import pytest

from tests.placement.layouts import FILE, layouts

KNOWN = json.loads(FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("number", range(0, len(KNOWN), 20))
def test_a_layout_is_what_it_was(number: int) -> None:
    some = range(number, number + 20)
    assert KNOWN[number : number + 20] == [layouts(one) for one in some]
