"""Workloads by name and by numbers."""

from __future__ import annotations

import pytest

from moefit.cost.workload import Workload, parse_workload
from moefit.errors import UsageError


@pytest.mark.parametrize(
    ("text", "prompt", "generated"),
    [
        ("chat", 2048, 512),
        ("agent", 16384, 512),
        ("rag", 8192, 256),
        ("batch", 4096, 64),
        ("Chat ", 2048, 512),
        ("512:0", 512, 0),
        ("0:128", 0, 128),
    ],
)
def test_a_workload_is_a_name_or_two_numbers(text: str, prompt: int, generated: int) -> None:
    assert Workload(prompt, generated) == parse_workload(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "talk",
        "512",
        "512:",
        ":128",
        "-1:5",
        "1:2:3",
        "0:0",
        "1e3:4",
        "2048:512x0",
        "chatx",
        "x20",
        "2048:512x2x3",
        "\u0661:\u0662",
    ],
)
def test_anything_else_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_workload(text)
    assert error.value.hint is not None


@pytest.mark.parametrize(
    ("text", "requests"),
    [("2048:512x20", 20), ("chatX1", 1), ("chat", 0), ("2048 : 512 \u00d7 20", 20), ("rag*3", 3)],
)
def test_a_workload_may_say_how_many_requests_a_start_serves(text: str, requests: int) -> None:
    assert requests == parse_workload(text).requests
