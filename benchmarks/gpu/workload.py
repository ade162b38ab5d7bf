"""moefit's choice against llama-server as it comes, the two-pass fit and all experts on the CPU: seconds for a workload.

    python benchmarks/gpu/workload.py LLAMA_SERVER MODEL.gguf OUT.jsonl [--free 6,8,12,16] [--rounds 5] [--seconds 560]

Another process holds the card so that only so many GiB are free. Launches alternate, round by round, and every run is a fresh
server: a short request to warm it up, then the workload's prompt, `--repeat` times. `seconds` is prompt/prefill + answer/decode with the
rates that the server itself reports; the answer is cut after GENERATE tokens to save time. In the first round moefit's
own launch also gets a prompt that fills the context, and `peak_mib` is then the highest use that NVML saw.
`--grid` instead measures base-first at each micro-batch once, to see how far moefit's choice is from the best of them.
`--table OUT.jsonl` only prints the medians of what was recorded.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import card
from serve import serving

PROMPT, ANSWER, CONTEXT = 4096, 512, 16384
GENERATE = 128
GRID = (512, 1024, 2048, 4096)
LONGEST = 50
"""Seconds that a run may take, all in all; none is started when less is left."""

Line = tuple[list[str], dict[str, str]]
"""Arguments, and variables of the environment."""


def moefit(argv: list[str], *options: str) -> Line:
    """The line that moefit makes of the command."""
    extra = shlex.split(os.environ.get("MOEFIT_OPTIONS", ""))
    command = [
        sys.executable,
        "-m",
        "moefit",
        "plan",
        "--json",
        "--workload",
        f"{PROMPT}:{ANSWER}",
        *options,
        *extra,
    ]
    done = subprocess.run([*command, "--", *argv], capture_output=True, text=True, check=False)
    plan = json.loads(done.stdout) if done.stdout else {}
    if not plan.get("argv"):
        raise SystemExit(f"moefit has no plan: {done.stderr}")
    return plan["argv"], plan.get("environment") or {}


def predicted(argv: list[str]) -> dict[str, Any]:
    """What moefit expects of a line as given."""
    extra = shlex.split(os.environ.get("MOEFIT_OPTIONS", ""))
    command = [
        sys.executable,
        "-m",
        "moefit",
        "estimate",
        "--json",
        "--workload",
        f"{PROMPT}:{ANSWER}",
        *extra,
    ]
    done = subprocess.run([*command, "--", *argv], capture_output=True, text=True, check=False)
    try:
        return dict(json.loads(done.stdout)["predicted"])
    except (ValueError, LookupError, TypeError):
        return {"error": done.stderr[-200:]}


def measure(line: Line, *, repeat: int, fill: bool) -> Iterator[dict[str, Any]]:
    """One fresh server, the workload a few times; the last row has what was seen of memory."""
    argv, environment = line
    log = Path(tempfile.gettempdir()) / "workload.log"
    with card.Peak() as peak, serving(argv, environment, log) as running:
        if running is None:
            yield {"error": log.read_text(errors="replace")[-400:]}
            return
        running.ask(512, 8)
        for number in range(repeat):
            row = {"repetition": number, **running.ask(PROMPT, GENERATE)}
            if "prefill" in row:
                row["seconds"] = round(PROMPT / row["prefill"] + ANSWER / row["decode"], 2)
            if number == repeat - 1:
                if fill:
                    row["filled"] = running.ask(CONTEXT - GENERATE - 8, GENERATE)
                row |= {
                    "ready_s": running.ready,
                    "buffers": running.buffers,
                    "complaints": running.complaints,
                }
                row["peak_mib"] = peak.mib
            yield row


def contenders(command: list[str]) -> dict[str, Callable[[], Line]]:
    """The launches to compare, each made when its turn comes and the card is as it will find it."""
    return {
        "moefit": lambda: moefit(command),
        "llama-fit": lambda: (command, {}),
        "two-pass": lambda: moefit(command, "--strategy", "two-pass"),
        "cpu-moe": lambda: ([*command, "--cpu-moe"], {}),
    }


def grid(command: list[str]) -> dict[str, Callable[[], Line]]:
    """Base-first at each micro-batch, experts in pinned memory."""

    def at(ubatch: int) -> Callable[[], Line]:
        words = [*command, "-ub", str(ubatch), "-b", str(max(2048, ubatch)), "-lm", "none"]
        return lambda: moefit(words, "--strategy", "base-first")

    return {f"ub{ubatch}": at(ubatch) for ubatch in GRID}


def runs(free: list[float], rounds: int, names: list[str]) -> Iterator[tuple[int, float, str]]:
    """Round, GiB free, launch; what does not depend on the card's memory runs once a round."""
    for number in range(rounds):
        for gib in free:
            for name in names:
                if name != "cpu-moe" or gib == free[number % len(free)]:
                    yield number, gib, name


