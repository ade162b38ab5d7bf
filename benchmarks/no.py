"""How quick a no is, and a plan: CPU seconds of whole processes.

    python -m benchmarks.no [--only NAME] [--runs 3]

Each model is planned on one machine twice: with RAM that is enough, and with too little. `args` that ends in 1 may take 1.5 times as
much as one that ends in 0, and `plan`, which lists candidates, twice as much as its own `args`. Then large models on several cards, in times
of what Python takes to import Typer: `plan` of 94 layers on two unequal cards may take ten, `args` on fifteen eight, of 94 layers and of
DeepSeek-V3.1 (671B), whose `plan` may take three times its `args`; and its `args` may grow no faster than the cards.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.oracle import models

ROOT = Path(__file__).resolve().parents[1]
Case = tuple[str, tuple[str, ...], int, int, str]
NO, LISTED = 1.5, 2.0
"""The most that a no may cost, beside a plan; and `plan` beside its own `args`."""
LAYERS_94 = "qwen3-235b-a22b"
TWO = ("rtx-4090", "rtx-3060")
FIFTEEN = ("rtx-4090", "rtx-3090", "rtx-3060", "rtx-4060-ti-16gb", "rtx-2060") * 3
LARGE = "deepseek-v3.1"
LIMITS = (
    (LAYERS_94, "plan", TWO, 192, 10.0),
    (LAYERS_94, "args", FIFTEEN, 512, 8.0),
    (LARGE, "args", FIFTEEN[:5], 512, 8.0),
    (LARGE, "args", FIFTEEN[:10], 512, 8.0),
    (LARGE, "args", FIFTEEN, 512, 8.0),
    (LARGE, "plan", FIFTEEN, 512, 24.0),
)
"""A model, a command, cards, GiB of RAM, and the most that it may take, in times of importing Typer."""
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


def seconds(words: Sequence[str], runs: int) -> tuple[float, int]:
    """CPU seconds of the quickest of some Python processes, and their exit status."""
    found = []
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(found), done.returncode


def moefit(verb: str, file: Path, cards: Sequence[str], ram: int, line: str = "") -> list[str]:
    """The words of a command."""
    machine = [word for card in cards for word in ("--gpu", card)]
    words = ["-m", "moefit", verb, str(file), *machine, "--cores", "8", "--ram", f"{ram}GiB"]
    return [*words, "--", *line.split()] if line else words


def header(folder: Path, name: str) -> Path:
    """A recorded model's header, at its full length."""
    from make_header import write_header  # noqa: PLC0415 - beside the other scripts

    file = folder / f"{name}.gguf"
    if not file.exists():
        described = models()[name]
        write_header(file, described, next(iter(described["types"])), whole=True)
    return file


def row(file: Path, case: Case, runs: int) -> bool:
    """Print what one model takes; whether a ratio is beyond what it may be."""
    name, cards, enough, little, line = case
    took = {}
    for verb in ("args", "plan"):
        for status, ram in ((0, enough), (1, little)):
            words = moefit(verb, file, cards, ram, line)
            took[verb, status], ended = seconds(words, runs)
            assert ended == status, (words, ended)
    no = took["args", 1] / took["args", 0]
    listed = took["plan", 0] / took["args", 0], took["plan", 1] / took["args", 1]
    shown = (took["args", 0], took["args", 1], no, took["plan", 0], listed[0], took["plan", 1], listed[1])
    print(f"| {name} | {' | '.join(f'{n:.2f}' for n in shown)} |", flush=True)
    return no > NO or max(listed) > LISTED


def limits(folder: Path, only: str, runs: int) -> bool:
    """Print what large models take beside the import of Typer; whether that is beyond what it may be."""
    typer, _ = seconds(("-c", "import typer"), 3 * runs)
    print(f"\nimport typer: {typer:.3f} s")
    beyond = False
    for name, verb, cards, ram, most in LIMITS:
        if only not in name:
            continue
        took, ended = seconds(moefit(verb, header(folder, name), cards, ram), runs)
        assert ended == 0, (verb, ended)
        told = f"{verb}, {name} on {len(cards)} cards"
        print(f"{told}: {took:.2f} s, {took / typer:.1f} times; at most {most:g}", flush=True)
        beyond |= took > most * typer
    return beyond


def command() -> int:
    """Print a row for each case; 1 where something is beyond what it may be."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="")
    parser.add_argument("--runs", type=int, default=3)
    a = parser.parse_args()
    sys.path.insert(0, str(ROOT / "scripts"))
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # as it is installed: with bytecode
    print(
        "| model | args, 0 | args, 1 | ratio | plan, 0 | ratio | plan, 1 | ratio |\n|---|---|---|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as folder:
        cases = [case for case in CASES if a.only in case[0]]
        beyond = [row(header(Path(folder), case[0]), case, a.runs) for case in cases]
        beyond.append(limits(Path(folder), a.only, a.runs))
    return int(any(beyond))


if __name__ == "__main__":
    sys.exit(command())
