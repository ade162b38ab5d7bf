"""The graph allocator: how much room a scheduled graph needs on each backend.

Follows ggml/src/ggml-alloc.c: ggml_dyn_tallocr (best fit among free blocks, the last block being the unused end of the
buffer) and ggml_gallocr (leaves first, a result may take over its source's memory, memory returns when the last
reader has run). A buffer is one piece here: CUDA, ROCm and the CPU do not limit its size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from moefit.memory.graph.nodes import Node

IN_PLACE: Final = frozenset(
    {
        "FILL", "SCALE", "ADD", "ADD_MATRIX", "ADD_ID", "ADD1", "SUB", "MUL", "DIV", "SQR", "SQRT", "LOG", "UNARY", "ROPE", "ROPE_BACK", "RMS_NORM",
        "CLAMP", "SOFT_MAX", "DIAG_MASK_ZERO", "DIAG_MASK_INF",
    }
)  # fmt: skip
"""Operations that may write over a source of the same layout (ggml_op_can_inplace)."""

END: Final = 1 << 62

AllocSize = Callable[[Node], int]
"""Bytes a backend reserves for a node (ggml_backend_buft_get_alloc_size)."""


class Arena:
    """One buffer's free blocks, by address; the last one is everything beyond what was ever used."""

    __slots__ = ("mask", "offsets", "peak", "sizes")

    def __init__(self, alignment: int) -> None:
        self.mask = alignment - 1
        self.offsets = [0]
        self.sizes = [END]
        self.peak = 0

    def aligned(self, size: int) -> int:
        """Rounded up to the alignment, a power of two."""
        return (size + self.mask) & ~self.mask

    def take(self, size: int) -> int:
        """The offset of the smallest free block that holds `size` aligned bytes; the end of the buffer if none does."""
        sizes = self.sizes
        best = last = len(sizes) - 1
        best_size = END
        for i in range(last):
            if size <= sizes[i] <= best_size:
                best, best_size = i, sizes[i]
        offset = self.offsets[best]
        if sizes[best] == size:
            del self.offsets[best], sizes[best]
        else:
            self.offsets[best] = end = offset + size
            sizes[best] -= size
            if best == last and end > self.peak:
                self.peak = end
        return offset

    def give(self, offset: int, size: int) -> None:
        """Return `size` aligned bytes at `offset`, merging with the first free neighbour in address order.

        As in ggml an empty block may stay behind where an empty tensor was, and then keeps its neighbours apart.
        """
        offsets, sizes = self.offsets, self.sizes
        end = offset + size
        for i, start in enumerate(offsets):
            if start + sizes[i] == offset:
                sizes[i] += size
                if offsets[i + 1] == end:  # there is one: nothing lies behind the unused end
                    sizes[i] += sizes[i + 1]
                    del offsets[i + 1], sizes[i + 1]
                return
            if start == end:
                offsets[i] = offset
                sizes[i] += size
                if i > 0 and offsets[i - 1] + sizes[i - 1] == offset:
                    sizes[i - 1] += sizes[i]
                    del offsets[i], sizes[i]
                return
        at = next(
            (i for i, start in enumerate(offsets) if start >= offset), len(offsets)
        )  # an empty block can unsort them
        offsets.insert(at, offset)
        sizes.insert(at, size)


class Allocator:
    """Replays ggml_gallocr_alloc_graph_impl over nodes that know their backend."""

    def __init__(self, arenas: Sequence[Arena], alloc_sizes: Sequence[AllocSize]) -> None:
        self.arenas = arenas
        self.alloc_sizes = alloc_sizes

    def run(self, nodes: Sequence[Node], leafs: Sequence[Node]) -> tuple[int, ...]:
        """Peak bytes of each backend's buffer for nodes in order, each with its backend; no earlier run has seen them."""
        for leaf in leafs:
            if leaf.owns and not leaf.alive:
                self._place(leaf, leaf.backend)
        self._count(nodes)
        place, let_go = self._place, self._let_go
        for node in nodes:
            sources = node.reads or ()
            for source in sources:
                if not source.alive and source.owns:
                    place(source, node.backend)
            if node.owns and not node.alive:
                place(node, node.backend)
            for source in sources:
                source.n_children = left = source.n_children - 1
                if not left and not source.n_views:
                    let_go(source)
        return tuple(arena.peak for arena in self.arenas)

    def _count(self, nodes: Sequence[Node]) -> None:
        """Count readers and views, and place inputs before anything else."""
        for node in nodes:
            base, reads = node.view_of, node.reads
            if base is not None:
                if node.op != "NONE":
                    base.n_views += 1
            elif node.input and not node.alive:
                self._place(node, node.backend)
            if reads is None:
                reads = _read(node)
            for source in reads:
                source.n_children += 1
                if source.input and not source.alive and source.owns:
                    self._place(source, node.backend)

    def _place(self, node: Node, backend: int) -> None:
        node.alive = True
        alloc_size = self.alloc_sizes[backend]
        if node.room_of is not alloc_size:  # a graph is allocated for many launches
            node.room, node.room_of = alloc_size(node), alloc_size
        for parent in node.parents:
            if parent.alive and parent.n_children == 1 and not parent.n_views and not parent.output:
                self._take_over(node, parent)
                return
        arena = self.arenas[backend]
        node.owner = backend
        node.size = size = (node.room + arena.mask) & ~arena.mask
        node.offset = arena.take(size)

    def _take_over(self, node: Node, parent: Node) -> None:
        """Put the node in the memory of a source that nothing else reads; what it does not need is freed."""
        arena = self.arenas[parent.owner]
        node.owner, node.offset = parent.owner, parent.offset
        node.size = arena.aligned(node.room)
        parent.alive = False
        if parent.size > node.size:
            arena.give(node.offset + node.size, parent.size - node.size)

    def _let_go(self, source: Node) -> None:
        """Free the memory of a tensor that has no reader left, or whose view has none."""
        base = source
        if source.view_of is not None:
            base = source.view_of
            base.n_views -= 1
            if base.n_views or base.n_children:
                return
        if base.alive and not base.output:
            self.arenas[base.owner].give(base.offset, base.size)
            base.alive = False


def _read(node: Node) -> tuple[Node, ...]:
    """The sources that have memory of the allocator's, or view some: weights and caches have their own; its size may depend on them."""
    sources = node.sources
    node.reads = reads = tuple([s for s in sources if s.owns or (s.view_of is not None and s.view_of.owns)])
    ne, nb, type_ = node.ne, node.nb, node.type
    if node.op in IN_PLACE:
        node.parents = tuple([s for s in sources if s.ne == ne and s.nb == nb and s.type is type_])
    node.room_of = None
    return reads
