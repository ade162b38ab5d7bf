from __future__ import annotations

import dataclasses
import gc
import os
from collections.abc import Generator
from contextlib import suppress

import pytest
from _pytest.doctest import DoctestModule
from hypothesis import settings

from moefit import values
from tests.drawn import THOROUGH
from tests.host import isolate
from tests.one_model import remember_models
from tests.one_plan import remember_plans

if THOROUGH:  # before another module of moefit takes it: its own decorator leaves that check out
    values.dataclass = dataclasses.dataclass

isolate()

# A busy machine is no failure. What a change is held to is the same each time, so that a failure is the change's own.
settings.register_profile("change", deadline=None, max_examples=100, derandomize=True)
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.load_profile("thorough" if THOROUGH else "change")
if not THOROUGH:  # numbers out of whatever modules are loaded would be drawn, too: others for a file alone than for all of them
    with suppress(ImportError):  # of older versions, that draw none
        from hypothesis.internal.conjecture import providers

        providers._get_local_constants = lambda: providers._local_constants

# The collector of cycles would walk all rows and graphs again and again, a quarter of the time, to find next to none: 100 MiB in a whole run.
if THOROUGH:
    gc.set_threshold(1_000_000, 2, 10)
else:
    gc.disable()

remember_models()
remember_plans()


def pytest_report_header(config: pytest.Config) -> str | None:
    """Says what a plain run leaves out, and how to run it."""
    if config.getoption("markexpr") != "not llama":
        return None
    return "real llama.cpp: left out; `scripts/build_llama.sh` once, then `pytest -m llama`"


@pytest.hookimpl(wrapper=True)
def pytest_collect_file() -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """No doctests are looked for in the tests themselves."""
    found = yield
    return [one for one in found if not isinstance(one, DoctestModule)]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Drivers are asked in forks of this process, which take the longer the more it holds: first."""
    items.sort(key=lambda item: "tests/machine/" not in item.nodeid)


def pytest_collection_finish() -> None:
    """What was collected stays to the end."""
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: some tests wait for what hangs, and while they do another runs."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return usable + 1
