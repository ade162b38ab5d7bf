"""A pattern whose search never ends is an error in well under a second."""

from __future__ import annotations

import time

import pytest

from moefit.app import slow_patterns
from moefit.app.slow_patterns import check_patterns
from moefit.errors import UsageError
from moefit.launch.patterns import Rule, parse_overrides

NAMES = [f"blk.{i}.ffn_down_exps.weight" for i in range(48)]


@pytest.mark.parametrize("pattern", ["(a*)*(.*)*(.*)*b(.*)*c", "(.*[a-z]){20}@", "(\\w+\\.?)+$x"])
def test_a_search_that_never_ends_is_told(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_patterns, "_SECONDS", 0.02)
    begin = time.process_time()
    with pytest.raises(UsageError, match="takes for ever"):
        check_patterns([Rule(pattern, "CPU")], NAMES)
    assert time.process_time() - begin < 0.5


def test_usual_patterns_are_tried_at_once() -> None:
    begin = time.process_time()
    check_patterns(parse_overrides("blk\\.([0-9]+)\\..*_exps.*=CPU,(ffn_.*|attn.*)+=CPU"), NAMES)
    assert time.process_time() - begin < 0.2
