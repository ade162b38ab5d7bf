"""The graph that llama.cpp reserves for a prompt, as one line for each operation: what it makes, and of what.

`MUL f32 128,32,64,1 <- 1[128,32,64,1;4,512,16384,_] leaf f32[128,1,1,1;4,_,_,_]`: the operation, its type and shape; then every source, the
number of operations since it was made (or `leaf`, and its type), its shape and its strides as the operation sees it, without those of dimensions
of 1. Views, which compute nothing, are seen in that alone.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

VIEWS = frozenset({"VIEW", "RESHAPE", "PERMUTE", "TRANSPOSE"})
LAUNCHES = (
    "-c 2048 -b 512 -ub 64 -np 2 -fa on",
    "-c 768 -b 1 -ub 1 -np 1 -fa off -ctk q8_0",
)
"""Flags of the launches that are recorded: a prompt of two slots with flash attention, and a token without it. All on the CPU."""


class _Tensor(NamedTuple):
    op: str
    type: str
    ne: str
    nb: str
    sources: list[str]


def graph(recorder: Path, path: Path, flags: str, folder: Path) -> list[str] | None:
    """The lines of a launch's graph; None where llama.cpp refuses it."""
    dump = folder / "graph.tsv"
    slots = flags.split()[flags.split().index("-np") + 1]
    environment = {**os.environ, "ORACLE_GRAPH": str(dump), "ORACLE_OUTPUTS": slots}
    command = [str(recorder), "-m", str(path), *flags.split()]
    done = subprocess.run(command, capture_output=True, check=False, env=environment)
    return list(lines(dump.read_text().splitlines())) if done.returncode == 0 else None


def lines(dump: Sequence[str]) -> Iterator[str]:
    """The lines, of the recorder's rows."""
    tensors: dict[str, _Tensor] = {}
    number: dict[str, int] = {}
    for row in dump:
        _, op, _, type_, ne, _, _, _, me, _, sources, nb = row.split("\t")
        tensors[me] = tensor = _Tensor(op, type_, ne, nb, [one for one in sources.split(",") if one])
        if op == "NONE" or op in VIEWS:
            continue
        now = number[me] = len(number)
        seen = " ".join(_source(tensors, number, now, one) for one in tensor.sources)
        yield f"{op} {type_} {ne} <- {seen}"


def _source(tensors: Mapping[str, _Tensor], number: Mapping[str, int], now: int, key: str) -> str:
    seen = tensors[key]
    while tensors[key].op in VIEWS:
        key = tensors[key].sources[0]
    made = str(now - number[key]) if key in number else f"leaf {tensors[key].type}"
    sizes = zip(seen.ne.split(","), seen.nb.split(","), strict=True)
    return f"{made}[{seen.ne};{','.join(nb if ne != '1' else '_' for ne, nb in sizes)}]"
