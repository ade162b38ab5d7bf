from __future__ import annotations

from pathlib import Path

import pytest

from moefit.errors import UsageError
from moefit.launch.ecmascript import compile_ecmascript

CASES = [
    tuple(line.split("\t"))
    for line in Path(__file__).with_name("regex_cases.tsv").read_text(encoding="utf-8").splitlines()
]


def answer(pattern: str, name: str) -> str:
    try:
        return "1" if compile_ecmascript(pattern).search(name) else "0"
    except UsageError:
        return "x"


def test_every_recorded_answer_of_std_regex_is_ours() -> None:
    """regex_oracle.cpp wrote the answers: found, not found, or refused."""
    assert {case: case[2] for case in CASES} == {case: answer(*case[:2]) for case in CASES}


@pytest.mark.parametrize("pattern", ["(?i)exps", "(?<=a)b", "(?P<n>a)", "blk.{", "(exps", "exps)", "*exps"])
def test_what_std_regex_refuses_is_a_usage_error(pattern: str) -> None:
    with pytest.raises(UsageError, match="no regular expression"):
        compile_ecmascript(pattern)


def test_a_dollar_is_the_very_end() -> None:
    assert compile_ecmascript("weight$").search("weight\n") is None
