"""Start-up: `moefit args` beside `llama-fit-params`, whole processes on the same file and machine.

    python -m benchmarks.startup [--runs 10]

Both plan Qwen3-30B-A3B Q4_K_M (a true header: 579 tensors and a vocabulary of 152k words; the weights are a hole) for one
device with 11.6 GiB to use and a context of 32768. The rival gets an RPC device, which stands for a GPU on any machine,
and a margin that leaves it 11.6 GiB. Runs alternate, so that a busy machine slows both.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.llama.harness import free_port, rpc_server

ROOT = Path(__file__).resolve().parents[1]
USABLE = 11.6
"""GiB."""
CONTEXT = 32768
READ = """
import sys
from time import perf_counter
from moefit.gguf.split import read_header
from moefit.model.build import build
began = perf_counter()
model = build(sys.argv[1], read_header(sys.argv[1]))
print(perf_counter() - began)
"""


def wall(command: Sequence[str | Path]) -> float:
    """Seconds of a whole process that must succeed."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    return time.perf_counter() - began


def imports(command: Sequence[str | Path]) -> float:
    """Seconds that a Python command (without its interpreter) spends importing; the interpreter's own start is left out."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *command],
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    own = {name: int(own) for own, name in re.findall(r"import time: +(\d+) \| +\d+ \| +(\S+)", done.stderr)}
    start = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", ""], check=True, capture_output=True, text=True
    )
    base = {name for _, name in re.findall(r"import time: +(\d+) \| +\d+ \| +(\S+)", start.stderr)}
    return sum(spent for name, spent in own.items() if name not in base) / 1e6


def read(model: Path) -> float:
    """Seconds from a path to a model."""
    done = subprocess.run([sys.executable, "-c", READ, model], check=True, capture_output=True, text=True)
    return float(done.stdout)


def free_mib(llama: Path, rpc: str) -> int:
    """Free memory of the RPC device, as llama.cpp sees it."""
    done = subprocess.run(
        [llama / "llama-server", "--rpc", rpc, "--list-devices"], check=True, capture_output=True, text=True
    )
    found = re.search(r"RPC0: .*, (\d+) MiB free", done.stdout)
    assert found, done.stdout
    return int(found[1])


def report(name: str, seconds: Sequence[float]) -> None:
    """One line of the table."""
    print(f"{name:<34}{statistics.median(seconds):9.3f} s{min(seconds):9.3f}{max(seconds):9.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=10)
    runs = parser.parse_args().runs
    llama = Path(
        subprocess.run(
            [ROOT / "scripts" / "build_llama.sh"], check=True, capture_output=True, text=True
        ).stdout.strip()
    )

    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "qwen3-30b-a3b-q4_k_m.gguf"
        make = [sys.executable, ROOT / "scripts" / "make_header.py", "qwen3-30b-a3b", "Q4_K_M", model]
        subprocess.run([*make, "--whole", "--vocabulary"], check=True, capture_output=True)
        line = ["llama-server", "-m", str(model), "-c", str(CONTEXT)]
        moefit = ["-m", "moefit", "args", "--gpu", f"{USABLE}GiB", "--ram", "32GiB", "--", *line]

        with rpc_server(llama / "ggml-rpc-server", free_port(), Path(folder) / "rpc.log") as port:
            rpc = f"127.0.0.1:{port}"
            margin = free_mib(llama, rpc) - round(USABLE * 1024)
            rival = [
                llama / "llama-fit-params",
                "-m",
                model,
                "-c",
                str(CONTEXT),
                "--rpc",
                rpc,
                "-fitt",
                str(margin),
            ]
            ours, theirs = [], []
            for _ in range(runs):
                ours.append(wall([sys.executable, *moefit]))
                theirs.append(wall(rival))

        bare = [wall([sys.executable, "-c", ""]) for _ in range(runs)]
        importing = [imports(moefit) for _ in range(runs)]
        reading = [read(model) for _ in range(runs)]

    print(
        f"Qwen3-30B-A3B Q4_K_M, {USABLE} GiB, context {CONTEXT}; {runs} runs on {os.cpu_count()} logical processors\n"
    )
    print(f"{'':<34}{'median':>11}{'least':>9}{'most':>9}")
    report("moefit args", ours)
    report("llama-fit-params", theirs)
    ratio = statistics.median(theirs) / statistics.median(ours)
    print(f"\nmoefit args is {ratio:.1f} times as fast.\n")
    report("  of it: the interpreter starts", bare)
    report("  of it: import", importing)
    report("  of it: read the header", reading)
    rest = statistics.median(ours) - sum(statistics.median(part) for part in (bare, importing, reading))
    print(f"{'  of it: plan and print (the rest)':<34}{rest:9.3f} s")


if __name__ == "__main__":
    main()
