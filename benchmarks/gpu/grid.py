"""moefit's line against others on any number of cards, each with only so much free: models x free x contexts, launches in turns.

    python benchmarks/gpu/grid.py LLAMA_SERVER OUT.jsonl --model q.gguf --model gpt.gguf --free 12 --free 12+6 --context 16384
    python benchmarks/gpu/grid.py --table OUT.jsonl
    python benchmarks/gpu/grid.py --cells OUT.jsonl --model q30 --free 6 --free 12

A cell is a model, the GiB that are free on each card, and a context (`65536:q8_0` with that type of KV). Its launches are started one by one
while other processes hold the cards; moefit's own also takes a prompt that fills the context. All stay loaded and take turns, round by round;
one whose line another has already is not started twice, and its row says whose.
A row names its line, the seconds to /health, NVML's peaks and the server's buffers by card, and, where moefit made or read the line, what it
had planned for each. `seconds` is prompt/prefill + answer/decode; the answer is cut after some tokens to save time.

Launches: moefit, learned (moefit once `bench --save` has run the model for some seconds), static (moefit without the cache of experts), llama-fit (llama-server as it comes), even (an even split of whole layers, no fit), cpu-moe, and every strategy by name; a launch
`name=WORDS` adds words to the user's command and runs it as it stands: `mix=-ncmoe 36 -lm none -ub 2048 --moe-cache-mib 4000`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import card
from serve import PORT, Server, serving
from workload import Line, moefit, predicted, run_once, write

STRATEGIES = ("base-first", "two-pass", "standard", "ffn")
SLOWEST = 15
"""Seconds that a turn may take; none but the first is started when less is left."""


class Cell(NamedTuple):
    """What the launches of a table have in common."""

    model: Path
    free: str
    """GiB by card, joined by +."""
    context: str
    """Tokens, and after a colon the type of K and V."""

    def command(self, server: str) -> list[str]:
        """The user's line."""
        tokens, _, kind = self.context.partition(":")
        words = [server, "-m", str(self.model), "-c", tokens]
        return [*words, "-ctk", kind, "-ctv", kind] if kind else words


def line_of(launch: str, command: list[str], cards: int) -> Line:
    """The line of a launch: made by moefit, or the command with a few words more."""
    name, _, words = launch.partition("=")
    if words:
        return [*command, *shlex.split(words)], {}
    ours = {"moefit": (), "static": ("--build", "b11434"), **{s: ("--strategy", s) for s in STRATEGIES}}
    if name in ours:
        return moefit(command, *ours[name])
    if name == "learned":
        return learned(command)
    if name == "even":
        return [*command, "-ngl", "999", "-ts", ",".join("1" * cards), "--fit", "off"], {}
    return ([*command, "--cpu-moe"] if name == "cpu-moe" else command), {}


def learned(command: list[str]) -> Line:
    """moefit's line after a short `bench --save`, which is kept for this launch alone: models with other routers look the same."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    bench = [
        sys.executable,
        "-m",
        "moefit",
        "bench",
        "--save",
        "--candidates",
        "1",
        "--runs",
        "1",
        "--no-fill",
    ]
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(home / "moefit", Path(folder) / "moefit")
        os.environ["XDG_CONFIG_HOME"] = folder
        try:
            asked = [*bench, "--workload", "512:256", "--", *command, "--fit", "off"]
            subprocess.run(asked, capture_output=True, check=False)
            return moefit(command)
        finally:
            os.environ["XDG_CONFIG_HOME"] = str(home)


HITS = re.compile(
    r"llama_moe_cache: (.+?): hits = (\d+), misses = (\d+), hit rate = ([\d.]+)%, uploaded = ([\d.]+) MiB"
)


def log_of(cell: Cell, launch: str) -> Path:
    """Where a launch's server writes."""
    name = f"{cell.model.stem}-{cell.free}-{cell.context}-{launch.partition('=')[0]}"
    return Path(tempfile.gettempdir()) / f"{name.replace(':', '-')}.log"


def hits(log: Path) -> list[tuple[str, ...]]:
    """What the cache of experts says when its server ends: device, hits, misses, per cent, MiB uploaded."""
    return HITS.findall(log.read_text(errors="replace")) if log.exists() else []


