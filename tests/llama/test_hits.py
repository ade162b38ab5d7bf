"""What an expert cache says at its server's end."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from moefit.llama import server_log
from moefit.llama.server import read_hits
from moefit.planning.trials import Hits

SMALL = (
    "0.35 I llama_moe_cache: ubatch <= 8: hits = 223, misses = 59, hit rate = 79.08%, uploaded = 28.69 MiB\n"
)
LARGE = (
    "0.35 I llama_moe_cache: ubatch  > 8: hits = 5, misses = 27, hit rate = 15.62%, uploaded = 13.13 MiB\n"
)


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        (LARGE + SMALL + LARGE, Hits(223, 59)),
        (LARGE, None),
        ("", None),
        ("llama_moe_cache: hits = many", None),
    ],
)
def test_the_hits_of_small_batches_are_read(text: str, hits: Hits | None) -> None:
    assert hits == read_hits(text)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs of which little is kept."""
    monkeypatch.setattr(server_log, "KEPT", 1000)
    monkeypatch.setattr(server_log, "MOST", 500_000)


def logged(text: str, give_up: Callable[[], None] = lambda: None) -> server_log.ServerLog:
    log = server_log.ServerLog()
    writer = os.dup(log.writer.fileno())
    log.follow(give_up)
    with os.fdopen(writer, "w") as file:
        file.write(text)
    log.close()
    return log


@pytest.mark.usefixtures("short")
def test_they_are_found_at_the_end_of_a_log_however_long_it_is() -> None:
    log = logged(f"first\n{'x' * 300_000}\n{SMALL}")
    assert (Hits(223, 59), True) == (read_hits(log.end), log.beginning.startswith("first\n"))
    assert max(len(log.beginning), len(log.end)) <= 1000


@pytest.mark.usefixtures("short")
def test_a_server_that_prints_without_end_is_ended_once() -> None:
    ended: list[bool] = []
    assert logged("y\n" * 400_000, lambda: ended.append(True)).too_long
    assert [True] == ended


def test_a_log_that_nobody_wrote_into_is_empty() -> None:
    log = server_log.ServerLog()
    log.close()
    assert ("", "") == (log.beginning, log.end)


@pytest.mark.parametrize(
    "text",
    [
        SMALL.replace("223", "2" * 40),
        SMALL.replace("hits = 223", "hits = -223"),
        SMALL[:40],
        SMALL.replace("ubatch <= 8", "large batches"),
        "\x00\xff" + LARGE,
    ],
    ids=["absurd", "negative", "cut off", "of other batches", "not text"],
)
def test_what_is_no_count_of_small_batches_says_nothing(text: str) -> None:
    assert read_hits(text) is None
