"""Start-up is part of the product: what a plan does not need is not imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1] / "examples" / "qwen3-30b-a3b-q4_k_m.gguf"
HEAVY = (
    *("numpy", "gguf", "pydantic", "rich", "pynvml", "psutil", "yaml"),
    *("shlex", "moefit.cli.misuse"),
    *("socket", "ssl", "urllib.request", "http.client", "asyncio", "multiprocessing", "importlib.metadata"),
)
CODE = """
import sys
from moefit.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    print(*sys.modules, file=sys.stderr)
    raise
"""


@pytest.fixture(scope="module")
def imported() -> frozenset[str]:
    """Modules of a process that has planned for a declared machine."""
    machine = ["--gpu", "11.6GiB", "--ram", "32GiB", "--cores", "8"]
    done = subprocess.run(
        [sys.executable, "-c", CODE, "args", *machine, "--", "llama-server", "-m", EXAMPLE, "-c", "4096"],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    return frozenset(done.stderr.split())


@pytest.mark.parametrize("module", HEAVY)
def test_planning_does_not_import(module: str, imported: frozenset[str]):
    assert "moefit.planning.core" in imported
    assert module not in imported
