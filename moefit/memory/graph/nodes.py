"""A small ggml: tensors as shapes, and graphs of them in the order in which they run.

Shapes are `ne`, strides `nb` (bytes), four of each, as in ggml.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import count
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
        "graph",
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
        "parents",
        "reads",
        "room",
        "room_of",
        "size",
        "sources",
        "type",
        "view_of",
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
        self.parents: tuple[Node, ...] = ()
        """Of those, whose memory it may take over: they have its layout."""
        self.room = 0
        """Bytes that are reserved for it, by what `room_of` says."""
        self.room_of: object = None
        self.weight = False
        """Memory of a model tensor (GGML_BACKEND_BUFFER_USAGE_WEIGHTS)."""
        self.input = False
        self.output = False
        self.backend = NO_BACKEND
        self.graph = 0
        """The number of the last graph that took it up."""
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


class Sorted:
    """Nodes of a graph by what the scheduler asks of them."""

    __slots__ = ("_places", "anchors", "loose", "partial", "work")

    def __init__(self) -> None:
        self.work: list[Node] = []
        """What is computed: all but views."""
        self.partial: list[Node] = []
        """Of those, what not every backend runs."""
        self.anchors: list[Node] = []
        """Nodes whose backend follows from memory that is there already."""
        self.loose: list[Node] = []
        """Nodes that get their backend after the others, or have such a source: views, and readers of leaves that nothing fills."""
        self._places: tuple[list[int], ...] = ([], [], [], [])

    @property
    def places(self) -> list[int]:
        """In the graph, of what is computed."""
        return self._places[0]

    def first(self, nodes: int) -> Sorted:
        """The same of a graph's first nodes."""
        parts = Sorted()
        counts = [bisect_left(places, nodes) for places in self._places]
        parts.work, parts.partial, parts.anchors, parts.loose = (
            known[:count]
            for known, count in zip((self.work, self.partial, self.anchors, self.loose), counts, strict=True)
        )
        a, b, c, d = (places[:count] for places, count in zip(self._places, counts, strict=True))
        parts._places = a, b, c, d
        return parts

    def add(self, at: int, node: Node) -> None:
        """Sort a node in."""
        op = node.op
        view = op in VIEW_OPS
        weighted = unfilled = False
        for source in node.sources:
            if source.weight:
                weighted = True
            elif source.op == "NONE" and source.buffer is None and not source.input:
                unfilled = True
        work, partial, anchors, loose = self._places
        if not view:
            self.work.append(node)
            work.append(at)
            if op in PARTIAL:
                self.partial.append(node)
                partial.append(at)
        if node.buffer is not None or node.input or (weighted and op not in WITHOUT_A_SAY):
            self.anchors.append(node)
            anchors.append(at)
        if view or unfilled:
            self.loose.append(node)
            loose.append(at)


_NUMBERS: Final = count(1)


class Graph:
    """Nodes in the order in which they will run (ggml_cgraph)."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.leafs: list[Node] = []
        self.pinned: dict[Node, int] = {}
        """Nodes that llama.cpp keeps on a backend, before anything is scheduled."""
        self.changed: list[tuple[Node, tuple[Node, ...], tuple[Node, ...] | None, tuple[Node, ...]]] = []
        """Nodes that read copies since they were scheduled, with the sources that they had, those in given memory and those of its layout."""
        self.copied: list[Node] = []
        """Nodes of which there are copies."""
        self.made_outputs: list[Node] = []
        """Inputs that pipelining made outputs of."""
        self._number = next(_NUMBERS)
        self._begun: tuple[Graph, int] | None = None

    @cached_property
    def parts(self) -> Sorted:
        """Its nodes by what the scheduler asks of them; what it begins with was sorted before."""
        known, start = (self._begun[0].parts, self._begun[1]) if self._begun else (Sorted(), 0)
        parts = known.first(start)
        for i, node in enumerate(self.nodes[start:], start):
            parts.add(i, node)
        return parts

    def first(self, nodes: int, leafs: int) -> Graph:
        """A graph that begins with so many of this one's nodes and leaves."""
        begun = Graph()
        begun.nodes, begun.leafs = self.nodes[:nodes], self.leafs[:leafs]
        begun._begun = self, nodes
        for node in (*begun.nodes, *begun.leafs):
            node.graph = begun._number
        return begun

    def restore(self) -> None:
        """Undo what scheduling changed: other graphs may hold the same nodes."""
        for node, sources, reads, parents in self.changed:
            node.sources, node.reads, node.parents, node.room_of = sources, reads, parents, None
        for node in self.copied:
            node.copies = None
        for leaf in self.made_outputs:
            leaf.output = False
        self.changed.clear()
        self.copied.clear()
        self.made_outputs.clear()

    def expand(self, node: Node, depth: int = 0) -> None:
        """Append whatever `node` needs and is not there yet, then the node (ggml_build_forward_expand)."""
        number = self._number
        if node.graph == number:
            return
        if depth == _DEEP:
            self._expand_deep(node)
            return
        node.graph = number
        for source in node.sources:
            if source.graph != number:
                self.expand(source, depth + 1)
        if node.op == "NONE":
            self.leafs.append(node)
        else:
            self.nodes.append(node)

    def _expand_deep(self, node: Node) -> None:
        """The same without Python's stack, which a model of hundreds of layers would exhaust; several times slower."""
        node.graph = self._number
        open_: list[tuple[Node, Iterator[Node]]] = [(node, iter(node.sources))]
        while open_:
            last, sources = open_[-1]
            source = next((one for one in sources if one.graph != self._number), None)
            if source is None:
                open_.pop()
                (self.leafs if last.op == "NONE" else self.nodes).append(last)
            else:
                source.graph = self._number
                open_.append((source, iter(source.sources)))


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
