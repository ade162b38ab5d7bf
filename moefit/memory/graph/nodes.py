"""A small ggml: tensors as shapes, and graphs of them in the order in which they run.

Shapes are `ne`, strides `nb` (bytes), four of each, as in ggml.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Final

from moefit.gguf.quants import QUANTS, QuantType
from moefit.machine.backends import PARTIAL

F32: Final = QUANTS[0]
F16: Final = QUANTS[1]
I32: Final = QUANTS[26]
I64: Final = QUANTS[27]

Shape = tuple[int, int, int, int]

VIEW_OPS: Final = frozenset({"VIEW", "RESHAPE", "PERMUTE", "TRANSPOSE"})
"""Operations that only rename memory (ggml_backend.cpp, ggml_is_view_op)."""

NO_BACKEND: Final = -1
_DEEP: Final = 200
"""Calls inside each other, of the thousand that Python has."""

WITHOUT_A_SAY: Final = frozenset({"ROPE", "FLASH_ATTN_EXT"})
"""Operations whose weights are too small to decide where they run (ggml_backend_sched_backend_id_from_cur)."""


class Node:
    """One tensor of the graph: a leaf (`op` "NONE") or the result of an operation."""

    __slots__ = (
        "_bytes",
        "alive",
        "backend",
        "buffer",
        "copies",
        "input",
        "n_children",
        "n_views",
        "nb",
        "ne",
        "offset",
        "op",
        "output",
        "owner",
        "owns",
        "reads",
        "size",
        "sources",
        "type",
        "view_of",
        "visited",
        "weight",
    )

    def __init__(
        self,
        op: str,
        type_: QuantType,
        ne: Shape,
        nb: Shape,
        sources: tuple[Node, ...] = (),
        view_of: Node | None = None,
    ) -> None:
        self.op = op
        self.type = type_
        self.ne = ne
        self.nb = nb
        self.sources = sources
        self.view_of = view_of
        """The tensor whose memory this is a view of, never a view itself."""
        self.buffer: int | None = None if view_of is None else view_of.buffer
        """Backend that already holds the memory (weights, caches); None when the allocator must find room."""
        self.owns = view_of is None
        """It needs memory of its own from the allocator."""
        self.reads: tuple[Node, ...] | None = None
        """Its sources in memory that the allocator gives, once somebody asked."""
        self.weight = False
        """Memory of a model tensor (GGML_BACKEND_BUFFER_USAGE_WEIGHTS)."""
        self.input = False
        self.output = False
        self.backend = NO_BACKEND
        self.visited = False
        self.size = 0
        self.n_children = 0
        self.n_views = 0
        self.alive = False
        self.offset = 0
        self.owner = 0
        self.copies: dict[int, Node] | None = None
        self._bytes = -1

    def retype(self, type_: QuantType) -> None:
        """Make a contiguous leaf one of another type."""
        if type_ is not self.type:
            self.type = type_
            self.nb = strides(type_, self.ne)
            self._bytes = -1

    @property
    def contiguous(self) -> bool:
        """Whether memory order is element order, whatever the strides of dimensions of 1 (ggml_is_contiguous)."""
        packed = strides(self.type, self.ne)
        return self.nb == packed or all(
            ne == 1 or mine == theirs for ne, mine, theirs in zip(self.ne, self.nb, packed, strict=True)
        )

    @property
    def elements(self) -> int:
        """Number of values."""
        ne = self.ne
        return ne[0] * ne[1] * ne[2] * ne[3]

    @property
    def bytes(self) -> int:
        """Bytes from the first to the last element (ggml_nbytes)."""
        if self._bytes < 0:
            self._bytes = _extent(self.type, self.ne, self.nb)
        return self._bytes


def _extent(type_: QuantType, ne: Shape, nb: Shape) -> int:
    if 0 in ne:
        return 0
    first = type_.block_bytes + (ne[0] - 1) * nb[0] if type_.block == 1 else ne[0] * nb[0] // type_.block
    return first + (ne[1] - 1) * nb[1] + (ne[2] - 1) * nb[2] + (ne[3] - 1) * nb[3]


class Graph:
    """Nodes in the order in which they will run (ggml_cgraph)."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.leafs: list[Node] = []
        self.pinned: dict[Node, int] = {}
        """Nodes that llama.cpp keeps on a backend, before anything is scheduled."""
        self.changed: list[tuple[Node, tuple[Node, ...]]] = []
        """Nodes that read copies since they were scheduled, with the sources that they had."""

    @cached_property
    def work(self) -> list[tuple[int, Node]]:
        """What is computed, with its position: all but views."""
        return [(i, node) for i, node in enumerate(self.nodes) if node.op not in VIEW_OPS]

    @cached_property
    def working(self) -> list[Node]:
        """The same without positions."""
        return [node for _, node in self.work]

    @cached_property
    def partial(self) -> list[Node]:
        """Of those, what not every backend runs."""
        return [node for node in self.working if node.op in PARTIAL]

    @cached_property
    def anchors(self) -> list[Node]:
        """Nodes whose backend follows from memory that is there already."""
        return [node for node in self.nodes if _is_anchored(node)]

    @cached_property
    def loose(self) -> list[Node]:
        """Nodes that get their backend after the others, or have such a source: views, and readers of leaves that nothing fills."""
        return [node for node in self.nodes if node.op in VIEW_OPS or any(map(_is_unfilled, node.sources))]

    def expand(self, node: Node, depth: int = 0) -> None:
        """Append whatever `node` needs and is not there yet, then the node (ggml_build_forward_expand)."""
        if node.visited:
            return
        if depth == _DEEP:
            self._expand_deep(node)
            return
        node.visited = True
        for source in node.sources:
            if not source.visited:
                self.expand(source, depth + 1)
        if node.op == "NONE":
            self.leafs.append(node)
        else:
            self.nodes.append(node)

    def _expand_deep(self, node: Node) -> None:
        """The same without Python's stack, which a model of hundreds of layers would exhaust; several times slower."""
        node.visited = True
        open_: list[tuple[Node, Iterator[Node]]] = [(node, iter(node.sources))]
        while open_:
            last, sources = open_[-1]
            source = next((one for one in sources if not one.visited), None)
            if source is None:
                open_.pop()
                (self.leafs if last.op == "NONE" else self.nodes).append(last)
            else:
                source.visited = True
                open_.append((source, iter(source.sources)))


def _is_anchored(node: Node) -> bool:
    by_weights = node.op not in WITHOUT_A_SAY and any(source.weight for source in node.sources)
    return by_weights or node.buffer is not None or node.input


def _is_unfilled(leaf: Node) -> bool:
    return leaf.op == "NONE" and leaf.buffer is None and not leaf.input


def strides(type_: QuantType, ne: Shape) -> Shape:
    """Strides of a contiguous tensor."""
    nb0 = type_.block_bytes
    nb1 = nb0 * (ne[0] // type_.block)
    nb2 = nb1 * ne[1]
    return (nb0, nb1, nb2, nb2 * ne[2])


def shape(ne: Iterable[int]) -> Shape:
    """Four dimensions, missing ones 1."""
    a, b, c, d = (*ne, 1, 1, 1)[:4]
    return (a, b, c, d)
