"""What CUDA is asked for while a server reads a prompt: copies by direction, kernels, graphs and waits (asked.c). results/prompts.txt is of it.

python benchmarks/gpu/asked.py llama-server --ask 4096:1 --ask 16352:16 -- -m MODEL.gguf -c 16384 -ngl 19 -ub 512 -lm none --fit off
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from serve import serving

SETTLED = 0.08
"""Seconds after which the sums of a request are written."""
FIGURES = tuple(f"{way}{what}" for way in ("h2d", "d2h", "d2d") for what in ("", "_MB", "_call_ms"))
FIGURES += ("kernels", "graphs", "syncs", "sync_ms", "copy_gpu_ms")


def sums(path: Path) -> list[float]:
    """What the program has asked for until now."""
    time.sleep(SETTLED)
    lines = path.read_text().splitlines() if path.exists() else []
    return [float(word) for word in lines[-1].split()] if lines else [0.0] * len(FIGURES)


def main() -> None:
    """Start the server, ask it, and print a line for each request."""
    cut = sys.argv.index("--")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("server")
    parser.add_argument("--ask", action="append", required=True, help="P:G tokens")
    asked = parser.parse_args(sys.argv[1:cut])
    with tempfile.TemporaryDirectory() as folder:
        library, seen = Path(folder) / "asked.so", Path(folder) / "asked.txt"
        source = Path(__file__).with_suffix(".c")
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", source, "-o", library, "-ldl"], check=True)
        environment = {"LD_PRELOAD": str(library), "ASKED": str(seen)}
        with serving([asked.server, *sys.argv[cut + 1 :]], environment, Path(folder) / "log") as server:
            if server is None:
                raise SystemExit((Path(folder) / "log").read_text(errors="replace")[-400:])
            server.ask(512, 4)
            for prompt, _, generated in (ask.partition(":") for ask in asked.ask):
                before = sums(seen)
                got = server.ask(int(prompt), int(generated or 1))
                more = (round(b - a, 1) for a, b in zip(before, sums(seen), strict=True))
                print(json.dumps({**got, **dict(zip(FIGURES, more, strict=True))}), flush=True)


if __name__ == "__main__":
    main()