def table(path: Path) -> None:
    """Medians by memory and launch."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    found = defaultdict(list)
    for row in rows:
        if "seconds" in row:
            found[row["free_gib"], row["name"]].append(row)
    print("free  launch      runs  prefill   decode  seconds   (least-most)  peak MiB")
    for (gib, name), many in sorted(found.items()):
        middle = {key: statistics.median(r[key] for r in many) for key in ("prefill", "decode", "seconds")}
        span = f"{min(r['seconds'] for r in many):.1f}-{max(r['seconds'] for r in many):.1f}"
        peak = max(r.get("peak_mib", 0) for r in many)
        print(
            f"{gib:4g}  {name:10s}  {len(many):4d}  {middle['prefill']:7.0f}  {middle['decode']:7.1f}  {middle['seconds']:7.1f}  {span:>13s}  {peak:8.0f}"
        )
    for row in rows:
        if "error" in row or "error" in row.get("filled", {}):
            print("failed:", row["free_gib"], row["name"], str(row.get("error", row.get("filled")))[-200:])


def main() -> None:
    """Measure while the time lasts, then print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("server", nargs="?")
    parser.add_argument("model", type=Path, nargs="?")
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--free", default="6,8,12,16")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--first-round", type=int, default=0, help="number of the first round, when an earlier call made some"
    )
    parser.add_argument("--repeat", type=int, default=2, help="workloads for each server")
    parser.add_argument("--seconds", type=float, default=560)
    parser.add_argument("--grid", action="store_true")
    parser.add_argument("--table", type=Path)
    a = parser.parse_args()
    if a.table:
        return table(a.table)
    if not a.out:
        parser.error("SERVER MODEL OUT are needed")
    end = time.monotonic() + a.seconds
    command = [a.server, "-m", str(a.model), "-c", str(CONTEXT)]
    launches = grid(command) if a.grid else contenders(command)
    free = [float(part) for part in a.free.split(",") if part]
    held = None
    for turn, gib, name in runs(free or [0.0], a.rounds, list(launches)):
        number = turn + a.first_round
        if time.monotonic() + LONGEST > end:
            break
        with card.ballast(int(gib * 1024) * card.MIB if gib else None):
            row = {"free_gib": gib, "name": name, "round": number, "free_mib": card.free() // card.MIB}
            line = launches[name]()
            row |= {"argv": line[0][1:], "environment": line[1]}
            if line[0] != held:
                row["predicted"] = predicted(line[0])
            for answer in measure(line, repeat=a.repeat, fill=name == "moefit" and turn == 0):
                with a.out.open("a") as file:
                    file.write(json.dumps(row | answer) + "\n")
                keys = ("prefill", "decode", "seconds", "ready_s", "peak_mib", "error")
                print(name, gib, {k: answer[k] for k in keys if k in answer}, flush=True)
        held = line[0]
    return table(a.out)


if __name__ == "__main__":
    main()
