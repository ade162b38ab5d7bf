"""A graph in steps: what comes before the layers, each layer, and what comes after the last.

So a graph can begin with the layers that it shares with one that is known: those are most of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from moefit.memory.graph.context import Context
from moefit.memory.graph.nodes import Node
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Steps:
    """How an architecture's graph is built, layer by layer."""

    start: Callable[[Context], Node]
    """What the first layer reads."""
    layer: Callable[[Context, Node, int, bool], Node]
    """What a layer makes of what it reads; whether it is the last one."""
    finish: Callable[[Context, Node], None]
    """From the last layer to the end."""

    def __call__(self, c: Context, layers: Sequence[int]) -> None:
        """A whole graph of these layers; or the rest of one that begins with some of them."""
        cur = c.resumed or self.start(c)
        for layer in layers[len(c.stages) :]:
            c.reach(cur)
            cur = self.layer(c, cur, layer, layer == layers[-1])
        self.finish(c, cur)
