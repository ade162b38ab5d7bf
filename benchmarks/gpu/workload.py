"""moefit's choice against llama-server as it comes, the two-pass fit and all experts on the CPU: seconds for a workload.

    python benchmarks/gpu/workload.py LLAMA_SERVER MODEL.gguf OUT.jsonl [--free 6,8,12,16] [--rounds 5] [--seconds 560]

Another process holds the card so that only so many GiB are free while a launch starts, warms up and, for moefit's own, takes a
prompt that fills the context; `peak_mib` is the highest use that NVML saw then. All launches stay loaded and take turns with the
workload, round by round; all experts on the CPU is the same launch whatever is free, so its one run of a round counts for each
amount. `seconds` is prompt/prefill + answer/decode with the rates that the server itself reports; the answer is cut after GENERATE
tokens to save time. Two amounts together want 64 GiB of RAM.
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
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import card
from serve import PORT, Server, serving

PROMPT, ANSWER, CONTEXT = 4096, 512, 16384
GENERATE = 64
LONGEST = 30
"""Seconds that a run may take; none is started when less is left."""
FIXED = "cpu-moe"
"""The launch that does not depend on the memory that is free: started once, at the first amount."""

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


def run_once(server: Server) -> dict[str, Any]:
    """The workload, the answer cut short."""
    row = server.ask(PROMPT, GENERATE)
    if "prefill" in row:
        row["seconds"] = round(PROMPT / row["prefill"] + ANSWER / row["decode"], 2)
    return row


def start(
    stack: ExitStack, name: str, gib: float, make: Callable[[], Line], port: int
) -> tuple[Server | None, dict[str, Any]]:
    """A launch started while only so much of the card is free, warmed up, and what is known of it; moefit's also gets a prompt that fills the context."""
    log = Path(tempfile.gettempdir()) / f"{name}-{gib:g}.log"
    with card.ballast(int(gib * 1024) * card.MIB), card.Peak() as peak:
        row: dict[str, Any] = {"free_mib": card.free() // card.MIB}
        line = make()
        row |= {"argv": line[0][1:], "environment": line[1], "predicted": predicted(line[0])}
        server = stack.enter_context(serving(*line, log, port=port))
        if server is None:
            return None, row | {"error": log.read_text(errors="replace")[-400:]}
        row["warm"] = server.ask(PROMPT if name == "moefit" else 512, 8)
        if name == "moefit":
            row["filled"] = server.ask(CONTEXT - 8 - 8, 8)
        row |= {"ready_s": server.ready, "buffers": server.buffers, "complaints": server.complaints}
        row["peak_mib"] = peak.mib
    return server, row


def contenders(command: list[str]) -> dict[str, Callable[[], Line]]:
    """The launches to compare, each made when its turn comes and the card is as it will find it."""
    return {
        "moefit": lambda: moefit(command),
        "llama-fit": lambda: (command, {}),
        "two-pass": lambda: moefit(command, "--strategy", "two-pass"),
        "cpu-moe": lambda: ([*command, "--cpu-moe"], {}),
    }


def table(path: Path) -> None:
    """For each lease of a machine: medians by memory and launch, and the medians of moefit's ratios to each launch in the same round."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for lease in sorted({row.get("lease", 0) for row in rows}):
        if lease:
            print(f"\nlease {lease}")
        lease_table([row for row in rows if row.get("lease", 0) == lease])


def lease_table(rows: list[dict[str, Any]]) -> None:
    """The table of one machine."""
    found: dict[tuple[float, str], dict[int, dict[str, Any]]] = defaultdict(dict)
    for row in rows:
        if "seconds" in row:
            found[row["free_gib"], row["name"]][row["round"]] = row
    print(
        "free  launch     runs  prefill  decode  seconds   (least-most)  peak MiB   moefit / it: prefill decode  it / moefit: seconds"
    )
    for (gib, name), runs in sorted(found.items()):
        middle = {
            key: statistics.median(r[key] for r in runs.values()) for key in ("prefill", "decode", "seconds")
        }
        span = (
            f"{min(r['seconds'] for r in runs.values()):.1f}-{max(r['seconds'] for r in runs.values()):.1f}"
        )
        peak = max(r.get("peak_mib", 0) for r in runs.values())
        ours = found[gib, "moefit"]
        pairs = [(ours[key], runs[key]) for key in runs if key in ours]
        faster = {
            key: statistics.median(mine[key] / its[key] for mine, its in pairs) if pairs else float("nan")
            for key in ("prefill", "decode", "seconds")
        }
        print(
            f"{gib:4g}  {name:9s}  {len(runs):4d}  {middle['prefill']:7.0f} {middle['decode']:7.1f}  {middle['seconds']:7.1f}  {span:>13s}  {peak:8.0f}"
            f"   {faster['prefill']:20.1f} {faster['decode']:6.2f}  {1 / faster['seconds']:20.2f}"
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
    parser.add_argument("--seconds", type=float, default=560)
    parser.add_argument("--table", type=Path)
    a = parser.parse_args()
    if a.table:
        return table(a.table)
    if not a.out:
        parser.error("SERVER MODEL OUT are needed")
    end = time.monotonic() + a.seconds
    amounts = [float(part) for part in a.free.split(",")]
    launches = contenders([a.server, "-m", str(a.model), "-c", str(CONTEXT)])
    starts = [(gib, name) for gib in amounts for name in launches if name != FIXED or gib == amounts[0]]
    with ExitStack() as stack:
        servers: dict[tuple[float, str], Server] = {}
        known: dict[tuple[float, str], dict[str, Any]] = {}
        for number, (gib, name) in enumerate(starts):
            server, row = start(stack, name, gib, launches[name], PORT + number)
            if server is None:
                write(a.out, {"free_gib": gib, "name": name, **row})
            else:
                servers[gib, name], known[gib, name] = server, row
        for number in range(a.rounds):
            for (gib, name), server in servers.items():
                if time.monotonic() + LONGEST > end:
                    break
                row = {"name": name, "round": number, **known.pop((gib, name), {}), **run_once(server)}
                for amount in amounts if name == FIXED else [gib]:
                    write(a.out, {"free_gib": amount, **row})
    return table(a.out)


def write(out: Path, row: dict[str, Any]) -> None:
    """Keep a row, and show it."""
    with out.open("a") as file:
        file.write(json.dumps(row) + "\n")
    keys = (
        "free_gib",
        "model",
        "free",
        "context",
        "name",
        "prefill",
        "decode",
        "seconds",
        "ready_s",
        "peak_mib",
        "error",
    )
    print({k: row[k] for k in keys if k in row}, flush=True)


if __name__ == "__main__":
    main()
