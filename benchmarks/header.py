"""Time and memory of reading a 152k-token, 579-tensor header: moefit's scanner against gguf.GGUFReader.

    python benchmarks/header.py [--runs N]

The file is Qwen3-30B-A3B Q4_K_M with a vocabulary of its true length, made on the fly; its data is a hole. Every run is
a process of its own; time is of the reading alone, memory the growth of the peak resident set while reading. The file is
in the page cache.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

MEASURE = """
import json, sys, time
{imports}
def peak():  # not ru_maxrss, which begins with the peak of the process that forked this one
    return int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0])
before = peak()
start = time.perf_counter()
tensors = len({call}.tensors)
print(json.dumps({{"seconds": time.perf_counter() - start, "tensors": tensors, "MiB": (peak() - before) / 1024}}))
"""
READERS = {
    "moefit": ("from moefit.gguf.split import read_header", "read_header(sys.argv[1])"),
    "gguf.GGUFReader": ("from gguf import GGUFReader", "GGUFReader(sys.argv[1])"),
}


def measure(reader: str, path: Path) -> dict[str, float]:
    """One process that reads the header once."""
    imports, call = READERS[reader]
    code = MEASURE.format(imports=imports, call=call)
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, check=True, text=True, cwd=ROOT
    )
    return json.loads(done.stdout)


def main() -> None:
    """Make the file, measure, print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--runs", type=int, default=10, help="processes of moefit; the slow reader runs a third as often"
    )
    runs = parser.parse_args().runs
    from make_header import models, write_header  # noqa: PLC0415 (numpy stays out of --help)

    with tempfile.TemporaryDirectory() as folder:
        model = models()["qwen3-30b-a3b"]
        (path,) = write_header(Path(folder) / "m.gguf", model, "Q4_K_M", vocab=True, whole=True)
        print(f"{model['vocab']} tokens, {len(model['tensors'])} tensors")
        print(f"{'reader':18}{'median s':>10}{'best s':>10}{'MiB':>8}{'runs':>6}")
        for reader in READERS:
            results = [
                measure(reader, path) for _ in range(runs if reader == "moefit" else max(1, runs // 3))
            ]
            seconds = [r["seconds"] for r in results]
            peak = max(r["MiB"] for r in results)
            print(
                f"{reader:18}{statistics.median(seconds):10.4f}{min(seconds):10.4f}{peak:8.1f}{len(results):6}"
            )


if __name__ == "__main__":
    main()
