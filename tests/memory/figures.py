"""Every architecture under three launches: what moefit counts, byte by byte.

python -m tests.memory.figures --write      # after a change that is meant: see what moved, and why, before it is kept
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

from moefit.launch.settings import Settings
from moefit.machine.types import CPU, Device
from moefit.memory.footprint import footprint
from moefit.model import Model
from moefit.placement.types import Placement
from tests import oracle

FILE = Path(__file__).parent / "figures.json"
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


def figures(architecture: str) -> list[list[list[int]]]:
    """For each launch, the bytes of each device and of the host."""
    name = SMALLEST[architecture]
    model = oracle.model(name, min(oracle.models()[name]["types"]))
    rows = []
    for devices, settings, placement in launches(model):
        found = footprint(model, devices, settings, placement)
        rows.append([list(astuple(use)) for use in (*found.devices, found.host)])
    return rows


def main() -> None:
    """Print what moved; keep it with --write."""
    found = {architecture: figures(architecture) for architecture in sorted(SMALLEST)}
    known = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    for architecture, rows in found.items():
        if rows != known.get(architecture):
            print(f"{architecture}: {known.get(architecture)} -> {rows}")  # noqa: T201 - a program's answer
    if "--write" in sys.argv:
        lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(rows)}" for name, rows in found.items())
        FILE.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
