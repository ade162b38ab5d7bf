"""Compute buffers: what llama.cpp reserves on each device and on the host for one forward pass.

The graph of the architecture is built for a few layers of each kind, scheduled and allocated as llama.cpp does it
(moefit.memory.graph). source: src/llama-context.cpp, llama_context::sched_reserve.

The figures are those of llama.cpp's dummy load on those devices, which `llama-fit-params` prints; what the devices keep for
their fused kernels is part of them. What a real run needs beyond them is `extra`: norms that only a real load keeps on their
layer's device.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from moefit.launch.settings import Settings
from moefit.machine.backends import Backend
from moefit.machine.types import CPU, Device
from moefit.memory.buffers import HOST
from moefit.memory.cache_tensor import cache_type
from moefit.memory.cells import context
from moefit.memory.graph import generic
from moefit.memory.graph.allocate import Allocator, Arena
from moefit.memory.graph.architectures import ARCHITECTURES, PERIODS
from moefit.memory.graph.context import Batch, Context, Homes, Layers, Parameters
from moefit.memory.graph.fusion import fused
from moefit.memory.graph.layers import choose
from moefit.memory.graph.nodes import Node
from moefit.memory.graph.rules import alloc_size, batch_size, runs
from moefit.memory.graph.schedule import Backends, schedule
from moefit.memory.hparams import hparams
from moefit.memory.memo import per_model
from moefit.model import Model
from moefit.placement.types import Placement

NO_FLASH_ATTENTION: Final = frozenset({"grok"})
"""Architectures for which it is switched off (llama_init_from_model)."""

UNKNOWN_PART: Final = 4
"""An unknown architecture gets one part in four more than what its tensors show."""

FUSION: Final = "fused kernels"
"""The term for what ggml-cuda keeps longer (moefit.memory.graph.fusion)."""

REMEMBERED: Final = 1024
"""Answers kept for one model."""


@dataclass(frozen=True, slots=True)
class ComputeBuffers:
    """What one launch reserves for computing, in bytes."""

    devices: tuple[int, ...]
    """Per device, as llama.cpp's dummy load on that backend reports it."""
    host: int
    copies: int
    """Copies of every input for pipelining: 1, or 4 with several devices and nothing on the CPU."""
    extra: tuple[int, ...] = ()
    """Per device, what a real run reserves beyond that."""
    terms: tuple[tuple[str, int], ...] = ()
    """Parts of both that have a name of their own, over all devices: (name, bytes)."""
    notes: tuple[str, ...] = ()
    """Why a figure is an estimate, one line each."""


@dataclass(frozen=True, slots=True)
class _Peaks:
    """Peak bytes of each backend's buffer, the CPU's last."""

    plain: tuple[int, ...]
    fused: tuple[int, ...]
    """As the backends order and keep tensors for their fused kernels."""


@dataclass(frozen=True, slots=True)
class _Question:
    """Everything but the layers that an answer depends on."""

    batch: Batch
    rules: tuple[Backend, ...]
    output: int
    offload: bool
    min_batch: int
    copies: int
    auto: bool
    """Flash attention is used if every layer's device has it."""


