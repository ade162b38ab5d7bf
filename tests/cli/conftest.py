from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.fuzz import small_header
from moefit.gguf.split import read_header


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model that is planned in no time."""
    path = tmp_path_factory.mktemp("model") / "small.gguf"
    path.write_bytes(small_header("qwen3moe", 8))
    return str(path)


@pytest.fixture(scope="session")
def whole(small: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same with the length its header asks for, and nothing in it."""
    return in_full(small, tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The example of the README, too: more than a card holds."""
    example = Path(__file__).parents[2] / "examples" / "qwen3-30b-a3b-q4_k_m.gguf"
    return in_full(str(example), tmp_path_factory.mktemp("large"))


def in_full(header: str, folder: Path) -> str:
    """A file that begins with a header and is as long as that says."""
    path = folder / "model.gguf"
    path.write_bytes(Path(header).read_bytes())
    os.truncate(path, read_header(header).shards[0].expected)
    return str(path)
