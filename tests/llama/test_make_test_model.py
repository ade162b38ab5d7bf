"""The models that scripts/make_test_model.py writes, in the real llama.cpp."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "make_test_model.py"

pytestmark = pytest.mark.llama


@pytest.mark.parametrize(
    "options",
    [
        ["--architecture", "qwen3moe"],
        ["--architecture", "qwen3moe", "--tied"],
        ["--architecture", "olmoe", "--layers", "2"],
        ["--architecture", "gpt-oss", "--vocabulary", "300"],
        ["--architecture", "qwen3moe", "--split", "2"],
        ["--architecture", "llama"],
        ["--architecture", "dots1"],
        ["--architecture", "granitehybrid"],
    ],
    ids=" ".join,
)
def test_llama_cpp_loads_it_and_generates(options, llama, environment, tmp_path):
    made = subprocess.run(
        [sys.executable, SCRIPT, tmp_path / "m.gguf", "--size", "tiny", *options],
        capture_output=True,
        check=True,
        text=True,
    )
    first = made.stdout.split()[0]

    bench = subprocess.run(
        [llama / "llama-bench", "-m", first, "-p", "8", "-n", "4", "-r", "1", "-t", "1", "-o", "json"],
        capture_output=True,
        check=True,
        env=environment,
        text=True,
        timeout=60,
    )

    assert [(8, 0), (0, 4)] == [(row["n_prompt"], row["n_gen"]) for row in json.loads(bench.stdout)]
