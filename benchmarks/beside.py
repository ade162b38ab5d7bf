"""What other estimators say of the recorded rows with one device: writes docs/accuracy-rivals.md.

    python -m venv rivals && rivals/bin/pip install llama-mdl moe-fit
    go install github.com/gpustack/gguf-parser-go/cmd/gguf-parser@v0.25.0
    python -m benchmarks.beside --python rivals/bin/python --gguf-parser ~/go/bin/gguf-parser

A tool that is not named is left out of the page, and said to be.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from oracle import gguf_file  # noqa: E402
from oracle.describe import general  # noqa: E402

from benchmarks import gguf_parser  # noqa: E402
from moefit.memory.compute import compute_buffers  # noqa: E402 - the checkout is not installed everywhere
from moefit.memory.kv import kv  # noqa: E402
from moefit.memory.weights import weights  # noqa: E402
from tests import oracle  # noqa: E402
from tests.oracle.launches import launch  # noqa: E402

PAGE = ROOT / "docs" / "accuracy-rivals.md"
INTRODUCTION = """\
# Others on the same rows

What other estimators say of the recorded rows with one device, against the real llama.cpp b11434, in MiB:
the middle and the largest of all distances, and how often a figure was more than 1% and 4 MiB too low.
Measured in November 2026: llama-mdl 0.14.0, moe-fit 0.1.0, gguf-parser v0.25.0.

`model` is the weights on the device, `device` the sum there (with gguf-parser's the output buffers, which llama.cpp has in RAM), `host` the sum in RAM.
Compute buffers and sums are compared on the rows that reserve the whole micro-batch, as llama-fit-params does, which llama-mdl and
gguf-parser follow.
Rows with other split modes, or caches kept on the host, are left out.
gguf-parser is told what llama.cpp settled (context, batches, slots, flash attention), `--cpu-moe` and `--n-cpu-moe` as the overrides
that they stand for, and to leave out what drivers take (`--platform-footprint 0,0`).

Written by `python -m benchmarks.beside`.
"""

OVERRIDDEN = """
## With overrides of the user's own

The rows with `-ot`, which keep some expert tensors in RAM.
"""
UNMODELLED = {"-sm", "-ts", "--no-kv-offload", "--no-op-offload"}
RESERVED = {"compute", "device", "host"}
"""Terms that depend on how many outputs are reserved."""
MIB = 1 << 20

Sizes = Mapping[str, int]
"""Bytes by term."""
Tool = Callable[[oracle.Row, Path], Mapping[str, Sizes | None]]
"""Of a row and its file: what each of its programs says."""
Found = defaultdict[tuple[str, str], list[tuple[int, int]]]
"""Said less real, and real, in bytes, by tool and term."""


def main() -> int:
    """Write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", help="of an environment that has llama-mdl and moe-fit")
    parser.add_argument("--gguf-parser", metavar="PROGRAM", help="gguf-parser, built")
    options = parser.parse_args()
    for tools, named in (("llama-mdl and moe-fit", options.python), ("gguf-parser", options.gguf_parser)):
        if not named:
            print(f"{tools}: not measured, as no program was named", file=sys.stderr)
    PAGE.write_text(page(options.python, options.gguf_parser))
    print(PAGE)
    return 0


def page(python: str | None, program: str | None) -> str:
    """The whole page, of the tools that are named."""
    rows = [row for row in oracle.rows() if row.gpus == 1 and not UNMODELLED & set(row.tokens)]
    plain = [row for row in rows if "-ot" not in row.tokens]
    overridden = [row for row in rows if "-ot" in row.tokens]
    with ExitStack() as stack:
        files = Files(Path(stack.enter_context(TemporaryDirectory())))
        knowing: list[Tool] = [moefit]
        if program:
            knowing.append(lambda row, path: {"gguf-parser": gguf_parser.terms(program, path, row)})
        tools = [*knowing, stack.enter_context(python_tools(python))] if python else knowing
        first, second = measure(plain, tools, files), measure(overridden, knowing, files)
    return "\n".join([INTRODUCTION, *table(first), OVERRIDDEN, *table(second), ""])


class Files:
    """A file of each model, without weights, written when first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, row: oracle.Row) -> Path:
        """The file of a row's model."""
        path = self._folder / f"{row.model}-{row.quant}.gguf"
        if not path.exists():
            described = oracle.models()[row.model]
            kinds = described["types"][row.quant].split()
            tensors = [(n, tuple(s), kind) for (n, *s), kind in zip(described["tensors"], kinds, strict=True)]
            header = general(row.model, described["architecture"], described["vocab"])
            gguf_file.write(path, {**header, **described["metadata"]}, tensors)
        return path


@contextmanager
def python_tools(python: str) -> Iterator[Tool]:
    """Those of an environment of their own: one process that answers a line for each question."""
    script = [python, str(ROOT / "benchmarks" / "rivals.py")]
    with subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        asks, answers = process.stdin, process.stdout
        assert asks is not None
        assert answers is not None

        def tool(row: oracle.Row, path: Path) -> Mapping[str, Sizes | None]:
            question = {"path": str(path), "argv": ["llama-server", *row.tokens], "context": row.n_ctx}
            asks.write(json.dumps(question) + "\n")
            asks.flush()
            answer: dict[str, Sizes | None] = json.loads(answers.readline())
            return answer

        yield tool
        asks.close()


def moefit(row: oracle.Row, _path: Path) -> Mapping[str, Sizes | None]:
    """Our own."""
    model, told = oracle.model(row.model, row.quant), launch(row)
    asked = (model, told.devices, told.settings, told.placement)
    (on, in_ram), (cached, kept), graph = weights(*asked), kv(*asked), compute_buffers(*asked)
    ours = {"model": on[0], "context": cached[0], "compute": graph.devices[0]}
    return {"moefit": {**ours, "host": in_ram + kept + graph.host}}


def measure(rows: Iterable[oracle.Row], tools: Iterable[Tool], files: Files) -> Found:
    """Said less real, and real, in bytes, by tool and term."""
    found: Found = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row.model, row.quant)):
        real = actual(row)
        for tool in tools:
            for name, said in tool(row, files.of(row)).items():
                for term, size in summed(said or {}).items():
                    if not (term in RESERVED and row.outputs):
                        found[name, term].append((size - real[term], real[term]))
    return found


def actual(row: oracle.Row) -> Sizes:
    """What llama.cpp said."""
    device, host = row.device(0), row.host
    return summed(
        {
            "model": device.model,
            "context": device.context,
            "compute": device.compute,
            "host": host.model + host.context + host.compute,
        }
    )


def summed(said: Sizes) -> Sizes:
    """With the sum of a device, where its terms are said and no sum is."""
    terms = ("model", "context", "compute")
    if "device" in said or not set(terms) <= set(said):
        return said
    return {**said, "device": sum(said[term] for term in terms)}


def table(found: Found) -> list[str]:
    """A line for each tool and term."""
    lines = ["| tool | term | rows | median | largest | too low |", "|---|---|---|---|---|---|"]
    for (tool, term), distances in sorted(found.items()):
        sizes = [abs(distance) for distance, _ in distances]
        low = sum(distance < -max(real // 100, 4 * MIB) for distance, real in distances)
        middle, largest = (f"{size / MIB:.1f}" for size in (median(sizes), max(sizes)))
        cells = (tool, term, len(distances), middle, largest, f"{low / len(distances):.0%}")
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


if __name__ == "__main__":
    sys.exit(main())
