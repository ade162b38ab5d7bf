"""Compute buffers: what llama.cpp reserves on each device and on the host for one forward pass.

The graph of the architecture is built for a few layers of each kind, scheduled and allocated as llama.cpp does it
(moefit.memory.graph). source: src/llama-context.cpp, llama_context::sched_reserve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from moefit.launch.settings import Settings
from moefit.machine.types import CPU, Device
from moefit.memory.buffers import HOST
from moefit.memory.cells import context
from moefit.memory.graph.allocate import Allocator, Arena
from moefit.memory.graph.architectures import ARCHITECTURES, GENERIC
from moefit.memory.graph.context import Batch, Context, Homes, Layers, Parameters
from moefit.memory.graph.nodes import Node
from moefit.memory.graph.rules import alloc_size, batch_size, runs
from moefit.memory.graph.schedule import Backends, schedule
from moefit.memory.hparams import hparams
from moefit.memory.kv import cache_type
from moefit.memory.memo import per_model
from moefit.model import Model
from moefit.placement.types import Placement


@dataclass(frozen=True, slots=True)
class ComputeBuffers:
    """What one launch reserves for computing, in bytes."""

    devices: tuple[int, ...]
    """Per device."""
    host: int
    copies: int
    """Copies of every input for pipelining: 1, or 4 with several devices and nothing on the CPU."""
    terms: tuple[tuple[str, int], ...] = ()
    """Parts of the above that are worth a name."""
    notes: tuple[str, ...] = ()
    """Why a figure is an estimate, one line each."""


def compute_buffers(
    model: Model, devices: Sequence[Device], settings: Settings, placement: Placement
) -> ComputeBuffers:
    """The compute buffers of a launch.

    Raises:
        KeyError: a layer lacks a tensor that its architecture needs.
    """
    homes = _homes(devices, placement)
    copies = pipeline_copies(model, devices, settings, placement)
    notes = (
        ()
        if model.architecture in ARCHITECTURES
        else (f"{model.architecture}: compute buffers are an estimate",)
    )
    batch = _batch(model, settings)
    peaks = _simulate(model, tuple(devices), settings, homes, batch, copies)
    return ComputeBuffers(peaks[:-1], peaks[-1], copies, (), notes)


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


def _homes(devices: Sequence[Device], placement: Placement) -> Homes:
    cpu = len(devices)

    def backend(index: int) -> int:
        return cpu if index == CPU else index

    slots = tuple(backend(i) for i in placement.slots)
    return Homes(slots[:-1], slots[-1], {n: backend(i) for n, i in placement.overrides.items()}, cpu)


def _batch(model: Model, settings: Settings) -> Batch:
    """The prompt batch that llama.cpp reserves (llama_context::llama_context and sched_reserve)."""
    sizes = context(settings)
    tokens = min(sizes.total, sizes.ubatch)
    outputs = min(tokens, outputs_max(settings, sizes.batch))
    tokens = -(-tokens // sizes.sequences) * sizes.sequences
    window = hparams(model).window
    return Batch(
        tokens=tokens,
        sequences=sizes.sequences,
        outputs=outputs,
        streams=sizes.streams,
        cells=sizes.sequence,
        window_cells=sizes.sequence if settings.swa_full else sizes.window_cells(window),
        flash=settings.flash_attention != "off",
        transposed_v=settings.flash_attention == "off",
        type_k=cache_type(settings.cache_type_k),
        type_v=cache_type(settings.cache_type_v),
        kv_offload=settings.kv_offload,
        pins=False,
    )


def outputs_max(settings: Settings, batch: int) -> int:
    """n_outputs_max: the server wants one row a slot, other programs every token of the batch."""
    if settings.program != "llama-server" or settings.embeddings:
        return batch
    return settings.slots * (1 + settings.draft_tokens)


def _simulate(
    model: Model, devices: tuple[Device, ...], settings: Settings, homes: Homes, batch: Batch, copies: int
) -> tuple[int, ...]:
    build = ARCHITECTURES.get(model.architecture, GENERIC)
    c = Context(Parameters(model), hparams(model), _layers(model), batch, homes)
    layers = [layer.index for layer in model.layers if not layer.mtp]
    build(c, layers)
    rules = [*(device.backend for device in devices), None]

    def offloads(backend: int, node: Node) -> bool:
        return devices[backend].backend.op_offload and batch_size(node) >= settings.op_offload_min_batch

    backends = Backends(
        len(rules), lambda backend, node: runs(rules[backend], node), offloads, settings.op_offload, copies
    )
    planned = schedule(c.graph, backends)
    arenas = [Arena((rule or HOST).alignment) for rule in rules]
    return Allocator(arenas, [alloc_size(rule) for rule in rules]).run(planned.nodes, planned.leafs)


@per_model(8)
def _layers(model: Model) -> Layers:
    return Layers(model)
