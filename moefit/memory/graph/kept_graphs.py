"""Graphs of some layers, built by their architecture's row and kept for the launches whose layers are alike."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Final

from moefit.memory.graph import decoder
from moefit.memory.graph.batch import Batch
from moefit.memory.graph.begun import BuiltKey, begun
from moefit.memory.graph.built import Built
from moefit.memory.graph.context import SHARED, Context, Homes
from moefit.memory.graph.guessed import guessed, lacking_tensors
from moefit.memory.graph.layer_tensors import layers_of
from moefit.memory.graph.layers import alike, kinds
from moefit.memory.graph.named import named
from moefit.memory.graph.pooling import pool
from moefit.memory.hparams import hparams
from moefit.memory.memo import per_object
from moefit.model import MissingError, Model
from moefit.model.architectures import Plain, architecture

GRAPHS: Final = 8
"""Graphs kept for one model: they are large."""


def kept_graph(model: Model, homes: Homes, batch: Batch, layers: Sequence[int]) -> Built:
    """The graph of these layers; kept for launches with layers like them."""
    period, known = architecture(model.architecture).period, _graphs(model)
    where: Hashable = (replace(batch, pins=False), homes.output == homes.cpu)  # what pins does not build
    if _shares(model):
        where = (where, homes.output, tuple(homes.layers[layer] for layer in layers))
    by_kind, by_type = (
        (where, name, tuple(numbers[layer] for layer in layers))
        for name, numbers in (("kinds", kinds(model, period)), ("types", alike(model, period)))
    )
    for key in (by_kind, by_type):
        if key in known:
            known.move_to_end(key)
            return known[key]
    built = _from_known(model, layers, known, (by_kind, by_type)) or _from_scratch(
        model, homes, batch, layers
    )
    known[by_kind if built.of_any_types else by_type] = built
    if len(known) > GRAPHS:
        known.popitem(last=False)
    return built


def _from_known(
    model: Model, layers: Sequence[int], known: OrderedDict[BuiltKey, Built], keys: Sequence[BuiltKey]
) -> Built | None:
    """A graph that begins as a known one does; None where none does, or the rest lacks something."""
    found = begun(model, layers, known, keys)
    if found is None:
        return None
    c, chosen = found
    try:
        _build(c, chosen)
        c.check_complete()
    except MissingError:
        return None
    return Built(c, chosen)


def _from_scratch(model: Model, homes: Homes, batch: Batch, layers: Sequence[int]) -> Built:
    """The graph; a general one where a layer lacks what its architecture needs."""
    c = Context(model, hparams(model), layers_of(model), batch, homes)
    if not guessed(model):
        try:
            _build(c, layers)
            c.check_complete()
        except MissingError as error:
            lacking_tensors(model).append(error.name)
            return _from_scratch(model, homes, batch, layers)
    else:
        from moefit.memory.graph import generic  # noqa: PLC0415 - few models need it

        generic.build(c, layers)
    return Built(c, layers)


@per_object(8)
def _graphs(_model: Model) -> OrderedDict[BuiltKey, Built]:
    return OrderedDict()


@per_object(8)
def _shares(model: Model) -> bool:
    """Whether layers of one device may share a tensor of the file there."""
    return not SHARED.isdisjoint(layers_of(model).outside)


def _build(c: Context, layers: Sequence[int]) -> None:
    """The graph that the architecture's row names."""
    graph = c.row.graph
    if isinstance(graph, Plain):
        decoder.build(c, layers, graph)
    elif graph is not None:
        named(graph)(c, layers)
    if c.batch.pooling:
        pool(c)
