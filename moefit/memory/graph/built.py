"""A graph that was built once, for every launch whose layers are alike: what differs is where its tensors live.

Building takes longer than all that follows, and depends on the batch and on the kinds of layers alone. So it is kept, and put to the homes of
each launch: its leaves get their backends and types, and what scheduling and allocating left in its nodes is undone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from moefit.memory.graph.context import OUTPUT_LAYER, Context, Homes
from moefit.memory.graph.layer_tensors import name_in_file
from moefit.memory.graph.nodes import NO_BACKEND, Graph, Node


class Built:
    """A graph of some layers."""

    def __init__(self, context: Context, layers: Sequence[int]) -> None:
        self.graph: Graph = context.graph
        self._context = context
        self._layers = tuple(layers)
        self._nodes = (*context.graph.nodes, *context.graph.leafs)
        self._views = [
            (node, node.view_of)
            for node in context.graph.nodes
            if node.view_of is not None and node.view_of.buffer is not None
        ]
        self.of_any_types = not any(root.weight for _, root in self._views)
        """It serves layers with weights of other types, too: no view of weights is laid out by theirs."""

    def before(self, layers: int) -> tuple[Context, tuple[int, ...]]:
        """What a graph that begins with so many of these layers begins with; and those layers."""
        return self._context.before(layers), self._layers[:layers]

    @property
    def steps(self) -> int:
        """With how many of its layers another graph can begin: the last one is another than those before it."""
        return max(0, len(self._context.stages) - 1)

    def attention(self, layers: Sequence[int]) -> list[tuple[int, Node]]:
        """Flash attention operations with their layer, where the graph is of these."""
        return self._of(layers, self._context.attention)

    def fused(self, layers: Sequence[int]) -> list[tuple[int, Node]]:
        """Fused operations of hyper-connections with their layer."""
        return self._of(layers, self._context.fused)

    def put(self, homes: Homes, layers: Sequence[int], *, pins: bool) -> Graph:
        """The graph as it is before it is scheduled, of these layers, with its tensors at home and what `pins` keeps there."""
        self.graph.restore()
        for node in self._nodes:
            node.backend = NO_BACKEND
            node.n_children = node.n_views = 0
            node.alive = False
        now = self._now(layers)
        self._put_leaves(homes, now)
        self.graph.pinned = {node: _home(homes, now.get(at, at)) for node, at in self._context.pinned if pins}
        for node, root in self._views:
            node.buffer = root.buffer
        return self.graph

    def _put_leaves(self, homes: Homes, now: Mapping[int, int]) -> None:
        exceptions = homes.tensors
        for leaf in self._context.leaves:
            layer = now.get(leaf.layer, leaf.layer)
            home = _home(homes, layer)
            if exceptions and leaf.name:
                home = exceptions.get(name_in_file(layer, leaf.short) if leaf.short else leaf.name, home)
            leaf.node.buffer = home
            if leaf.short:
                leaf.node.retype(self._context.tensors.own[layer][leaf.short].quant)

    def _now(self, layers: Sequence[int]) -> dict[int, int]:
        """The layer that each one of the graph stands for."""
        return dict(zip(self._layers, layers, strict=True))

    def _of(self, layers: Sequence[int], found: Sequence[tuple[int, Node]]) -> list[tuple[int, Node]]:
        now = self._now(layers)
        return [(now[layer], node) for layer, node in found]


def _home(homes: Homes, layer: int) -> int:
    """The backend of a layer, or of OUTPUT or HOST."""
    if layer >= 0:
        return homes.layers[layer]
    return homes.output if layer == OUTPUT_LAYER else homes.cpu
