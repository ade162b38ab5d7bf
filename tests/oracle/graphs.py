"""Graphs as the real llama.cpp reserves them, operation by operation; scripts/oracle/graphs.py says what a line holds."""

from __future__ import annotations

import functools
import json
import lzma
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from moefit.memory.graph.nodes import VIEW_OPS, Graph, Node
from tests.oracle import HERE

OWN = ("_F32", "_MATRIX")
"""What moefit adds to the name of a product that wants more precision, and of a sum with a matrix's type: not every backend has a kernel for them."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One graph."""

    model: str
    quant: str
    flags: str
    graph: Sequence[str] = field(repr=False)

    @property
    def name(self) -> str:
        """For a test's id."""
        return f"{self.model} {self.flags.partition('-ub ')[2].partition(' ')[0]}"


@functools.cache
def recorded() -> tuple[Recorded, ...]:
    """All of them."""
    text = lzma.decompress((HERE / "graphs.jsonl.xz").read_bytes()).decode()
    return tuple(Recorded(**json.loads(line)) for line in text.splitlines())


def lines(graph: Graph) -> Iterator[str]:
    """The same lines of a graph of moefit's."""
    number: dict[Node, int] = {}
    for node in graph.nodes:
        if node.op in VIEW_OPS:
            continue
        now = number[node] = len(number)
        seen = " ".join(_source(number, now, source) for source in node.sources)
        op = node.op.removesuffix(OWN[0]).removesuffix(OWN[1])
        yield f"{op} {node.type.name} {','.join(map(str, node.ne))} <- {seen}".lower()


def _source(number: Mapping[Node, int], now: int, seen: Node) -> str:
    root = seen
    while root.op in VIEW_OPS:
        root = root.sources[0]
    made = str(now - number[root]) if root in number else f"leaf {root.type.name}"
    strides = (str(nb) if ne != 1 else "_" for ne, nb in zip(seen.ne, seen.nb, strict=True))
    return f"{made}[{','.join(map(str, seen.ne))};{','.join(strides)}]"
