"""What llama.cpp's own fit answered, and the same line and machine as moefit's values."""

from __future__ import annotations

import json
import lzma
from collections.abc import Mapping
from typing import Any

from moefit.launch.command import parse
from moefit.launch.constraints import Constraints, constraints
from moefit.launch.precedence import effective
from moefit.machine.types import Cpu, Device, Machine, Ram
from moefit.model import Model
from tests import oracle
from tests.oracle.launches import CudaLike

_FILES = ("fit.jsonl.xz", "many_fit.jsonl.xz")
"""The second is what benchmarks/multi.py recorded."""
RAM = 24105 << 20
"""Of the machine that recorded them."""


def fits() -> list[dict[str, Any]]:
    """Every recorded answer."""
    texts = (lzma.decompress((oracle.HERE / name).read_bytes()).decode() for name in _FILES)
    return [json.loads(line) for text in texts for line in text.splitlines()]


def name(row: Mapping[str, Any]) -> str:
    """What a test calls it."""
    sizes = "+".join(f"{size:g}" for size in row["mem_gib"])
    return f"{row['model']} {row['mode']} {sizes} {row['flags']}"


def asked(row: Mapping[str, Any]) -> tuple[Model, Machine, Constraints]:
    """The model, the machine and the line. Rows of mode rpc without `outputs` reserve a whole micro-batch, as llama-fit-params does."""
    devices = tuple(_device(row, index, size) for index, size in enumerate(row["mem_gib"]))
    program = "llama-server" if row["mode"] == "cuda" or row.get("outputs") else "llama-fit-params"
    slots = [] if "-np" in row["flags"] else ["-np", "1"]
    words = ["llama-server", "-m", "m.gguf", *slots, *row["flags"].split()]
    machine = Machine(devices, Ram(RAM, RAM), Cpu(2, 4))
    return oracle.model(row["model"], row["quant"]), machine, constraints(program, effective(parse(words)))


def _device(row: Mapping[str, Any], index: int, size: float) -> Device:
    free = int(size * 1024) << 20
    if row["mode"] == "cuda":
        return CudaLike(f"RPC{index}", free, free, buffer=f"B{index}", alignment=32)
    return Device(f"RPC{index}", free, free, buffer=f"B{index}")
