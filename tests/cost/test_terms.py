"""Every term of launches on machines of many kinds is what it was: what a rule gives otherwise shows here by itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cost.terms import FILE, constants_of
from tests.cost.worlds import WORLDS

KEPT: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("index", range(len(WORLDS)))
def test_a_launch_takes_what_it_took(index: int) -> None:
    with constants_of(KEPT["constants"]):
        assert KEPT["terms"][index] == WORLDS[index](), "python -m tests.cost.terms says what moved"
