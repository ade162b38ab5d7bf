"""Headers made by hand, so that their tensors and metadata can be anything."""

from __future__ import annotations

from moefit.gguf.header import Header, Shard, TensorInfo, Value
from moefit.gguf.quants import QUANTS
from moefit.model import Model, build

F32 = QUANTS[0]


def header(metadata: dict[str, Value], *names: str, rows: int = 10) -> Header:
    """A header with a tensor of 4 x `rows` values for every name."""
    tensors = tuple(TensorInfo(name, (4, rows), F32, 0) for name in names)
    return Header(3, "little", metadata, tensors, (Shard("m.gguf", 1000, 1000),))


def moe(blocks: int = 2, architecture: str = "llama", **hparams: Value) -> dict[str, Value]:
    """Metadata of a language model; hyper-parameters as keywords, `__` for the dot."""
    keys = {f"{architecture}.{key.replace('__', '.')}": value for key, value in hparams.items()}
    return {"general.architecture": architecture, f"{architecture}.block_count": blocks, **keys}


def model(metadata: dict[str, Value], *names: str, rows: int = 10) -> Model:
    return build("m.gguf", header(metadata, *names, rows=rows))
