"""How the tests draw their samples, and what `make thorough` adds."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from moefit.machine.types import Cpu
from tests.drawn import THOROUGH, draws

ROOT = Path(__file__).parents[1]


def test_a_change_is_held_to_a_hundred_examples_that_stay_the_same():
    now = settings()

    assert ((1000, False) if THOROUGH else (100, True)) == (now.max_examples, now.derandomize)


def test_no_test_asks_for_more_or_fewer_of_its_own():
    asking = {
        path.name
        for path in (ROOT / "tests").rglob("*.py")
        if "max_examples" in path.read_text() and path != Path(__file__)
    }

    assert {"conftest.py"} == asking


def test_a_process_that_is_asked_at_once_is_asked_as_much():
    assert settings().max_examples == len(draws(st.integers()))


@pytest.mark.skipif(THOROUGH, reason="there whatever is loaded may be drawn")
def test_samples_are_the_same_for_a_file_alone_and_among_others():
    providers = pytest.importorskip("hypothesis.internal.conjecture.providers")

    assert 0 == len(providers._get_local_constants())


def test_no_test_draws_a_seed_of_its_own():
    drawing = {
        path.name
        for path in (ROOT / "tests").rglob("*.py")
        if "SystemRandom" in path.read_text() and path != Path(__file__)
    }

    assert {"drawn.py"} == drawing


@pytest.mark.parametrize(("mode", "differ"), [("", False), ("thorough", True)])
def test_samples_are_the_same_for_every_change_and_drawn_anew_where_there_is_time(mode, differ):
    seeds = {
        subprocess.run(
            [sys.executable, "-c", "from tests.drawn import SEED; print(SEED)"],
            cwd=ROOT,
            env={**os.environ, "MOEFIT_TESTS": mode},
            capture_output=True,
            check=True,
        ).stdout
        for _ in range(2)
    }

    assert differ == (len(seeds) > 1)


@pytest.mark.skipif(not THOROUGH, reason="the standard decorator is slow, and used by `make thorough` alone")
def test_a_value_cannot_be_written_to():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Cpu(1, 1).cores = 2


def test_thorough_runs_take_the_standard_dataclass():
    code = "import tests.conftest; from moefit.machine.types import Cpu; Cpu(1, 1).cores = 2"
    environment = {**os.environ, "MOEFIT_TESTS": "thorough"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert "FrozenInstanceError" in done.stderr
