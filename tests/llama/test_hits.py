"""What an expert cache says at its server's end."""

from __future__ import annotations

from pathlib import Path

import pytest

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
def test_the_hits_of_small_batches_are_read(tmp_path: Path, text: str, hits: Hits | None) -> None:
    (tmp_path / "log").write_text(text)
    assert hits == read_hits(tmp_path / "log")


def test_they_are_found_at_the_end_of_a_log_however_long_it_is(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as file:
        file.truncate(20 << 20)
        file.seek(0, 2)
        file.write(f"\n{SMALL}")
    assert Hits(223, 59) == read_hits(tmp_path / "log")


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
def test_what_is_no_count_of_small_batches_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "log").write_text(text, encoding="latin-1")
    assert read_hits(tmp_path / "log") is None
