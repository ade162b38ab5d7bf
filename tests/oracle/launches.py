"""A row's launch as moefit's own values: devices, settings, placement."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moefit.launch.settings import Settings
from moefit.machine.backends import Backend
from moefit.machine.types import CPU, Device
from moefit.placement.types import Placement
from tests import oracle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moefit.model import Model

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class CudaLike(Device):
    """A device as the recorder's mode cuda-like has them: CUDA's rules under an RPC device's name."""

    alignment: int = 128

    @property
    def backend(self) -> Backend:
        """CUDA's rules, with the row's alignment."""
        return Backend("CUDA", op_offload=True, host_buffer=True, row_padding=512, alignment=self.alignment)


@dataclass(frozen=True, slots=True)
class Launch:
    """What a row's command line means."""

    devices: tuple[Device, ...]
    settings: Settings
    placement: Placement


def launch(row: oracle.Row) -> Launch:
    """The launch of a row."""
    flags = _flags(row.tokens)
    devices = tuple(_device(row, i) for i in range(row.gpus))
    return Launch(devices, _settings(row, flags), _placement(row, flags, devices))


def _device(row: oracle.Row, index: int) -> Device:
    name, buffer = f"RPC{index}", f"RPC0[127.0.0.1:{50052 + index}]"
    if row.mode == "cuda-like":
        return CudaLike(name, 24 * GIB, 24 * GIB, buffer=buffer, alignment=row.alignment)
    return Device(name, 24 * GIB, 24 * GIB, buffer=buffer)


def _flags(tokens: Sequence[str]) -> dict[str, list[str]]:
    alone = {
        "--cpu-moe",
        "--no-op-offload",
        "--kv-unified",
        "--no-kv-offload",
        "-kvu",
        "-no-kvu",
        "--swa-full",
    }
    flags: dict[str, list[str]] = {}
    rest = iter(tokens)
    for token in rest:
        flags.setdefault(token, []).append("" if token in alone else next(rest))
    return flags


def _last(flags: dict[str, list[str]], name: str, default: str) -> str:
    return flags[name][-1] if name in flags else default


def _settings(row: oracle.Row, flags: dict[str, list[str]]) -> Settings:
    return Settings(
        context=int(_last(flags, "-c", "4096")),
        program="llama-server" if row.outputs else "llama-fit-params",
        batch=int(_last(flags, "-b", "2048")),
        ubatch=int(_last(flags, "-ub", "512")),
        slots=row.n_seq,
        kv_unified="--kv-unified" in flags or "-kvu" in flags,
        cache_type_k=_last(flags, "-ctk", "f16"),
        cache_type_v=_last(flags, "-ctv", "f16"),
        flash_attention=_last(flags, "-fa", "auto"),
        kv_offload="--no-kv-offload" not in flags,
        op_offload="--no-op-offload" not in flags,
        swa_full="--swa-full" in flags,
        load_mode="none",
        split_mode=_last(flags, "-sm", "layer"),
        main_gpu=int(_last(flags, "-mg", "0")),
    )


def _placement(row: oracle.Row, flags: dict[str, list[str]], devices: Sequence[Device]) -> Placement:
    model = oracle.model(row.model, row.quant)
    slots = model.slots
    offloaded = min(int(_last(flags, "-ngl", "999")), slots) if devices else 0
    split = (
        [float(x) for x in _last(flags, "-ts", ",".join("1" * len(devices))).split(",")] if devices else []
    )
    if _last(flags, "-sm", "layer") == "none":
        split = [float(i == int(_last(flags, "-mg", "0"))) for i in range(len(devices))]
    ends = [sum(split[: i + 1]) / sum(split) for i in range(len(split))]
    tail = [bisect_right(ends, i / offloaded) for i in range(offloaded)]
    return Placement((*[CPU] * (slots - offloaded), *tail), _overrides(row, model, devices))


def _overrides(row: oracle.Row, model: Model, devices: Sequence[Device]) -> dict[str, int]:
    experts = r"\.ffn_(up|down|gate|gate_up)_(ch|)exps"
    rules: list[tuple[str, int]] = []
    tokens = iter(row.tokens)
    for token in tokens:
        if token == "-ot":
            for part in next(tokens).split(","):
                pattern, target = part.split("=", 1)
                names = {"CPU": CPU} | {d.buffer_name: i for i, d in enumerate(devices)}
                rules.append((pattern, names[target]))
        elif token == "--cpu-moe":
            rules.append((experts, CPU))
        elif token == "--n-cpu-moe":
            rules += [(rf"blk\.{i}{experts}", CPU) for i in range(int(next(tokens)))]
    overrides = {}
    for layer in model.layers:
        for tensor in layer.tensors:
            for pattern, target in rules:
                if re.search(pattern, tensor.name):
                    overrides[tensor.name] = target
                    break
    return overrides
