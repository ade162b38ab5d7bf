"""Load models for real, fill their contexts, and set moefit's memory terms against what NVML saw.

    python benchmarks/gpu/loads.py LLAMA_SERVER OUT.jsonl MODEL.gguf... [--seconds 200]

Each line has moefit's figures for the launch (MiB), the server's own buffers from its log, and the rise of used memory when
the server was ready, at its highest while a prompt filled the context, and of a bare CUDA context.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import card
from serve import serving

LAUNCHES = (
    "-c 32768",
    "-c 32768 -b 2048 -ub 2048 --cpu-moe -lm none",
    "-c 16384 -b 2048 -ub 2048 -np 1",
    "-c 16384 -ctk q8_0 -ctv q8_0 -np 1",
    "-c 16384 -b 4096 -ub 4096 --n-cpu-moe 12 -lm none -np 1",
)
"""Flags of the launches, the most telling first."""
CONTEXT = """
import ctypes, sys
ctypes.CDLL("libcudart.so").cudaFree(0)
print("up", flush=True)
sys.stdin.read()
"""
GENERATE = 64


def estimate(argv: list[str]) -> dict[str, Any]:
    """What moefit says of the launch, the first device's part."""
    command = [
        sys.executable,
        "-m",
        "moefit",
        "estimate",
        "--json",
        *shlex.split(os.environ.get("MOEFIT_OPTIONS", "")),
    ]
    done = subprocess.run([*command, "--", *argv], capture_output=True, text=True, check=False)
    try:
        return dict(json.loads(done.stdout)["devices"][0])
    except (ValueError, LookupError):
        return {"error": done.stderr[-300:]}


def context_mib() -> float:
    """MiB that a bare CUDA context takes."""
    with card.Peak() as peak:
        process = subprocess.Popen(
            [sys.executable, "-c", CONTEXT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdin
        assert process.stdout
        process.stdout.readline()
        time.sleep(0.5)
        process.stdin.close()
        process.wait()
    return peak.mib


def measure(server: str, model: Path, flags: str, log: Path) -> dict[str, Any]:
    """One launch: predicted, then real."""
    argv = [server, "-m", str(model), *flags.split(), "--fit", "off"]
    words = flags.split()
    context = int(words[words.index("-c") + 1])
    predicted = estimate(argv)
    terms = {key: round(value / card.MIB, 1) for key, value in predicted.items() if isinstance(value, int)}
    row: dict[str, Any] = {"model": model.stem, "flags": flags, "predicted": terms or predicted}
    with card.Peak() as peak, serving(argv, {}, log) as running:
        if running is None:
            return {**row, "error": log.read_text(errors="replace")[-400:]}
        row |= {"ready_s": running.ready, "loaded_mib": round((card.used() - peak.base) / card.MIB, 1)}
        row["short"] = running.ask(600, 16)
        row["short_mib"] = peak.mib
        row["filled"] = running.ask(context - GENERATE - 8, GENERATE)
        row |= {"buffers": running.buffers, "complaints": running.complaints}
    row["peak_mib"] = peak.mib
    if terms:
        counted = sum(terms.get(name, 0) for name in ("model", "context", "compute"))
        kept = terms.get("overhead", 0) + terms.get("reserve", 0)
        row |= {
            "beyond_mib": round(peak.mib - counted, 1),
            "kept_mib": kept,
            "error_mib": round(counted + kept - peak.mib, 1),
        }
    return row


def main() -> None:
    """Measure every launch of every model while the time lasts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("server")
    parser.add_argument("out", type=Path)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--seconds", type=float, default=200)
    a = parser.parse_args()
    start = time.monotonic()

    def keep(row: dict[str, Any]) -> None:
        with a.out.open("a") as file:
            file.write(json.dumps(row) + "\n")
        print({k: v for k, v in row.items() if k not in {"buffers", "log"}}, flush=True)

    keep({"bare_context_mib": context_mib()})
    for flags in LAUNCHES:
        for model in a.models:
            if time.monotonic() - start > a.seconds:
                return
            keep(measure(a.server, model, flags, Path(tempfile.gettempdir()) / "loads.log"))


if __name__ == "__main__":
    main()
