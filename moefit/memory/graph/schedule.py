"""Which backend runs what: the scheduler's passes, its splits and the copies between them.

Follows ggml/src/ggml-backend.cpp, ggml_backend_sched_split_graph. Backends are numbered in order of priority: devices first,
the CPU last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from moefit.machine.backends import PARTIAL
from moefit.memory.graph.nodes import NO_BACKEND, WITHOUT_A_SAY, Graph, Node
from moefit.values import dataclass

Predicate = Callable[[int, Node], bool]


@dataclass(frozen=True, slots=True)
class Backends:
    """What the scheduler asks of the backends."""

    count: int
    """Devices and the CPU."""
    supports: Predicate
    """Whether a backend can run a node (ggml_backend_supports_op)."""
    offloads: Predicate
    """Whether a backend wants a node whose weights are in host memory (ggml_backend_offload_op)."""
    offload: bool
    """cparams.op_offload."""
    copies: int
    """Pipeline copies of every input: 1 or 4 (GGML_SCHED_MAX_COPIES)."""

    @property
    def cpu(self) -> int:
        """Index of the CPU backend."""
        return self.count - 1


@dataclass(frozen=True, slots=True)
class Schedule:
    """The graph as the allocator gets it: nodes and leaves, which know their backend."""

    nodes: list[Node]
    leafs: list[Node]
    splits: list[tuple[int, int, int]]
    """Backend, and the first and one past the last index in the graph's nodes, of each split."""


def schedule(graph: Graph, backends: Backends) -> Schedule:
    """Assign, split and insert copies. The graph's nodes are changed: sources become the copies they read."""
    assign(graph, backends)
    return _split(graph, backends)


def _holder(node: Node, op: Node, backends: Backends) -> int:
    """The backend whose memory holds `node`, if it can run `op` (ggml_backend_sched_backend_from_buffer)."""
    buffer = node.buffer
    if buffer is None or (op.op in PARTIAL and not backends.supports(buffer, op)):
        return NO_BACKEND
    return buffer


def _current(node: Node, backends: Backends) -> int:
    """Where a node must run because of memory that exists already (ggml_backend_sched_backend_id_from_cur)."""
    if node.buffer is not None:
        return _holder(node, node, backends)
    if node.input:
        return backends.cpu
    if node.op in WITHOUT_A_SAY:
        return NO_BACKEND
    for source in node.sources:
        if source.weight:
            holder = _holder(source, node, backends)
            if backends.offload and holder == backends.cpu:
                for backend in range(holder):
                    if backends.supports(backend, node) and backends.offloads(backend, node):
                        return backend
            return holder
    return NO_BACKEND


def assign(graph: Graph, backends: Backends) -> None:
    """Passes 1 to 4: the backend of every node."""
    for leaf in graph.leafs:
        if leaf.buffer is not None:
            leaf.backend = leaf.buffer
        else:
            leaf.backend = backends.cpu if leaf.input else NO_BACKEND
    parts = graph.parts
    for node in parts.anchors:
        node.backend = _current(node, backends)
    for node, backend in graph.pinned.items():
        node.backend = backend
    work = parts.work
    if all(backends.supports(device, node) for node in parts.partial for device in range(backends.cpu)):
        _between(work, backends.cpu)
    else:
        _spread_all(work, backends)
    for node in parts.loose if work and work[0].backend != NO_BACKEND else graph.nodes:
        _settle(node, backends)


def _between(work: Sequence[Node], cpu: int) -> None:
    """Passes 1 and 2 where every backend runs every node: a stretch between two assigned nodes goes to that before it, a device first."""
    before, start = NO_BACKEND, 0
    for i, node in enumerate(work):
        if node.backend == NO_BACKEND:
            continue
        if start < i:
            first, second = (before, node.backend) if before != cpu else (node.backend, before)
            home = second if first in {NO_BACKEND, cpu} and second != NO_BACKEND else first
            for between in work[start:i]:
                between.backend = home
        before, start = node.backend, i + 1
    for last in work[start:]:
        last.backend = before


def _spread_all(work: Sequence[Node], backends: Backends) -> None:
    """Passes 1 to 3."""
    back = work[::-1]
    _spread(work, backends, skip_cpu=True)
    _spread(back, backends, skip_cpu=True)
    _spread(work, backends, skip_cpu=False)
    _spread(back, backends, skip_cpu=False)
    for node in work:
        if node.backend == NO_BACKEND:
            _choose_by_sources(node, backends)


def _spread(nodes: Sequence[Node], backends: Backends, *, skip_cpu: bool) -> None:
    """Give unassigned nodes the backend of the node before them."""
    current = NO_BACKEND
    for node in nodes:
        if node.backend != NO_BACKEND:
            current = NO_BACKEND if skip_cpu and node.backend == backends.cpu else node.backend
        elif current != NO_BACKEND and backends.supports(current, node):
            node.backend = current


