from __future__ import annotations

import pytest

from benchmarks.fuzz import small_header


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model that is planned in no time."""
    path = tmp_path_factory.mktemp("model") / "small.gguf"
    path.write_bytes(small_header("qwen3moe", 8))
    return str(path)
