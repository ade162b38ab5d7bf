"""Graphs of a few layers of a model, as they are built, scheduled on several devices, fused and allocated: each a short name that any difference changes.

llama.cpp's own graphs of two launches are beside ours in tests/memory/test_graph.py, its buffers in test_recorded.py. These are of more launches
and devices, and of the general graph, which stands for what llama.cpp has and no row of moefit's describes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import cycle

from moefit.launch.settings import Settings
from moefit.machine.types import CPU, Device
from moefit.memory.buffers import HOST
from moefit.memory.compute import _asked
from moefit.memory.graph import generic, kept_graphs, peaks
from moefit.memory.graph.allocate import Allocator, Arena
from moefit.memory.graph.built import Built
from moefit.memory.graph.context import Context
from moefit.memory.graph.fusion import fused
from moefit.memory.graph.layer_tensors import layers_of
from moefit.memory.graph.layers import kinds
from moefit.memory.graph.nodes import Node
from moefit.memory.graph.rules import alloc_size
from moefit.memory.graph.schedule import schedule
from moefit.memory.hparams import hparams
from moefit.model import Model
from moefit.model.architectures import architecture
from moefit.placement.types import Placement

SLOTS = Settings(3072, ubatch=60, slots=3, kv_unified=False, flash_attention="off", embeddings=True)
DRAFTS = Settings(
    2048,
    ubatch=40,
    slots=2,
    draft_tokens=2,
    rollback_tokens=2,
    flash_attention="on",
    cache_type_k="q8_0",
    cache_type_v="q4_0",
    kv_offload=False,
)
ONE = Settings(1280, ubatch=1, slots=1, swa_full=True)
WIDE = Settings(512, ubatch=512, slots=1, cache_type_k="f32", cache_type_v="bf16", flash_attention="off")
LAUNCHES = (SLOTS, DRAFTS, ONE, WIDE)
DEVICES = (("CUDA0",), ("ROCm0", "CUDA0"), ("Vulkan0", "RPC0"), ("MTL0",), ("SYCL0", "CANN0"))


def graphs(model: Model) -> list[str]:
    """The graph of each launch, and the general one, as built."""
    return [*(_name(_built(model, launch)) for launch in LAUNCHES), _name(_general(model))]


def scheduled(model: Model) -> list[list[int | str]]:
    """Of launches on devices of several kinds: the peaks of their buffers, and who computes what and where it lies."""
    found = []
    for names, launch in zip(DEVICES, cycle(LAUNCHES)):
        devices = [Device(name, 80 << 30, 80 << 30) for name in names]
        homes, question = _asked(model, devices, launch, _placement(model, len(devices)))
        every = layers(model)
        graph = Built(_built(model, launch), every).put(homes, every, pins=len(devices) > 1)
        plan = schedule(graph, peaks._backends(question))
        rules = (*question.rules, None)
        kept = fused(plan, [rule is not None and rule.fuses for rule in rules])
        arenas = [Arena((rule or HOST).alignment) for rule in rules]
        sizes = Allocator(arenas, [alloc_size(rule) for rule in rules]).run(kept.nodes, kept.leafs)
        where = (
            f"{node.op} {node.backend} {node.owner} {node.offset}" for node in (*kept.leafs, *kept.nodes)
        )
        found.append([*sizes, _shortened(where)])
    return found


def layers(model: Model) -> list[int]:
    """The first layer of each kind, the second and the last one."""
    numbers = kinds(model, architecture(model.architecture).period)
    loaded = [layer.index for layer in model.layers if not layer.mtp]
    first = {numbers[layer]: layer for layer in reversed(loaded)}
    return sorted({*first.values(), *loaded[1:2], loaded[-1]})


def _placement(model: Model, devices: int) -> Placement:
    """A third of the layers on the CPU, the others on the devices in turns; every second layer's experts away."""
    third = model.slots // 3
    slots = (*(CPU,) * third, *(n * devices // (model.slots - third) for n in range(model.slots - third)))
    return Placement(slots, {t.name: CPU for layer in model.layers[::2] for t in layer.experts})


def _built(model: Model, launch: Settings) -> Context:
    homes, question = _asked(model, (), launch, Placement((CPU,) * model.slots))
    return kept_graphs._from_scratch(model, homes, question.batch, layers(model))._context


def _general(model: Model) -> Context:
    homes, question = _asked(model, (), SLOTS, Placement((CPU,) * model.slots))
    context = Context(model, hparams(model), layers_of(model), question.batch, homes)
    generic.build(context, layers(model))
    return context


def _name(context: Context) -> str:
    return _shortened(_lines(context))


def _shortened(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


def _lines(context: Context) -> Iterator[str]:
    graph = context.graph
    number: dict[Node, int] = {}
    for node in (*graph.leafs, *graph.nodes):
        number[node] = len(number)
        seen = [number[source] for source in node.sources]
        yield f"{node.op} {node.type.name} {node.ne} {node.nb} {seen} {node.input} {node.output} {node.weight}"
    for leaf in context.leaves:
        yield f"{number.get(leaf.node)} {leaf.layer} {leaf.name} {leaf.short}"
    for noted in (*((at, node) for node, at in context.pinned), *context.attention, *context.fused):
        yield f"{noted[0]} {number.get(noted[1])}"