def _settle(node: Node, backends: Backends) -> None:
    """Pass 4: a view is where its memory is; what has no place yet goes to its reader."""
    if node.backend == NO_BACKEND and node.view_of is not None:
        node.backend = node.view_of.backend
    for source in node.sources:
        if source.backend == NO_BACKEND:
            source.backend = node.backend if source.view_of is None else source.view_of.backend
    if node.backend == NO_BACKEND:
        node.backend = next(b for b in range(backends.count) if backends.supports(b, node))


def _choose_by_sources(node: Node, backends: Backends) -> None:
    """Pass 3 for a node that no neighbour's backend supports: the one that holds most of its sources."""
    best = -1
    for backend in range(backends.count):
        if backends.supports(backend, node):
            held = sum(_where(source) == backend for source in node.sources)
            if held > best:
                best, node.backend = held, backend


def _where(node: Node) -> int:
    """The backend whose buffer a tensor is or will be in (ggml_backend_sched_buffer_supported)."""
    if node.buffer is not None:
        return node.buffer
    if node.backend == NO_BACKEND and node.view_of is not None:
        return node.view_of.backend
    return node.backend


def _copy(node: Node, backend: int, backends: Backends) -> Node:
    """A tensor of the same layout on another backend (ggml_dup_tensor_layout)."""
    copy = Node("NONE", node.type, node.ne, node.nb)
    copy.backend = backend
    copy.input = copy.output = backends.copies > 1
    return copy


def _dependency(node: Node) -> Node:
    """A reader of `node` that runs nothing: it keeps the memory until the copy is done."""
    root = node if node.view_of is None else node.view_of
    reader = Node("NONE", node.type, node.ne, node.nb, (node,), root)
    reader.backend = node.backend
    return reader


class _Splitter:
    """Pass 5 and the graph copy: cuts the nodes into splits and gives each split copies of what it reads from elsewhere."""

    def __init__(self, graph: Graph, backends: Backends) -> None:
        self.graph = graph
        self.backends = backends
        self.nodes: list[Node] = []
        self.leafs: list[Node] = []
        self.splits: list[tuple[int, int, int]] = []
        self.current = graph.parts.work[0].backend if graph.parts.work else backends.cpu
        self.start = 0
        self.inputs: list[Node] = []

    def run(self) -> None:
        """Walk the nodes in order."""
        parts = self.graph.parts
        for i, node in zip(parts.places, parts.work, strict=True):
            if node.backend != self.current or (self.inputs and self._fresh_weights(node)):
                self._close(i)
                self.start, self.current, self.inputs = i, node.backend, []
            current = self.current
            for source in node.sources:
                if source.backend != current:
                    self._copy_sources(node)
                    break
        self._close(len(self.graph.nodes))

    def _fresh_weights(self, node: Node) -> bool:
        """Whether a new split lets the copies of earlier weights go."""
        for source in node.sources:  # noqa: SIM110 - asked for every node: a generator takes twice as long
            if source.weight and _where(source) != self.current:
                return True
        return False

    def _copy_sources(self, node: Node) -> None:
        current, moved = self.current, False
        for source in node.sources:
            if source.backend != current and _where(source) != current:
                if source.copies is None:
                    source.copies = {}
                    self.graph.copied.append(source)
                if current not in source.copies:
                    source.copies[current] = _copy(source, current, self.backends)
                    self.inputs.append(source)
                moved = True
        if moved:
            self.graph.changed.append((node, node.sources, node.reads, node.parents))
            node.sources = tuple([_as_read(s, current) for s in node.sources])
            node.reads = None

    def _close(self, end: int) -> None:
        current, copies = self.current, self.backends.copies
        for source in self.inputs:
            copy = (source.copies or {})[current]
            self.nodes += (_dependency(source), copy)
            if copies > 1:
                self.leafs.append(copy)
                self.leafs += (_copy(source, current, self.backends) for _ in range(copies - 1))
        self.nodes += self.graph.nodes[self.start : end]
        self.splits.append((current, self.start, end))


def _split(graph: Graph, backends: Backends) -> Schedule:
    """Passes 5 and 6."""
    splitter = _Splitter(graph, backends)
    splitter.run()
    leafs = splitter.leafs
    if backends.copies > 1:
        leafs = _pipelined_inputs(graph, backends) + leafs
    return Schedule(splitter.nodes, leafs + graph.leafs, splitter.splits)


def _as_read(source: Node, backend: int) -> Node:
    """The source, or its copy on the backend that reads it where that cannot read it where it is."""
    if source.copies is not None and source.backend != backend and _where(source) != backend:
        return source.copies[backend]
    return source


def _pipelined_inputs(graph: Graph, backends: Backends) -> list[Node]:
    """Pass 6: every input of the graph in as many copies as the pipeline is deep."""
    leafs: list[Node] = []
    for leaf in graph.leafs:
        if leaf.input:
            if not leaf.output:
                leaf.output = True
                graph.made_outputs.append(leaf)
            leafs.append(leaf)
            leafs += (_copy(leaf, leaf.backend, backends) for _ in range(backends.copies - 1))
    return leafs