def start(
    stack: ExitStack, server: str, cell: Cell, launch: str, port: int, seen: dict[str, str]
) -> tuple[Server | None, dict[str, Any]]:
    """A launch, started while the cards are partly taken, and what is known of it; not if its line is among those seen."""
    leave = [int(float(gib) * 1024) * card.MIB for gib in cell.free.split("+")]
    os.environ |= {
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "CUDA_VISIBLE_DEVICES": ",".join(map(str, range(len(leave)))),
    }
    name, log = launch.partition("=")[0], log_of(cell, launch)
    with card.ballast(*leave), card.Peak(len(leave)) as peak:
        argv, environment = line_of(launch, cell.command(server), len(leave))
        row: dict[str, Any] = {"argv": argv[1:], "environment": environment, "predicted": predicted(argv)}
        if (same := seen.setdefault(shlex.join(argv[1:]), name)) != name:
            return None, row | {"same": same}
        running = stack.enter_context(serving([*argv], environment, log, timeout=150, port=port))
        if running is None:
            return None, row | {"error": log.read_text(errors="replace")[-400:]}
        row["warm"] = running.ask(512, 8)
        if name == "moefit":
            row["filled"] = running.ask(running.context - 16, 8)
        row |= {"ready_s": running.ready, "buffers": running.buffers, "complaints": running.complaints}
        row["peak_mib"] = peak.by_card
    return running, row


def measure(server: str, out: Path, cell: Cell, launches: list[str], rounds: int, end: float) -> None:
    """One cell, while the time lasts."""
    known = {"model": cell.model.stem, "free": cell.free, "context": cell.context}
    with ExitStack() as stack:
        running: dict[str, Server] = {}
        first: dict[str, dict[str, Any]] = {}
        seen: dict[str, str] = {}
        for number, launch in enumerate(launches):
            name = launch.partition("=")[0]
            up, row = start(stack, server, cell, launch, PORT + number, seen)
            if up is None:
                write(out, {**known, "name": name, **row})
            else:
                running[name], first[name] = up, row
        for turn in range(rounds):
            for name, up in running.items():
                if turn and time.monotonic() + SLOWEST > end:
                    break
                write(out, {**known, "name": name, "round": turn, **first.pop(name, {}), **run_once(up)})
    for launch in launches:
        if told := hits(log_of(cell, launch)):
            write(out, {**known, "name": launch.partition("=")[0], "hits": told})


