from __future__ import annotations

import pytest


def pytest_report_header(config: pytest.Config) -> str | None:
    """Says what a plain run leaves out, and how to run it."""
    if config.getoption("markexpr") != "not llama":
        return None
    return "real llama.cpp: left out; `scripts/build_llama.sh` once, then `pytest -m llama`"
