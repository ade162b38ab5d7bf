"""The recorded answers cannot go stale unnoticed: a random sample of them is asked of the real llama.cpp again."""

import random
import subprocess
import sys

import pytest

from moefit.launch.builds import CHECKED
from tests.llama.conftest import ROOT

ROWS = 20
"""Of the answers about real models, and as many of those about further architectures."""


@pytest.mark.llama
def test_llama_cpp_still_says_what_was_recorded(llama, build):
    """Compute buffers only of the build that was recorded: they differ a little between builds (docs/llama-cpp-builds.md)."""
    seed = random.randrange(1 << 30)
    script = ROOT / "scripts" / "record_oracle.py"
    command = [
        sys.executable,
        script,
        "--llama",
        llama.parents[1],
        "--sample",
        str(ROWS),
        "--seed",
        str(seed),
        *(() if build == CHECKED[0] else ("--but-compute",)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (0, "0 changed") == (done.returncode, done.stdout.splitlines()[-1]), (
        f"seed {seed}\n{done.stdout}{done.stderr}"
    )
