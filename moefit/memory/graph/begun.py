"""A graph that begins as one that is known: most launches differ in their last layers alone, and building takes as long as all that follows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence

from moefit.memory.graph.built import Built
from moefit.memory.graph.context import Context
from moefit.memory.graph.layers import alike, kinds
from moefit.model import Model
from moefit.model.architectures import architecture

BuiltKey = tuple[Hashable, str, tuple[int, ...]]
"""Of a graph: what it is beside its layers, by what they are alike (`kinds` or `types`), and a number of each that says so."""


def begun(
    model: Model, layers: Sequence[int], known: OrderedDict[BuiltKey, Built], keys: Sequence[BuiltKey]
) -> tuple[Context, list[int]] | None:
    """What a graph of these layers begins with, and the layers that stand for its own; None where no known one begins like it.

    Args:
        model: whose graphs they are.
        layers: those of the graph.
        known: graphs by key; the one that is begun with is put last.
        keys: the graph's own, by each of the two ways.
    """
    shared = [
        (_common(mine, other, built.steps), other)
        for other, built in known.items()
        for mine in keys
        if mine[:2] == other[:2]
    ]
    most, other = max(shared, key=lambda one: one[0], default=(0, None))
    if other is None or not most:
        return None
    known.move_to_end(other)
    context, own = known[other].before(most)
    return context, _stand_ins(model, layers, own, other[1])


def _common(mine: BuiltKey, other: BuiltKey, steps: int) -> int:
    """How many layers two graphs begin with alike, the last of either left out."""
    most = min(steps, len(mine[2]) - 1)
    return next((i for i in range(most) if mine[2][i] != other[2][i]), most)


def _stand_ins(model: Model, layers: Sequence[int], own: Sequence[int], by: str) -> list[int]:
    """The layers of a graph that begins with those of another: each is there once, and is like the one in its place."""
    period = architecture(model.architecture).period
    numbers = kinds(model, period) if by == "kinds" else alike(model, period)
    chosen, taken = list(own), set(own)
    for layer in layers[len(own) :]:
        free = (i for i, number in enumerate(numbers) if number == numbers[layer] and i not in taken)
        chosen.append(layer if layer not in taken else next(free))
        taken.add(chosen[-1])
    return chosen
