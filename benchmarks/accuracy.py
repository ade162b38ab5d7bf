#!/usr/bin/env python3
"""How far moefit's memory is from the real llama.cpp's, over every recorded row: writes docs/accuracy.md.

python benchmarks/accuracy.py            # writes the page
python benchmarks/accuracy.py --check    # exit status 1 if the page is out of date
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from moefit.memory import footprint  # noqa: E402 - the checkout is not installed everywhere
from moefit.memory.compute import compute_buffers  # noqa: E402
from moefit.memory.kv import kv  # noqa: E402
from moefit.memory.weights import weights  # noqa: E402
from moefit.model import Model  # noqa: E402
from moefit.model.architectures import is_described  # noqa: E402
from tests import oracle  # noqa: E402
from tests.oracle.exceptions import FEW_LAYERS_DIFFER, LATER, NOT_RECORDED, ON_THE_HOST  # noqa: E402
from tests.oracle.launches import launch  # noqa: E402

PAGE = ROOT / "docs" / "accuracy.md"
MIB = 1 << 20
INTRODUCTION = """\
# How exact moefit's memory is

Every recorded answer of the real llama.cpp b11434 (`tests/oracle`) against what moefit computes from the header alone,
for each device and the host.
Weights and context are compared in bytes, compute buffers in MiB: `low` is how far moefit was below at worst, `high` how
far above, `median` the middle of all distances.
A row is one launch: micro-batches from 16 to 8192, contexts to 131072, up to three devices, experts on the CPU, caches of every
type, one to sixteen slots, embeddings pooled and ranked.
Rows that ask for multi-token prediction have a second context that shares the weights:
`tests/memory/test_recorded.py` and `test_footprint.py` compare those.
Rows of b11549 with an expert cache are exact, too: `tests/memory/test_moe_cache.py` holds the cache and the buffers of 320 launches to the byte.
An architecture whose graph is not described (marked `*`) gets a bound from the header's figures, and its plans say so:
`tests/memory/test_compute_bound.py` holds it to be never too low.

Written by `benchmarks/accuracy.py`; others on the same rows are in [accuracy-rivals.md](accuracy-rivals.md).
"""


@dataclass
class Errors:
    """Distances of one architecture, in bytes: predicted less recorded."""

    rows: int = 0
    weights: list[int] = field(default_factory=list)
    context: list[int] = field(default_factory=list)
    compute: list[int] = field(default_factory=list)
    host: list[int] = field(default_factory=list)
    """Of compute, on the host."""


def main() -> int:
    """Write the page, or say whether it is what it would be."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit status 1 if the page is old"
    )
    options = parser.parse_args()
    gc.set_threshold(100_000, 20, 50)  # graphs come and go without a cycle
    text = "\n".join(
        [
            INTRODUCTION,
            *table("Real models", measure(oracle.rows())),
            "",
            *table("Further architectures", measure(oracle.extra_rows())),
            "",
            *left_out(),
            "",
            *exceptions(),
            "",
        ]
    )
    if options.check:
        return int(PAGE.read_text() != text)
    PAGE.write_text(text)
    print(PAGE)
    return 0


def measure(rows: Iterable[oracle.Row]) -> dict[str, Errors]:
    """Distances by architecture."""
    found: defaultdict[str, Errors] = defaultdict(Errors)
    for row in rows:
        if row.mtp or "draft-mtp" in row.flags:
            continue  # two contexts share the weights; tests/memory compares those
        model, told = oracle.model(row.model, row.quant), launch(row)
        errors = found[model.architecture + ("" if is_described(model.architecture) else " *")]
        errors.rows += 1
        asked = (model, told.devices, told.settings, told.placement)
        errors.weights += _distances(row, "model", *weights(*asked))
        errors.context += _distances(row, "context", *kv(*asked))
        on, host = _compute(*asked)
        errors.compute += _distances(row, "compute", on, None)
        errors.host.append(host - row.host.compute)
    return found


def _compute(model: Model, *launched: Any) -> tuple[tuple[int, ...], int]:
    """What a plan counts: the simulated buffers, or for a graph that is not described the bound."""
    if is_described(model.architecture):
        buffers = compute_buffers(model, *launched)
        return buffers.devices, buffers.host
    bound = footprint(model, *launched)
    return tuple(use.compute for use in bound.devices), bound.host.compute


def _distances(row: oracle.Row, term: str, on: tuple[int, ...], host: int | None) -> list[int]:
    distances = [size - getattr(row.device(index), term) for index, size in enumerate(on)]
    return distances if host is None else [*distances, host - getattr(row.host, term)]


def left_out() -> list[str]:
    """The section on what was not recorded."""
    return [
        "## Not recorded",
        "",
        "Of these moefit knows something, and no answer of llama.cpp's was recorded. A plan of one is an estimate where its page says so:",
        "",
        *(f"- {architecture}: {reason}" for architecture, reason in NOT_RECORDED.items()),
        "",
        f"{' and '.join(LATER)} came after b11434: they were recorded with b11549.",
    ]


def exceptions() -> list[str]:
    """The section on a real card; tests/memory/test_cuda.py holds it."""
    return [
        "## A real card",
        "",
        "`tests/oracle/cuda.jsonl.xz` has 8,947 answers of an H100 about the same models: mode `cuda` has what ggml-cuda keeps for its",
        "fused kernels, and leaves to the CPU what it has no kernel for.",
        "All are predicted to the byte but the compute buffers of these rows, of which a graph of every layer gives the byte,",
        "and the few layers that stand for all in a plan, so that it is quick, do not:",
        "",
        "| model | flags | predicted less reserved, MiB |",
        "|---|---|---|",
        *_few_layers(),
        "",
        "Of weights, up to 8 KiB of two models are on the host there:",
        "",
        *(f"- {model}: {reason}" for model, reason in ON_THE_HOST.items()),
    ]


def _few_layers() -> Iterator[str]:
    for row in sorted(oracle.cuda_rows(), key=lambda row: (row.model, row.flags)):
        if (row.model, row.flags) in FEW_LAYERS_DIFFER:
            told = launch(row)
            made = compute_buffers(
                oracle.model(row.model, row.quant), told.devices, told.settings, told.placement
            )
            flags = row.flags.replace("|", "\\|")
            yield f"| {row.model} | `{flags}` | {(made.devices[0] - row.device(0).compute) / MIB:.1f} |"


def table(title: str, found: dict[str, Errors]) -> list[str]:
    """One section of the page."""
    lines = [
        f"## {title}",
        "",
        "| architecture | rows | weights, bytes | context, bytes | compute, MiB: low / median / high | on the host |",
        "|---|---|---|---|---|---|",
    ]
    for name, errors in sorted(found.items()):
        cells = (
            name,
            errors.rows,
            _worst(errors.weights),
            _worst(errors.context),
            _spread(errors.compute),
            _spread(errors.host),
        )
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def _worst(errors: list[int]) -> int:
    return max(errors, key=abs, default=0)


def _spread(errors: list[int]) -> str:
    if not errors:
        return "-"
    low, high = -min(0, *errors), max(0, *errors)
    return f"{low / MIB:.1f} / {median(map(abs, errors)) / MIB:.1f} / {high / MIB:.1f}"


if __name__ == "__main__":
    sys.exit(main())
