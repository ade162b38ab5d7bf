"""Headers made by hand, so that their tensors and metadata can be anything."""

from __future__ import annotations

from moefit.gguf.header import Header, Shard, TensorInfo, Value
from moefit.gguf.quants import QUANTS
from moefit.model import Model, build
from moefit.model.loaders import KeyRead, reads

F32 = QUANTS[0]


def header(metadata: dict[str, Value], *names: str, rows: int = 10) -> Header:
    """A header with a tensor of 4 x `rows` values for every name."""
    tensors = tuple(TensorInfo(name, (4, rows), F32, 0) for name in names)
    return Header(3, "little", metadata, tensors, (Shard("m.gguf", 1000, 1000),))


def moe(blocks: int = 2, architecture: str = "brand-new", **hparams: Value) -> dict[str, Value]:
    """Metadata of a language model with what its loader requires; hyper-parameters as keywords, `__` for the dot.

    An architecture that nobody knows holds no tensor to a shape.
    """
    asked = {key: _value(how) for key, how in reads(architecture).items() if how.required}
    told = {key.replace("__", "."): value for key, value in hparams.items()}
    keys = {**asked, "embedding_length": 4, "block_count": blocks, **told}
    return {"general.architecture": architecture, **{f"{architecture}.{k}": v for k, v in keys.items()}}


def _value(how: KeyRead) -> Value:
    one = 1e-5 if how.type == "f32" else 1
    return one if how.one else (one,)


def model(metadata: dict[str, Value], *names: str, rows: int = 10) -> Model:
    return build("m.gguf", header(metadata, *names, rows=rows))