def compute_buffers(
    model: Model, devices: Sequence[Device], settings: Settings, placement: Placement
) -> ComputeBuffers:
    """The compute buffers of a launch.

    Raises:
        KeyError: a layer lacks a tensor that its architecture needs.
    """
    homes = _homes(devices, placement)
    copies = pipeline_copies(model, devices, settings, placement)
    question = _Question(
        batch=_prompt(model, settings),
        rules=tuple(device.backend for device in devices),
        output=homes.output,
        offload=settings.op_offload and any(device.backend.op_offload for device in devices),
        min_batch=settings.op_offload_min_batch,
        copies=copies,
        auto=settings.flash_attention == "auto",
    )
    peaks = _answer(model, homes, question)
    most = peaks.fused
    batch = question.batch
    if batch.tokens <= 16 * batch.sequences:  # else the prompt's graph needs more than that of generation
        small = replace(batch, tokens=batch.sequences, outputs=batch.sequences)
        most = _larger(most, _answer(model, homes, replace(question, batch=small)).fused)
    terms: dict[str, tuple[int, ...]] = {}
    if model.architecture not in ARCHITECTURES:
        terms["unknown architecture"] = tuple(size // UNKNOWN_PART for size in most)
    if len(set(homes.layers) - {homes.cpu}) > 1 and placement.offloaded >= model.slots:
        pinned = _answer(model, homes, replace(question, batch=replace(batch, pins=True)))
        terms["norms on their layer's device"] = _above(pinned.fused, peaks.fused)
    named = {FUSION: _above(peaks.fused, peaks.plain), **terms}
    return ComputeBuffers(
        devices=most[:-1],
        host=most[-1],
        copies=copies,
        extra=tuple(sum(sizes[i] for sizes in terms.values()) for i in range(len(devices))),
        terms=tuple((name, sum(sizes[:-1])) for name, sizes in named.items() if any(sizes[:-1])),
        notes=_notes(model),
    )


def pipeline_copies(model: Model, devices: Sequence[Device], settings: Settings, placement: Placement) -> int:
    """How often inputs are held to overlap devices (llama_context::llama_context, pipeline_parallel)."""
    parallel = (
        len(devices) > 1
        and placement.offloaded >= model.slots
        and settings.split_mode == "layer"
        and settings.kv_offload
        and not placement.overrides
    )
    return 4 if parallel else 1


def outputs_max(settings: Settings, batch: int) -> int:
    """n_outputs_max: the server wants one row a slot, other programs every token of the batch."""
    if settings.program != "llama-server" or settings.embeddings:
        return batch
    return settings.slots * (1 + settings.draft_tokens)


def _notes(model: Model) -> tuple[str, ...]:
    if model.architecture in ARCHITECTURES:
        return ()
    return (f"compute buffers of architecture {model.architecture!r} are an estimate from its tensors",)


def _larger(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(max(pair) for pair in zip(a, b, strict=True))


def _above(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(max(0, x - y) for x, y in zip(a, b, strict=True))


def _homes(devices: Sequence[Device], placement: Placement) -> Homes:
    cpu = len(devices)
    slots = tuple(cpu if index == CPU else index for index in placement.slots)
    moved = {name: cpu if index == CPU else index for name, index in placement.overrides.items()}
    return Homes(slots[:-1], slots[-1], moved, cpu)


def _prompt(model: Model, settings: Settings) -> Batch:
    """The prompt batch that llama.cpp reserves (llama_context::llama_context and sched_reserve)."""
    sizes = context(settings)
    flash = settings.flash_attention != "off" and model.architecture not in NO_FLASH_ATTENTION
    tokens = min(sizes.total, sizes.ubatch)
    outputs = min(tokens, outputs_max(settings, sizes.batch))
    tokens = -(-tokens // sizes.sequences) * sizes.sequences
    return Batch(
        tokens=tokens,
        sequences=sizes.sequences,
        outputs=outputs,
        streams=sizes.streams,
        cells=sizes.sequence,
        window_cells=sizes.sequence if settings.swa_full else sizes.window_cells(hparams(model).window),
        flash=flash,
        transposed_v=not flash,
        type_k=cache_type(settings.cache_type_k),
        type_v=cache_type(settings.cache_type_v),
        kv_offload=settings.kv_offload,
        pins=False,
    )


def _answer(model: Model, homes: Homes, question: _Question) -> _Peaks:
    """The peaks, remembered by what they depend on."""
    # With caches on the host, copies come and go in every layer, and the free blocks do not soon repeat.
    whole = not question.batch.kv_offload
    chosen = choose(model, homes, PERIODS.get(model.architecture, 1), whole=whole)
    outside = tuple((name, home) for name, home in homes.tensors.items() if not name.startswith("blk."))
    key = (question, chosen.key, outside)
    known = _known(model)
    if key in known:
        known.move_to_end(key)
        return known[key]
    answer = known[key] = _resolved(model, homes, question, chosen.layers)
    if len(known) > REMEMBERED:
        known.popitem(last=False)
    return answer


@per_model(8)
def _known(_model: Model) -> OrderedDict[Hashable, _Peaks]:
    return OrderedDict()


def _resolved(model: Model, homes: Homes, question: _Question, layers: Sequence[int]) -> _Peaks:
    """With flash attention switched off if a device lacks it (llama_context::resolve_fused_ops)."""
    c = _built(model, homes, question.batch, layers)
    if question.auto and not all(
        homes.layers[layer] == homes.cpu or runs(question.rules[homes.layers[layer]], node)
        for layer, node in c.attention
    ):
        c = _built(model, homes, replace(question.batch, flash=False), layers)
    return _allocated(c, question)


def _built(model: Model, homes: Homes, batch: Batch, layers: Sequence[int]) -> Context:
    c = Context(Parameters(model), hparams(model), _layers(model), batch, homes)
    ARCHITECTURES.get(model.architecture, generic.build)(c, layers)
    return c


def _allocated(c: Context, question: _Question) -> _Peaks:
    rules = (*question.rules, None)
    offloading = tuple(rule.op_offload for rule in question.rules)
    minimum = question.min_batch

    def offloads(backend: int, node: Node) -> bool:
        return offloading[backend] and batch_size(node) >= minimum

    backends = Backends(
        len(rules),
        lambda backend, node: runs(rules[backend], node),
        offloads,
        question.offload,
        question.copies,
    )
    plan = schedule(c.graph, backends)
    sizes = [alloc_size(rule) for rule in rules]

    def peaks(fuses: Sequence[bool]) -> tuple[int, ...]:
        arenas = [Arena((rule or HOST).alignment) for rule in rules]
        kept = fused(plan, fuses) if any(fuses) else plan
        return Allocator(arenas, sizes).run(kept.nodes, kept.leafs)

    plain = peaks(())
    fuses = [rule is not None and rule.fuses for rule in rules]
    return _Peaks(plain, peaks(fuses) if any(fuses) else plain)


@per_model(8)
def _layers(model: Model) -> Layers:
    return Layers(model)
