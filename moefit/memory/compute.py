"""Compute buffers: what llama.cpp reserves on each device and on the host for one forward pass.

The graph of the architecture is built for a few layers of each kind, scheduled and allocated as llama.cpp does it
(moefit.memory.graph). source: src/llama-context.cpp, llama_context::sched_reserve.

The figures are those of llama.cpp's dummy load on those devices, which `llama-fit-params` prints; what the devices keep for
their fused kernels is part of them. What a real run needs beyond them, or less, is `beyond_dummy`: only a real load keeps norms on their
layer's device, for a dummy load resets the scheduler before it splits the graph (ggml_backend_sched_reserve_size).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from operator import add
from typing import Final

from moefit.launch.settings import Settings
from moefit.machine.types import CPU, Device
from moefit.memory.cache_tensor import cache_type, may_lose_flash_attention
from moefit.memory.cells import cells_of
from moefit.memory.graph.batch import Batch
from moefit.memory.graph.context import Homes
from moefit.memory.graph.guessed import guessed
from moefit.memory.graph.peaks import Peaks, Question, peaks_of, sketch_peaks
from moefit.memory.graph.pooling import pooling_of
from moefit.memory.hparams import hparams
from moefit.memory.outputs import outputs_max
from moefit.memory.pipelining import COPIES, pipelines
from moefit.memory.weights import REPACKABLE
from moefit.model import Model
from moefit.model.architectures import architecture
from moefit.placement.types import Placement
from moefit.values import dataclass

UNKNOWN_PART: Final = 4
"""An unknown architecture gets one part in four more than what its tensors show."""
_SURE: Final = 2
"""Times the sketch of a graph that it does not take: of 114 models none took more than 1.1 times its own."""


@dataclass(frozen=True, slots=True)
class ComputeBuffers:
    """What one launch reserves for computing, in bytes."""

    devices: tuple[int, ...]
    """Per device, as llama.cpp's dummy load on that backend reports it."""
    host: int
    copies: int
    """Copies of every input for pipelining: 1, or 4 with several devices and nothing on the CPU."""
    beyond_dummy: tuple[int, ...] = ()
    """Per device, what a real run reserves beyond that; negative where it is less."""
    notes: tuple[str, ...] = ()
    """Why a figure is an estimate, one line each."""


def compute_buffers(
    model: Model, devices: Sequence[Device], settings: Settings, placement: Placement
) -> ComputeBuffers:
    """The compute buffers of a launch."""
    homes, question = _asked(model, devices, settings, placement)
    most = _most(model, homes, question)
    terms = _beyond(model, homes, question, placement, most)
    return ComputeBuffers(
        devices=most[:-1],
        host=most[-1],
        copies=question.copies,
        beyond_dummy=tuple(sum(sizes[i] for sizes in terms.values()) for i in range(len(devices))),
        notes=_notes(model),
    )


def real_buffers(
    model: Model, devices: Sequence[Device], settings: Settings, placement: Placement
) -> tuple[tuple[int, ...], int, tuple[str, ...]]:
    """Those of each device and of the host that a real load has, in as few graphs as that takes; and why they are an estimate."""
    homes, question = _asked(model, devices, settings, placement)
    if _pins(model, homes, placement):
        question = replace(question, batch=replace(question.batch, pins=True))
    *on, host = _most(model, homes, question)
    if not guessed(model):
        return tuple(on), host, ()
    said = compute_buffers(model, devices, settings, placement)
    return tuple(map(add, said.devices, said.beyond_dummy)), said.host, said.notes


def dummy_buffers(
    model: Model, devices: Sequence[Device], settings: Settings, placement: Placement
) -> tuple[tuple[int, ...], int]:
    """Those of each device and of the host that a dummy load reports: without what a real run keeps beyond them."""
    *on, host = _most(model, *_asked(model, devices, settings, placement))
    return tuple(on), host


def sketched_buffers(
    model: Model, devices: Sequence[Device], settings: Settings, placement: Placement
) -> tuple[int, ...]:
    """About what `compute_buffers` says for each device, from two layers of each kind: a place to start from."""
    homes, question = _asked(model, devices, settings, placement)
    return sketch_peaks(model, homes, question)[:-1]


def _asked(
    model: Model, devices: Sequence[Device], settings: Settings, placement: Placement
) -> tuple[Homes, Question]:
    homes = _homes(devices, placement)
    return homes, Question(
        batch=_prompt(model, settings),
        rules=tuple(device.backend for device in devices),
        output=homes.output,
        offload=settings.op_offload and any(device.backend.op_offload for device in devices),
        min_batch=settings.op_offload_min_batch,
        copies=COPIES if pipelines(devices, settings, placement) else 1,
        auto=may_lose_flash_attention(settings),
        repacked=REPACKABLE if settings.repack and not settings.host_buffers else frozenset(),
    )


def _most(model: Model, homes: Homes, question: Question) -> Peaks:
    """The peaks of the prompt's graph, or of generation's where that needs more."""
    peaks, batch = peaks_of(model, homes, question), question.batch
    if batch.tokens > 16 * batch.sequences:  # the prompt's graph needs more than that of generation
        return peaks
    small = replace(batch, tokens=batch.sequences, outputs=batch.sequences)
    asked = replace(question, batch=small)
    if all(_SURE * most <= peak for most, peak in zip(sketch_peaks(model, homes, asked), peaks, strict=True)):
        return peaks
    return _larger(peaks, peaks_of(model, homes, asked))


def _beyond(
    model: Model, homes: Homes, question: Question, placement: Placement, peaks: tuple[int, ...]
) -> dict[str, tuple[int, ...]]:
    """What a real run keeps beyond the dummy load's figure, or less, by name."""
    terms = {}
    if guessed(model):
        terms["unknown architecture"] = tuple(size // UNKNOWN_PART for size in peaks)
    if _pins(model, homes, placement):
        pinned = _most(model, homes, replace(question, batch=replace(question.batch, pins=True)))
        terms["norms on their layer's device"] = tuple(x - y for x, y in zip(pinned, peaks, strict=True))
    return terms


def _pins(model: Model, homes: Homes, placement: Placement) -> bool:
    """Whether a real load keeps norms on their layer's device, which a dummy load forgets: with every layer on one of several."""
    return len(set(homes.layers) - {homes.cpu}) > 1 and placement.offloaded >= model.slots


def _notes(model: Model) -> tuple[str, ...]:
    why = guessed(model)
    if why is None:
        return ()
    return (f"{model.architecture}: {why}: compute buffers are an estimate from its tensors",)


def _larger(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(max(pair) for pair in zip(a, b, strict=True))


def _homes(devices: Sequence[Device], placement: Placement) -> Homes:
    cpu = len(devices)
    slots = tuple(cpu if index == CPU else index for index in placement.slots)
    moved = {name: cpu if index == CPU else index for name, index in placement.overrides.items()}
    return Homes(slots[:-1], slots[-1], moved, cpu)


def _prompt(model: Model, settings: Settings) -> Batch:
    """The prompt batch that llama.cpp reserves (llama_context::llama_context and sched_reserve)."""
    sizes = cells_of(settings)
    if hparams(model).compress:  # kept apart for every slot, unified or not
        sizes = replace(sizes, streams=sizes.sequences)
    flash = settings.flash_attention != "off" and not architecture(model.architecture).no_flash_attention
    tokens = min(sizes.total, sizes.ubatch)
    outputs = min(tokens, outputs_max(model, settings, sizes.batch))
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
        pooling=pooling_of(model, settings),
        pins=False,
        snapshots=1 + (settings.rollback_tokens if architecture(model.architecture).rolls_back else 0),
    )