def table(path: Path) -> None:
    """Medians by cell and launch, and the median of its seconds against moefit's of the same round."""
    cells: dict[tuple[str, ...], dict[str, dict[int, dict[str, Any]]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    rows = path.read_text().splitlines() if path.exists() else []
    for row in map(json.loads, rows):
        if "seconds" in row:
            cells[_cell_of(row)][row["name"]][row["round"]] = row
        elif "error" in row:
            print("failed:", *_cell_of(row), row["name"], row["error"][-160:])
    print(
        "| lease | model | free GiB | context | launch | rounds | prompt t/s | answer t/s | seconds | takes / moefit | ready s | predicted |"
    )
    print("|---" * 12 + "|")
    for cell, launches in cells.items():
        for name, runs in launches.items():
            print("|", " | ".join([*cell, name, *_medians(runs, launches.get("moefit", {}))]), "|")


ENOUGH = 3
"""Rounds of a cell, from as many of the newest leases as it takes, while moefit's line is the same but for the cache's size."""


class Round(NamedTuple):
    """One turn of a cell's launches: each one's seconds, and what moefit had planned for its own."""

    lease: str
    line: tuple[str, ...]
    seconds: dict[str, float]
    planned: float

    def takes(self, name: str) -> float | None:
        """A launch's seconds against moefit's."""
        return self.seconds[name] / self.seconds["moefit"] if name in self.seconds else None


def cells(path: Path, models: set[str], free: set[str]) -> None:
    """One row for each cell of these models (of all without a name) and sizes: moefit's line against llama-server as it comes and the fastest other."""
    print(
        "| model | free GiB | context | leases | rounds | moefit, s | `--fit` takes | fastest other | predicted / measured |"
    )
    print("|---" * 9 + "|")
    takes = defaultdict(list)
    for cell, rounds in sorted(_rounds(path).items()):
        if (not models or cell[0] in models) and (not free or cell[1] in free):
            against, told = _row(rounds)
            takes[cell[0] == "q14"].append(against)
            print("|", " | ".join([*cell, *told]), "|")
    for dense, ratios in takes.items():
        print(
            "dense" if dense else "mixture of experts",
            f"{1 / statistics.median(ratios):.2f} of --fit's time, median of {len(ratios)}",
        )


def _rounds(path: Path) -> dict[tuple[str, ...], list[Round]]:
    """The rounds of each cell that had moefit's line and llama-server as it comes, of the newest leases alone."""
    runs: dict[tuple[str, ...], dict[int, dict[str, dict[str, Any]]]] = defaultdict(lambda: defaultdict(dict))
    for row in map(json.loads, path.read_text().splitlines()):
        if "seconds" in row:
            runs[_cell_of(row)][row["round"]][row["name"]] = row
    found: dict[tuple[str, ...], list[Round]] = defaultdict(list)
    for cell, turns in sorted(runs.items(), key=lambda item: -int(item[0][0] or 0)):
        pooled = found[cell[1].removesuffix("s"), *cell[2:]]
        both = [named for named in turns.values() if {"moefit", "llama-fit"} <= {*named}]
        first = next((named["moefit"] for named in turns.values() if "argv" in named.get("moefit", {})), None)
        if not both or not first or len(pooled) >= ENOUGH:
            continue
        words = first["argv"]
        line = tuple(word for i, word in enumerate(words) if not i or words[i - 1] != "--moe-cache-mib")
        if not pooled or pooled[0].line == line:
            planned = first["predicted"]["seconds"]
            pooled += [
                Round(cell[0], line, {n: r["seconds"] for n, r in turn.items()}, planned) for turn in both
            ]
    return {cell: rounds for cell, rounds in found.items() if rounds}


def _row(rounds: list[Round]) -> tuple[float, list[str]]:
    """What llama-server as it comes takes of moefit's time, and the columns of a cell: medians over its rounds."""
    names = {name for turn in rounds for name in turn.seconds} - {"moefit"}
    against = {
        name: statistics.median(r for turn in rounds if (r := turn.takes(name)) is not None) for name in names
    }
    fastest = min(sorted(names), key=lambda name: against[name])
    return against["llama-fit"], [
        ", ".join(dict.fromkeys(turn.lease for turn in rounds)),
        str(len(rounds)),
        f"{statistics.median(turn.seconds['moefit'] for turn in rounds):.1f}",
        f"{against['llama-fit']:.2f}",
        f"{fastest} {against[fastest]:.2f}",
        f"{statistics.median(turn.planned / turn.seconds['moefit'] for turn in rounds):.2f}",
    ]


def _takes(runs: dict[int, dict[str, Any]], ours: dict[int, dict[str, Any]]) -> float:
    """A launch's seconds against moefit's of the same round, median."""
    return statistics.median(runs[turn]["seconds"] / ours[turn]["seconds"] for turn in runs if turn in ours)


def _cell_of(row: dict[str, Any]) -> tuple[str, ...]:
    """What the launches of a table have in common: the lease of a machine (of kept results), the model, what is free, the context."""
    return str(row.get("lease", "")), row["model"], row["free"], row["context"]


def _medians(runs: dict[int, dict[str, Any]], ours: dict[int, dict[str, Any]]) -> list[str]:
    prefill, decode, seconds = (
        statistics.median(run[key] for run in runs.values()) for key in ("prefill", "decode", "seconds")
    )
    told = next((run for run in runs.values() if "predicted" in run), {})
    expected = told.get("predicted", {})
    rates = [expected.get(f"{phase}_tokens_per_second") for phase in ("prefill", "decode")]
    return [
        str(len(runs)),
        f"{prefill:.0f}",
        f"{decode:.1f}",
        f"{seconds:.1f}",
        f"{_takes(runs, ours):.2f}" if runs.keys() & ours.keys() else "",
        str(told.get("ready_s", "")),
        " / ".join(f"{rate:.0f}" for rate in rates if rate),
    ]


def main() -> None:
    """Measure cell by cell while the time lasts, then print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("server", nargs="?")
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--model", type=Path, action="append", default=[])
    parser.add_argument("--free", action="append", default=[])
    parser.add_argument("--context", action="append", default=[])
    parser.add_argument("--launch", action="append", default=[])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=560)
    parser.add_argument("--table", type=Path)
    parser.add_argument("--cells", type=Path)
    a = parser.parse_args()
    if a.table:
        return table(a.table)
    if a.cells:
        return cells(a.cells, {model.stem for model in a.model}, {*a.free})
    if not (a.out and a.model and a.free):
        parser.error("SERVER OUT --model MODEL --free GIB are needed")
    end = time.monotonic() + a.seconds
    launches = a.launch or ["moefit", "llama-fit"]
    for cell in itertools.starmap(Cell, itertools.product(a.model, a.free, a.context or ["16384"])):
        if time.monotonic() + SLOWEST < end:
            measure(a.server, a.out, cell, launches, a.rounds, end)
    return table(a.out)


if __name__ == "__main__":
    main()
