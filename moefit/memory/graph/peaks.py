"""The peaks of one reserved graph of a few layers: scheduled, allocated; each answer is kept.

source: src/llama-context.cpp, llama_context::graph_reserve and resolve_fused_ops.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from moefit.machine.backends import Backend
from moefit.memory.buffers import HOST
from moefit.memory.graph.allocate import Allocator, Arena
from moefit.memory.graph.batch import Batch
from moefit.memory.graph.built import Built
from moefit.memory.graph.context import Homes
from moefit.memory.graph.fusion import fused
from moefit.memory.graph.kept_graphs import kept_graph
from moefit.memory.graph.layer_tensors import layers_of
from moefit.memory.graph.layers import Chosen, choose, kinds, largest_of_each_kind
from moefit.memory.graph.nodes import Graph, Node
from moefit.memory.graph.rules import alloc_size, batch_size, runs
from moefit.memory.graph.schedule import Backends, assign, schedule
from moefit.memory.memo import per_object
from moefit.model import Model
from moefit.model.architectures import architecture
from moefit.values import dataclass

_T = TypeVar("_T")

FLASH: Final = "FLASH_ATTN_EXT"

REMEMBERED: Final = 1024
"""Answers kept for one model."""


_PRODUCTS: Final = frozenset({"MUL_MAT", "MUL_MAT_ID"})
Peaks = tuple[int, ...]
"""Peak bytes of each backend's buffer, the CPU's last."""


@dataclass(frozen=True, slots=True)
class Question:
    """Everything but the layers that an answer depends on."""

    batch: Batch
    rules: tuple[Backend, ...]
    output: int
    offload: bool
    min_batch: int
    copies: int
    auto: bool
    """Flash attention is used if every layer's device has it."""
    repacked: frozenset[str] = frozenset()
    """Types whose matrices on the CPU are in buffers of its own layout, from which no device can copy."""


def peaks_of(model: Model, homes: Homes, question: Question) -> Peaks:
    """The peaks, remembered by what they depend on."""
    chosen = _chosen(model, homes, question)
    places = (chosen.key, _outside(homes))
    return _remembered(
        _known(model), (question, places), lambda: _peaks(model, homes, question, chosen.layers)
    )


def sketch_peaks(model: Model, homes: Homes, question: Question) -> Peaks:
    """Peaks of a graph of two layers of each kind and home, those with the largest tensors away from it."""
    if _grows(model):
        return peaks_of(model, homes, question)
    layers = largest_of_each_kind(model, homes, architecture(model.architecture).period)
    # Every tensor that is away from its layer counts: an answer is the same for all load modes, which differ in nothing here.
    places = (layers, homes.layers, tuple(homes.tensors.items()))
    return _remembered(_known(model), (question, places), lambda: _peaks(model, homes, question, layers))


def _chosen(model: Model, homes: Homes, question: Question, *, sized: bool = True) -> Chosen:
    """The layers that stand for all. With caches on the host, copies come and go in every layer, and the free blocks do not soon repeat."""
    every_layer = _grows(model) or not question.batch.kv_offload
    period, pipelined = architecture(model.architecture).period, question.copies > 1
    return _choose(model, homes, period, every_layer=every_layer, pipelined=pipelined, sized=sized)


_choose = per_object(8, objects=2)(choose)
"""Remembered for the questions that one launch asks."""


def _outside(homes: Homes) -> Hashable:
    return tuple((name, home) for name, home in homes.tensors.items() if not name.startswith("blk."))


def _peaks(model: Model, homes: Homes, question: Question, layers: Sequence[int]) -> Peaks:
    graph = _resolved(model, homes, question, layers).put(homes, layers, pins=question.batch.pins)
    return _allocated(graph, question)


def _resolved(model: Model, homes: Homes, question: Question, layers: Sequence[int]) -> Built:
    """The graph with the fused operations that llama.cpp keeps: those that run where their layer is (resolve_fused_ops)."""
    batch = question.batch
    if question.auto and batch.flash and _is_missed(model, homes, question, layers):
        return kept_graph(model, homes, replace(batch, flash=False), layers)
    if not architecture(model.architecture).fused_streams:
        built = kept_graph(model, homes, batch, layers)
        if not (question.auto and batch.flash):
            return built
        attention = built.attention(layers)
        if _is_plain(model, homes, layers, question, attention):
            missed = any(not _can_run(question, homes.layers[layer], node) for layer, node in attention)
            _misses(model)[_attending(model, homes, question, layers)] = missed
            return kept_graph(model, homes, replace(batch, flash=False), layers) if missed else built
    off = _off(model, homes, replace(question, batch=_probe(batch)))
    flash = batch.flash and not (question.auto and FLASH in off)
    return kept_graph(model, homes, replace(batch, flash=flash, unfused=off - {FLASH}), layers)


def _is_missed(model: Model, homes: Homes, question: Question, layers: Sequence[int]) -> bool:
    """Whether layers like these were seen on devices like theirs that have no kernel for their attention: then no graph with it is built again."""
    known = _misses(model)
    return (
        any(known.values())
        and _is_plain(model, homes, layers, question, ())
        and known.get(_attending(model, homes, question, layers), False)
    )


