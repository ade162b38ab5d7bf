from __future__ import annotations

import pytest
from hypothesis import settings

# A busy machine is no failure. Everything else is hypothesis's own choice: where CI is set, it repeats the same examples.
settings.register_profile("unhurried", parent=settings(), deadline=None)
settings.register_profile("thorough", parent=settings(), deadline=None, max_examples=1000)
settings.load_profile("unhurried")


def pytest_report_header(config: pytest.Config) -> str | None:
    """Says what a plain run leaves out, and how to run it."""
    if config.getoption("markexpr") != "not llama":
        return None
    return "real llama.cpp: left out; `scripts/build_llama.sh` once, then `pytest -m llama`"
