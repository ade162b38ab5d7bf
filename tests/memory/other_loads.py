"""Terms of other loads than a server's usual one: layers in parts, dummy loads, draft models, adapters, moved weights, other caches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import astuple, replace
from itertools import product
from typing import Any

from moefit.gguf.header import Header, TensorInfo
from moefit.gguf.quants import QUANTS
from moefit.launch.patterns import Rule
from moefit.launch.settings import Settings
from moefit.machine.types import CPU, Device
from moefit.memory import dummy_load
from moefit.memory.cells import cells_of
from moefit.memory.footprint import footprint
from moefit.memory.guests import control_vector, draft, lora
from moefit.memory.host import caches, checkpoint
from moefit.memory.hparams import hparams
from moefit.memory.kv import kv
from moefit.memory.lazy import lazy
from moefit.memory.ledger import ledger
from moefit.memory.moe_cache import overflows, proportions
from moefit.memory.projector import ADJUSTABLE, IMAGE_TOKENS, MERGE, PIXELS_OF_FILE, ImageTokens, mmproj
from moefit.memory.split_modes import cautious, split_footprint
from moefit.memory.tensor_split import _cut, _divided, _has_heads
from moefit.memory.weights import weights
from moefit.model import Model
from moefit.placement.types import Placement

F16, F32 = QUANTS[1], QUANTS[0]
FEW = 68
"""Tensors of a model that is small enough to be asked as a draft in a change's tests."""
PREDICTING = ("qwen3next", "glm4", "step35", "bailingmoe2")
SHARES: tuple[tuple[float, ...], ...] = ((0.0, 0.0), (1.0, 3.7), (2.0, 1.0, 0.5), (0.0, 1.0, 0.0, 4.0, 1.5))


def cards(*names: str) -> list[Device]:
    return [Device(name, 80 << 30, 80 << 30) for name in names]


def shortened(rows: Iterable[object]) -> str:
    """A short name for many rows, which any difference changes."""
    return hashlib.sha256("\n".join(map(str, rows)).encode()).hexdigest()[:12]


def cuts(model: Model) -> list[str]:
    """How -sm tensor cuts every tensor among two, three and five devices, and what each gets."""
    return [shortened(_cuts(model, shares)) for shares in SHARES]


def _cuts(model: Model, shares: tuple[float, ...]) -> Iterator[str]:
    if hparams(model).mla:  # not cut at all
        return
    first, last = model.layers[:6], model.layers[-1]
    for tensor in (*model.input, *model.output, *(t for layer in (*first, last) for t in layer.tensors)):
        if _has_heads(model, tensor.layer):
            cut = _cut(model, tensor, len(shares))
            yield f"{tensor.name} {cut.axis} {cut.segments} {cut.rotation} {_divided(cut.segments, shares, cut.rotation)}"


