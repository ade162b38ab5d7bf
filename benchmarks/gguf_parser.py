"""What gguf-parser (gpustack/gguf-parser-go) says of a file and a recorded launch. Go builds it:

    go install github.com/gpustack/gguf-parser-go/cmd/gguf-parser@v0.25.0

It prints sums alone, so a term is the difference of two answers. As its `file_estimate__llamacpp.go`, `SummarizeItem`
has it, a device's `uma` is output buffers, weights and context, and its `nonuma` has the compute buffers too; with mmap the
weights are left out, with --no-kv-offload the context.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from moefit.launch.patterns import EXPERTS
from tests import oracle

ASKED = (
    "--json",
    "--skip-metadata",
    "--skip-architecture",
    "--skip-tokenizer",
    "--platform-footprint",
    "0,0",
)
"""The estimate alone, without what a driver takes beside llama.cpp's buffers."""
SAME = {
    "-ngl": "--gpu-layers",
    "-ctk": "--cache-type-k",
    "-ctv": "--cache-type-v",
    "-ot": "--override-tensor",
}
"""llama.cpp's options that it has too, with its names for them."""


def terms(program: str, path: Path, row: oracle.Row) -> dict[str, int] | None:
    """Bytes of a row with one device, by term; None where it has no answer."""
    command = [program, *ASKED, "--path", str(path), *arguments(row)]
    without = ("--no-mmap",), ("--mmap",), ("--mmap", "--no-kv-offload")
    answers = [_sums([*command, *more]) for more in without]
    if None in answers:
        return None
    (ram, whole, all_of_it), (_, unmapped, _), (_, outputs, _) = (a for a in answers if a)
    return {
        "model": whole - unmapped,
        "context": unmapped - outputs,
        "compute": all_of_it - whole,
        "device": all_of_it,
        "host": ram,
    }


def arguments(row: oracle.Row) -> list[str]:
    """A row's launch in its options: what llama.cpp settled (sizes, slots, attention) is told, not left to be guessed."""
    told = [
        *("--ctx-size", str(row.n_ctx)),
        *("--batch-size", str(row.n_batch)),
        *("--ubatch-size", str(row.n_ubatch)),
        *("--parallel-size", str(row.n_seq)),
    ]
    tokens = row.tokens
    values = dict(pairwise(tokens))
    for option, its in SAME.items():
        if option in values:
            told += [its, values[option]]
    if values.get("-fa") not in {"off", "0"}:
        told.append("--flash-attention")
    if "--swa-full" in tokens:
        told.append("--swa-full")
    if kept := _experts_kept(tokens, values):
        told += ["--override-tensor", ",".join(f"{pattern}=CPU" for pattern in kept)]
    return told


def _experts_kept(tokens: Sequence[str], values: dict[str, str]) -> list[str]:
    """The overrides that --cpu-moe and --n-cpu-moe stand for (`common/common.h`, `llm_add_n_cpu_ffn_overrides`)."""
    if "--cpu-moe" in tokens:
        return [EXPERTS]
    return [rf"blk\.{layer}{EXPERTS}" for layer in range(int(values.get("--n-cpu-moe", 0)))]


def _sums(command: Sequence[str]) -> tuple[int, int, int] | None:
    """Of one answer: RAM, and the device without and with compute buffers."""
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        return None
    item = json.loads(done.stdout)["estimate"]["items"][0]
    return item["ram"]["nonuma"], item["vrams"][0]["uma"], item["vrams"][0]["nonuma"]