def _attending(model: Model, homes: Homes, question: Question, layers: Sequence[int]) -> Hashable:
    """What decides whether devices can run the attention of layers: the heads of their kinds, their homes and the caches' types."""
    numbers = kinds(model, architecture(model.architecture).period)
    homes_of = frozenset((numbers[layer], homes.layers[layer]) for layer in layers)
    return question.batch.type_k, question.batch.type_v, question.rules, homes_of


@per_object(8)
def _misses(_model: Model) -> dict[Hashable, bool]:
    return {}


def _is_plain(
    model: Model, homes: Homes, layers: Sequence[int], question: Question, attention: Sequence[tuple[int, Node]],
) -> bool:  # fmt: skip
    """Whether attention runs where its layer is for certain, if that device can: what comes before it is there (weights, its cache).

    So it is where caches are with their layers, of blocks only feed-forward tensors are elsewhere, and all layers are on devices, or every
    one attends. A layer on the CPU loses its attention to a device where something beside it runs there: its output matrix, which the
    probe's batch of one token for each sequence may be large enough to offload, or a feed-forward tensor. Keys of what an encoder left are as
    many as its context in any batch, and so are offloaded always.
    """
    if (
        architecture(model.architecture).encodes
        or not question.batch.kv_offload
        or any(name.startswith("blk.") and ".ffn_" not in name for name in homes.tensors)
    ):
        return False
    if all(homes.layers[layer] != homes.cpu for layer in layers):
        return True
    moved = {home for name, home in homes.tensors.items() if name.startswith("blk.")}
    taken = question.offload and question.batch.sequences >= question.min_batch
    return {layer for layer, _ in attention} == set(layers) and not taken and moved <= {homes.cpu}


def _can_run(question: Question, backend: int, node: Node) -> bool:
    return runs((*question.rules, None)[backend], node)


def _grows(model: Model) -> bool:
    """Whether every layer takes something more: an input of its own, or what it leaves allocated."""
    return architecture(model.architecture).grows or "per_layer_model_proj.weight" in layers_of(model).outside


def _remembered(known: OrderedDict[Hashable, _T], key: Hashable, answer: Callable[[], _T]) -> _T:
    if key in known:
        known.move_to_end(key)
        return known[key]
    found = known[key] = answer()
    if len(known) > REMEMBERED:
        known.popitem(last=False)
    return found


@per_object(8)
def _known(_model: Model) -> OrderedDict[Hashable, Peaks]:
    return OrderedDict()


@per_object(8)
def _probes(_model: Model) -> OrderedDict[Hashable, frozenset[str]]:
    return OrderedDict()


def _probe(batch: Batch) -> Batch:
    """The batch by which llama.cpp sees whether flash attention can be used."""
    n = batch.sequences
    return replace(batch, tokens=n, outputs=n, pins=True, transposed_v=False)


def _off(model: Model, homes: Homes, probe: Question) -> frozenset[str]:
    """Fused operations that would run elsewhere than their layer, and so are switched off (resolve_fused_ops)."""
    chosen = _chosen(model, homes, probe, sized=False)
    key = (probe, chosen.key, _outside(homes))
    return _remembered(_probes(model), key, lambda: _elsewhere(model, homes, probe, chosen.layers))


def _elsewhere(model: Model, homes: Homes, probe: Question, layers: Sequence[int]) -> frozenset[str]:
    built = kept_graph(model, homes, probe.batch, layers)
    assign(built.put(homes, layers, pins=probe.batch.pins), _backends(probe))
    fused = (*built.attention(layers), *built.fused(layers))
    return frozenset(node.op for layer, node in fused if node.backend != homes.layers[layer])


def _backends(question: Question) -> Backends:
    """What the scheduler asks of the devices and the CPU."""
    rules = (*question.rules, None)
    offloading = tuple(rule.op_offload for rule in question.rules)
    minimum = question.min_batch

    def offloads(backend: int, node: Node) -> bool:
        kept = node.op in _PRODUCTS and node.sources[0].type.name in question.repacked
        return offloading[backend] and not kept and batch_size(node) >= minimum

    return Backends(
        len(rules),
        lambda backend, node: runs(rules[backend], node),
        offloads,
        question.offload,
        question.copies,
    )


def _allocated(graph: Graph, question: Question) -> Peaks:
    try:
        return _run(graph, question)
    finally:
        graph.restore()


def _run(graph: Graph, question: Question) -> Peaks:
    rules = (*question.rules, None)
    plan = schedule(graph, _backends(question))
    sizes = [alloc_size(rule) for rule in rules]

    fuses = [rule is not None and rule.fuses for rule in rules]
    kept = fused(plan, fuses) if any(fuses) else plan
    arenas = [Arena((rule or HOST).alignment) for rule in rules]
    return Allocator(arenas, sizes).run(kept.nodes, kept.leafs)
