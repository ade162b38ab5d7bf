"""What the real llama.cpp said about memory: recorded rows, and the headers of the models they are about.

`rows()` gives the answers about real models, `extra_rows()` those about further architectures, `model()` the model one is
about, built from a header that was never a file.
README.md says how they were recorded.
"""

from __future__ import annotations

import functools
import json
import lzma
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moefit.gguf.header import Header, Shard, SkippedArray, TensorInfo, Value
from moefit.gguf.quants import QUANTS
from moefit.model import Model, build

HERE = Path(__file__).resolve().parent
PORTS = (50052, 50053, 50054)


@dataclass(frozen=True, slots=True)
class Bytes:
    """What llama.cpp's memory breakdown says of one buffer type."""

    model: int = 0
    context: int = 0
    compute: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One answer of llama.cpp."""

    model: str
    quant: str
    mode: str
    """rpc: devices without op-offload and pinned buffers; cuda-like: devices that behave like CUDA ones; cuda: a real card."""
    gpus: int
    outputs: int
    """0: the whole ubatch, as llama-fit-params reserves; N: llama-server with N slots."""
    flags: str
    n_ctx: int
    n_batch: int
    n_ubatch: int
    n_seq: int
    devices: Mapping[str, Bytes]
    """By device name; Host, and CPU where weights were repacked."""
    layers: Mapping[str, int]
    """Slots by device name."""
    kv: tuple[str, ...]
    """One log line a cache."""
    recurrent: tuple[str, ...]
    copies: int
    graph: str = field(repr=False)
    alignment: int = 32
    """Bytes, of the devices' buffers: a CPU's 32, or CUDA's 128 in some of the cuda-like rows."""

    @property
    def tokens(self) -> list[str]:
        """The flags as a command line has them, the ports of the recorder filled in."""
        flags = self.flags
        for index, port in enumerate(PORTS):
            flags = flags.replace(f"{{P{index}}}", str(port))
        return flags.split()

    @property
    def name(self) -> str:
        """What a test calls it."""
        return f"{self.model}-{self.quant} {self.mode} x{self.gpus} outputs={self.outputs} {self.flags}"

    def device(self, index: int) -> Bytes:
        """What device `index` holds; nothing when llama.cpp did not use it."""
        return self.devices.get(f"{'CUDA' if self.mode == 'cuda' else 'RPC'}{index}", Bytes())

    @property
    def host(self) -> Bytes:
        """Host and CPU together: how they share depends on the processor that recorded it, their sum does not."""
        parts = [self.devices[name] for name in ("Host", "CPU") if name in self.devices]
        return Bytes(
            sum(p.model for p in parts), sum(p.context for p in parts), sum(p.compute for p in parts)
        )

    refused: bool = False
    """llama.cpp does not start; then there is no answer."""
    mtp: Mapping[str, Bytes] = field(default_factory=dict)
    """The context of the multi-token-prediction blocks, where the line asks for it; weights counted once more."""


@functools.cache
def extra_rows() -> tuple[Row, ...]:
    """Recorded answers about architectures beyond the real models: scripts/record_oracle.py --extra."""
    return tuple(_row(json.loads(line)) for line in _lines("extra_rows.jsonl.xz"))


@functools.cache
def rows() -> tuple[Row, ...]:
    """Every recorded answer about the real models."""
    return tuple(_row(json.loads(line)) for line in _lines("rows.jsonl.xz"))


@functools.cache
def cuda_rows() -> tuple[Row, ...]:
    """Answers recorded on a real CUDA card, mode `cuda`: benchmarks/gpu/record.py."""
    return tuple(_row(json.loads(line)) for line in _lines("cuda.jsonl.xz"))


@functools.cache
def moe_cache_rows() -> tuple[Row, ...]:
    """Answers of b11549 to launches with an expert cache: scripts/record_oracle.py --moe-cache."""
    return tuple(_row(json.loads(line)) for line in _lines("moe_cache_rows.jsonl.xz"))


_NOTHING: dict[str, Any] = {
    "n_ctx": 0,
    "n_batch": 0,
    "n_ubatch": 0,
    "n_seq": 0,
    "devices": {},
    "layers": {},
    "kv": [],
    "recurrent": [],
    "copies": 1,
    "graph": "",
}


def _row(data: dict[str, Any]) -> Row:
    if data.get("refused"):
        data = {**_NOTHING, **data}
    for key in ("devices", "mtp"):
        data[key] = {name: Bytes(**use) for name, use in data.get(key, {}).items()}
    data["kv"], data["recurrent"] = tuple(data["kv"]), tuple(data["recurrent"])
    return Row(**data)


def _lines(name: str) -> list[str]:
    return lzma.decompress((HERE / name).read_bytes()).decode().splitlines()


@functools.cache
def models() -> Mapping[str, dict[str, Any]]:
    """Every model by name, as its JSON describes it: metadata, tensors, types by quantisation."""
    described = [
        json.loads(line) for name in ("models", "extra_models") for line in _lines(f"{name}.jsonl.xz")
    ]
    return {m["name"]: m for m in described}


@functools.cache
def header(name: str, quant: str) -> Header:
    """The header a file of that model would have."""
    described = models()[name]
    kinds = dict(zip((t[0] for t in described["tensors"]), described["types"][quant].split(), strict=True))
    metadata: dict[str, Value] = {
        "general.architecture": described["architecture"],
        "general.name": described["name"],
        **{key: tuple(v) if isinstance(v, list) else v for key, v in described["metadata"].items()},
        f"{described['architecture']}.vocab_size": described["vocab"],
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": SkippedArray(described["vocab"]),
    }
    tensors = []
    offset = 0
    for tensor, *shape in described["tensors"]:
        info = TensorInfo(tensor, tuple(shape), QUANT_TYPES[kinds[tensor]], offset)
        tensors.append(info)
        offset += -(-info.bytes // 32) * 32
    shard = Shard(f"{name}-{quant}.gguf", None, offset)
    return Header(3, "little", metadata, tuple(tensors), (shard,))


QUANT_TYPES = {quant.name: quant for quant in QUANTS.values()}


@functools.cache
def model(name: str, quant: str) -> Model:
    """The model of that name in that quantisation."""
    return build(f"{name}-{quant}.gguf", header(name, quant))
