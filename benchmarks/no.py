"""The quick no: what it costs to say that nothing fits, beside what a plan costs, in CPU seconds of whole processes.

    python -m benchmarks.no [--only NAME] [--runs 3]

Each model is planned on one machine twice: with RAM that is enough, and with too little. `args` that ends in 1 may take 1.5 times as
much as one that ends in 0, and `plan`, which lists candidates, twice as much as its own `args`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.oracle import models

ROOT = Path(__file__).resolve().parents[1]
NO, LISTED = 1.5, 2.0
"""The most that a no may cost, beside a plan; and `plan` beside its own `args`."""
CASES = (
    ("deepseek-v3.1", ("rtx-4090", "rtx-4090"), 512, 256, ""),
    ("qwen3-next-80b-a3b", ("rtx-3060",), 64, 32, ""),
    ("kimi-linear-48b-a3b", ("rtx-3060",), 48, 16, ""),
    ("qwen3-235b-a22b", ("rtx-4090", "rtx-3060"), 192, 96, ""),
    ("glm-4.5-air", ("rtx-3090", "rtx-3060"), 96, 24, ""),
    ("gpt-oss-120b", ("rtx-3060",), 96, 32, ""),
    ("minimax-m2", ("rtx-4090",), 192, 64, "-c 65536"),
    ("llama4-scout", ("rtx-3090",), 96, 32, ""),
    ("glm-4.6", ("rtx-4090", "rtx-4090", "rtx-3060"), 256, 96, ""),
    ("gemma-3-12b", ("6GiB",), 32, 4, "-c 16384 -ngl 20"),
    ("mixtral-8x7b", ("rtx-3060",), 48, 8, "-cmoe"),
    ("qwen3-30b-a3b", ("rtx-3060",), 32, 4, "-c 32768"),
)


def seconds(words: list[str], runs: int) -> tuple[float, int]:
    """CPU seconds of the quickest of some processes, and their exit status."""
    found = []
    for _ in range(runs):
        began = os.times()
        done = subprocess.run(
            [sys.executable, "-m", "moefit", *words], cwd=ROOT, capture_output=True, check=False
        )
        ended = os.times()
        found.append(
            ended.children_user + ended.children_system - began.children_user - began.children_system
        )
    return min(found), done.returncode


def command() -> int:
    """Print a row for each case; 1 where a ratio is beyond what it may be."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="")
    parser.add_argument("--runs", type=int, default=3)
    a = parser.parse_args()
    sys.path.insert(0, str(ROOT / "scripts"))
    from make_header import write_header  # noqa: PLC0415 - beside the other scripts

    beyond = False
    print(
        "| model | args, 0 | args, 1 | ratio | plan, 0 | ratio | plan, 1 | ratio |\n|---|---|---|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as folder:
        for name, cards, enough, little, line in CASES:
            if a.only not in name:
                continue
            file = Path(folder, f"{name}.gguf")
            described = models()[name]
            write_header(file, described, next(iter(described["types"])), whole=True)
            machine = [word for card in cards for word in ("--gpu", card)] + ["--cores", "8"]
            took = {}
            for verb in ("args", "plan"):
                for status, ram in ((0, enough), (1, little)):
                    words = [
                        verb,
                        str(file),
                        *machine,
                        "--ram",
                        f"{ram}GiB",
                        *(["--", *line.split()] if line else []),
                    ]
                    took[verb, status], ended = seconds(words, a.runs)
                    assert ended == status, (words, ended)
            ratios = (
                took["args", 1] / took["args", 0],
                took["plan", 0] / took["args", 0],
                took["plan", 1] / took["args", 1],
            )
            beyond |= ratios[0] > NO or max(ratios[1:]) > LISTED
            cells = (
                f"{took['args', 0]:.2f}",
                f"{took['args', 1]:.2f}",
                f"{ratios[0]:.2f}",
                f"{took['plan', 0]:.2f}",
                f"{ratios[1]:.2f}",
                f"{took['plan', 1]:.2f}",
                f"{ratios[2]:.2f}",
            )
            print(f"| {name} | {' | '.join(cells)} |", flush=True)
    return int(beyond)


if __name__ == "__main__":
    sys.exit(command())
