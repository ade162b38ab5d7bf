"""What the real llama.cpp said about memory: recorded rows, and the headers of the models they are about.

`rows()` gives every recorded answer, `model()` the model it is about, built from a header that was never a file.
README.md says how they were recorded.
"""

from __future__ import annotations

import functools
import json
import lzma
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moefit.gguf.header import Header, Shard, SkippedArray, TensorInfo, Value
from moefit.gguf.quants import QuantType
from moefit.model import Layer, Model, Role, Tensor

HERE = Path(__file__).resolve().parent


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
    """rpc: devices without op-offload and pinned buffers; cuda-like: devices that behave like CUDA ones."""
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

    @property
    def tokens(self) -> list[str]:
        """The flags as a command line has them, the ports of the recorder filled in."""
        return self.flags.replace("{P0}", "50052").replace("{P1}", "50053").replace("{P2}", "50054").split()

    @property
    def name(self) -> str:
        """What a test calls it."""
        return f"{self.model}-{self.quant} {self.mode} x{self.gpus} outputs={self.outputs} {self.flags}"

    def device(self, index: int) -> Bytes:
        """What device `index` holds; nothing when llama.cpp did not use it."""
        return self.devices.get(f"RPC{index}", Bytes())

    @property
    def host(self) -> Bytes:
        """Host and CPU together: how they share depends on the processor that recorded it, their sum does not."""
        parts = [self.devices[name] for name in ("Host", "CPU") if name in self.devices]
        return Bytes(
            sum(p.model for p in parts), sum(p.context for p in parts), sum(p.compute for p in parts)
        )


@functools.cache
def rows() -> tuple[Row, ...]:
    """Every recorded answer."""
    return tuple(_row(json.loads(line)) for path in ("rows.jsonl.xz",) for line in _lines(path))


def _row(data: dict[str, Any]) -> Row:
    data = dict(data)
    data["devices"] = {name: Bytes(**use) for name, use in data["devices"].items()}
    data["kv"], data["recurrent"] = tuple(data["kv"]), tuple(data["recurrent"])
    return Row(**data)


def _lines(name: str) -> list[str]:
    return lzma.decompress((HERE / name).read_bytes()).decode().splitlines()


@functools.cache
def models() -> Mapping[str, dict[str, Any]]:
    """Every model by name, as its JSON describes it: metadata, tensors, types by quantisation."""
    described = [json.loads(line) for line in _lines("models.jsonl.xz")]
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
        "tokenizer.ggml.tokens": SkippedArray(described["vocab"]),
    }
    tensors = []
    offset = 0
    for tensor, *shape in described["tensors"]:
        info = TensorInfo(tensor, tuple(shape), quant_type(kinds[tensor]), offset)
        tensors.append(info)
        offset += -(-info.bytes // 32) * 32
    shard = Shard(f"{name}-{quant}.gguf", None, offset)
    return Header(3, "little", metadata, tuple(tensors), (shard,))


# name: (ggml id, elements per block, bytes per block)
_TYPES = {
    "f32": (0, 1, 4),
    "f16": (1, 1, 2),
    "q4_0": (2, 32, 18),
    "q4_1": (3, 32, 20),
    "q5_0": (6, 32, 22),
    "q5_1": (7, 32, 24),
    "q8_0": (8, 32, 34),
    "q2_K": (10, 256, 84),
    "q3_K": (11, 256, 110),
    "q4_K": (12, 256, 144),
    "q5_K": (13, 256, 176),
    "q6_K": (14, 256, 210),
    "iq2_xxs": (16, 256, 66),
    "iq2_xs": (17, 256, 74),
    "iq3_xxs": (18, 256, 98),
    "iq1_s": (19, 256, 50),
    "iq4_nl": (20, 32, 18),
    "iq3_s": (21, 256, 110),
    "iq2_s": (22, 256, 82),
    "iq4_xs": (23, 256, 136),
    "i32": (26, 1, 4),
    "iq1_m": (29, 256, 56),
    "bf16": (30, 1, 2),
    "mxfp4": (39, 32, 17),
}


def quant_type(name: str) -> QuantType:
    """The type of that name."""
    number, block, size = _TYPES[name]
    return QuantType(number, name, block, size)


_EXPERT = re.compile(r"^blk[.](\d+)[.]ffn_(up|down|gate|gate_up)_(ch|)exps[.]")
_INPUT = ("token_embd", "position_embd", "token_types", "per_layer_token_embd", "token_embd_norm")


@functools.cache
def model(name: str, quant: str) -> Model:
    """The model of that name in that quantisation."""
    h = header(name, quant)
    architecture = str(h.metadata["general.architecture"])
    count = int(str(h.metadata[f"{architecture}.block_count"]))
    mtp = int(str(h.metadata.get(f"{architecture}.nextn_predict_layers", 0)))
    inputs: list[Tensor] = []
    outputs: list[Tensor] = []
    blocks: list[list[Tensor]] = [[] for _ in range(count)]
    for t in h.tensors:
        if found := re.match(r"blk[.](\d+)[.]", t.name):
            layer = int(found[1])
            role = Role.EXPERT if _EXPERT.match(t.name) else Role.BASE
            blocks[layer].append(Tensor(t.name, t.shape, t.quant, role, layer, t.bytes))
        elif t.name.split(".")[0] in _INPUT:
            inputs.append(Tensor(t.name, t.shape, t.quant, Role.INPUT, None, t.bytes))
        else:
            outputs.append(Tensor(t.name, t.shape, t.quant, Role.OUTPUT, None, t.bytes))
    tied = all(t.name != "output.weight" for t in outputs)
    if tied:
        e = next(t for t in inputs if t.name == "token_embd.weight")
        outputs.append(Tensor(e.name, e.shape, e.quant, Role.OUTPUT, None, e.bytes))
    layers = tuple(Layer(i, tuple(ts), mtp=i >= count - mtp) for i, ts in enumerate(blocks))
    return Model(
        h.shards[0].name, architecture, name, h.metadata, tuple(inputs), layers, tuple(outputs), tied
    )
