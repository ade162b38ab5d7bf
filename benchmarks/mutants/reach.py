"""Which lines of the rooms each test runs, and how long it takes: each in a process of its own, so that none finds what another left."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.mutants.forked import apart
from benchmarks.mutants.listed import ROOMS

LONGEST = 60.0
"""Seconds for one test; a longer one is not asked."""


def reached(items: Sequence[pytest.Item], number: int) -> dict[str, object] | None:
    """A test's name, seconds, and lines by file; None where it fails, is left out, or takes too long."""
    return apart(lambda: _run(items[number]), LONGEST)


def _run(item: pytest.Item) -> dict[str, object] | None:
    """In the child."""
    lines: dict[str, set[int]] = {}
    folders = tuple(str(Path("moefit", room).resolve()) for room in ROOMS)
    monitoring = sys.monitoring

    def line(code: object, number: int) -> object:
        if code.co_filename.startswith(folders):
            lines.setdefault(code.co_filename, set()).add(number)
        return monitoring.DISABLE

    monitoring.use_tool_id(monitoring.COVERAGE_ID, "moefit mutants")
    monitoring.register_callback(monitoring.COVERAGE_ID, monitoring.events.LINE, line)
    monitoring.set_events(monitoring.COVERAGE_ID, monitoring.events.LINE)
    began = time.process_time()
    if not passes(item, None):
        return None
    seconds = time.process_time() - began
    here = Path.cwd()
    found = {str(Path(file).relative_to(here)): sorted(numbers) for file, numbers in lines.items()}
    return {"test": item.nodeid, "seconds": round(seconds, 4), "lines": found}


class _Reports:
    """What pytest says of the tests it runs."""

    def __init__(self) -> None:
        self.failed = False
        self.passed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A phase of a test is over."""
        self.failed |= report.failed
        self.passed |= report.when == "call" and report.passed


def passes(item: pytest.Item, following: pytest.Item | None) -> bool:
    """Run a test as pytest does."""
    reports = _Reports()
    manager = item.config.pluginmanager
    manager.register(reports)
    try:
        item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
    finally:
        manager.unregister(reports)
    return reports.passed and not reports.failed
