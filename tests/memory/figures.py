"""Three launches for one model of each architecture: what moefit counts, byte by byte (tests/memory/terms.py keeps it)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple

from moefit.launch.settings import Settings
from moefit.machine.types import CPU, Device
from moefit.memory.footprint import footprint
from moefit.model import Model
from moefit.placement.types import Placement
from tests import oracle

CARDS = [Device(f"CUDA{n}", 80 << 30, 80 << 30) for n in range(2)]
SERVERS = [Device("RPC0", 80 << 30, 80 << 30, "RPC0[10.0.0.1:50052]")]
SMALLEST = {
    m["architecture"]: m["name"] for m in sorted(oracle.models().values(), key=lambda m: -len(m["tensors"]))
}


def launches(model: Model) -> Iterator[tuple[list[Device], Settings, Placement]]:
    """One card with everything, two with experts and layers on the CPU, an RPC server with half."""
    slots, third = model.slots, model.slots // 3
    experts = {t.name: CPU for layer in model.layers[::2] for t in layer.experts}
    yield CARDS[:1], Settings(8192), Placement((0,) * slots)
    split = (*(CPU,) * third, *(0,) * third, *(1,) * (slots - 2 * third))
    narrow = Settings(4096, ubatch=256, slots=2, kv_unified=False, flash_attention="off", embeddings=True)
    yield CARDS, narrow, Placement(split, experts)
    quantised = Settings(
        2048,
        ubatch=128,
        cache_type_k="q8_0",
        cache_type_v="q8_0",
        flash_attention="on",
        load_mode="none",
        swa_full=True,
    )
    half = (*(CPU,) * (slots // 2), *(0,) * (slots - slots // 2))
    yield SERVERS, quantised, Placement(half)


def figures(model: Model, launch: int) -> list[list[int]]:
    """The bytes of each device and of the host under one of the three."""
    devices, settings, placement = tuple(launches(model))[launch]
    found = footprint(model, devices, settings, placement)
    return [list(astuple(use)) for use in (*found.devices, found.host)]