def modes(model: Model) -> list[Any]:
    """Bytes with -sm row and -sm tensor, from above, and with -sm tensor as exactly as it goes."""
    devices, settings = (
        cards("CUDA0", "ROCm0"),
        Settings(2048, ubatch=64, cache_type_v="q8_0", split_mode="tensor"),
    )
    slots = (*(CPU,) * (model.slots // 4), *(0,) * (model.slots - model.slots // 4))
    exact = split_footprint(model, devices, settings, Placement(slots), (3.0,))
    sizes = ledger(model, settings, devices)
    found = [exact]
    for mode, main, split in (
        ("row", 1, None),
        ("row", 0, (1.0, 2.0)),
        ("tensor", 0, None),
        ("tensor", 1, (1.0, 2.5)),
    ):
        found.append(cautious(exact, sizes, mode, main, split))
    return [[*(list(astuple(use)) for use in one.devices), len(one.notes)] for one in found]  # fmt: skip


def dummy(model: Model) -> list[Any]:
    """What a dummy load reports, of the model and of its prediction blocks, and both together."""
    devices, half = cards("CUDA0", "Vulkan0"), model.slots // 2
    placement = Placement((*(0,) * half, *(1,) * (model.slots - half)))
    settings = Settings(2048, ubatch=64, mtp=any(layer.mtp for layer in model.layers), slots=2)
    parts = (dummy_load.weights_and_caches, dummy_load.dummy_compute, dummy_load.dummy_heads)
    one, two, three = (part(model, devices, settings, placement) for part in parts)
    every = (one, two, three, dummy_load.combined(one, three), dummy_load.combined(two, two))
    return [[*(list(astuple(use)) for use in part.devices), list(astuple(part.host))] for part in every]


def moved(model: Model) -> str:
    """Bytes of weights with embeddings, outputs, factors and experts moved, in buffers of several kinds."""
    devices, half = cards("CUDA0", "RPC0", "MTL0"), model.slots // 2
    slots = (*(CPU,) * (half // 2), *(2,) * (half - half // 2), *(0,) * (model.slots - half))
    ends = {
        t.name: place for t, place in zip((*model.input, *model.output), (1, CPU, 0, 1) * 3, strict=False)
    }
    experts = {t.name: n % 4 - 1 for n, t in enumerate(t for layer in model.layers for t in layer.experts)}
    first = {t.name: 1 for t in model.layers[0].tensors}
    found = []
    for overrides, (pinned, repack), mtp in product(
        ({}, ends, experts, {**first, **dict(list(ends.items())[:1])}),
        ((True, True), (False, True), (False, False)),
        (False, True),
    ):
        settings = Settings(1024, host_buffers=pinned, repack=repack, mtp=mtp)
        found.append(weights(model, devices, settings, Placement(slots, overrides)))
        found.append(
            weights(
                model,
                devices[1:2],
                settings,
                Placement((0,) * model.slots, {n: min(p, 0) for n, p in overrides.items()}),
            )
        )
    return shortened(found)  # fmt: skip


def drafted(model: Model) -> list[Any] | None:
    """What a model with prediction blocks, or a small one, takes as the draft of another: with overrides, shares, and in one pass."""
    if len(model.tensors) > FEW and not (model.layers[-1].mtp and model.architecture in PREDICTING):
        return None
    main = Settings(
        4096, ubatch=128, slots=2, kv_unified=False, draft_tokens=3, model_draft_tokens=3, draft_cache_type_k="q8_0",
        draft_cache_type_v="bf16", rollback_tokens=3, mtp=any(layer.mtp for layer in model.layers),
    )  # fmt: skip
    two = cards("CUDA0", "ROCm0")
    bound = footprint(model, two, replace(main, ubatch=32), Placement((0,) * model.slots))
    every = (
        draft(model, two, main, gpu_layers=model.slots // 2, tensor_split=(1.0, 2.0)),
        draft(model, two, main, rules=(Rule("blk[.]0[.]", "CPU"), Rule("output", "CUDA0")), blocks=True),
        draft(model, two, main, bound=bound),
        draft(model, (), main, gpu_layers=0),
    )
    return [[[g.device, g.model, g.context, g.compute, bool(g.note)] for g in found] for found in every]


def adapted(model: Model) -> list[Any]:
    """An adapter and a control vector beside the model, where its tensors lie."""
    devices, half = cards("CUDA0", "ROCm0"), model.slots // 2
    slots = (*(CPU,) * (half // 2), *(1,) * (half - half // 2), *(0,) * (model.slots - half))
    every = [t for t in model.tensors if len(t.shape) > 1]
    tensors = tuple(
        TensorInfo(f"{t.name}.lora_{part}", shape, F16, 0)
        for t in every[:: max(1, len(every) // 40)]
        for part, shape in (("a", (t.shape[0], 7)), ("b", (7, t.shape[1])))
    )
    placement = Placement(slots, {every[-1].name: CPU, every[0].name: 1})
    found = (
        *lora(Header(3, "little", {}, tensors, ()), model, devices, placement),
        *control_vector(model, devices, placement),
    )
    return [[g.kind, g.device, g.model, g.context, g.compute] for g in found]  # fmt: skip


def cached_otherwise(model: Model) -> list[Any]:
    """Caches, checkpoints and tables of launches with odd slots, rollbacks, caches on the host and full windows."""
    launches = (
        Settings(5000, slots=3, kv_unified=False, rollback_tokens=3, cache_type_k="q5_1"),
        Settings(5000, slots=3, swa_full=True, kv_offload=False, cache_type_v="q4_0"),
        Settings(
            777, slots=1, ubatch=2048, mtp=True, rollback_tokens=1, cache_ram=100, context_checkpoints=3
        ),
    )
    devices = cards("CUDA0", "Vulkan0")
    slots = (*(CPU,) * (model.slots // 3), *(n % 2 for n in range(model.slots - model.slots // 3)))
    found: list[Any] = [
        [kv(model, devices, one, Placement(slots)), checkpoint(model, one), [t.bytes for t in caches(model, one)]]
        for one in launches
    ]  # fmt: skip
    cells = [astuple(cells_of(one)) for one in launches]
    tables = [[t.name for t in lazy(model, mode)] for mode in ("on", "auto", "off")]
    return [*found, shortened(cells), tables]


def lookups(model: Model) -> list[Any]:
    """Whether a graph with an expert cache is too small, and how devices share one."""
    n = model.slots
    asked = (
        ((("q8_0", "f16"), None)),
        (("f16", "bf16"), None),
        (("f16", "q4_0"), 12568),
        (("q8_0", "q8_0"), 12569),
        (("q8_0",), 12570),
    )
    shares = [
        proportions(
            Settings(512, tensor_split=split), Placement((*(0,) * (n // 3), *(1,) * (n - n // 3))), taking, 3
        )
        for split in (None, (1.0, 0.1), (0.0, 2.0, 1.0))
        for taking in ({0}, {1, 2}, {0, 1, 2}, {2})
    ]
    return [[overflows(model, types, build) for types, build in asked], shortened(shares)]  # fmt: skip


def projectors() -> dict[str, Any]:
    """Every kind of projector, with sizes said by the file, by the line, or not at all."""
    return {kind: [_projector(kind, *one) for one in _ASKED] for kind in sorted({*IMAGE_TOKENS, *PIXELS_OF_FILE, *ADJUSTABLE, *MERGE, "mlp", ""})}  # fmt: skip


_ASKED: tuple[tuple[dict[str, int], ImageTokens, bool], ...] = tuple(
    product(
        (
            {},
            {"clip.vision.image_max_pixels": 1 << 20},
            {"clip.vision.projector.scale_factor": 3, "clip.vision.spatial_merge_size": 4, "clip.vision.n_wa_pattern": 8},
            {"clip.vision.patch_size": 0, "clip.audio.embedding_length": 640, "clip.audio.feed_forward_length": 2500, "clip.audio.attention.head_count": 5},
        ),
        (ImageTokens(), ImageTokens(most=300), ImageTokens(least=10)),
        (True, False),
    )
)  # fmt: skip


def _projector(kind: str, more: dict[str, int], tokens: ImageTokens, flash: bool) -> list[Any]:
    metadata: dict[str, Any] = {
        "clip.projector_type": kind,
        "clip.vision.embedding_length": 1152,
        "clip.vision.feed_forward_length": 4304,
        "clip.vision.attention.head_count": 16,
        "clip.vision.patch_size": 14,
        "clip.vision.image_size": 890,
        **more,
    }
    gate = "ffn_gate" if "qwen" in kind else "ffn_up"
    tensors = (TensorInfo(f"v.blk.0.{gate}.weight", (1152, 33), F16, 0), TensorInfo("v.b", (3,), F32, 0))
    found = mmproj(
        Header(3, "little", metadata, tensors, ()), "CUDA0", flash_attention=flash, image_tokens=tokens
    )
    return [found.model, found.compute, bool(found.note)]  # fmt: skip


OTHERS = {
    "cuts": cuts,
    "moved": moved,
    "drafted": drafted,
    "adapted": adapted,
    "caches": cached_otherwise,
    "lookups": lookups,
}
