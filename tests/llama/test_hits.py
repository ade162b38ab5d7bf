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
