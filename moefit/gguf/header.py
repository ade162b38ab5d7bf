"""A GGUF header as values: metadata and tensor descriptions of a file or a split set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from moefit.gguf.quants import QuantType
from moefit.sizes import counted
from moefit.values import dataclass

DAMAGED = "the file is damaged"
"""The hint where a file says what none can mean."""


@dataclass(frozen=True, slots=True)
class SkippedArray:
    """An array whose contents were not read, because no rule needs them (token strings, merges)."""

    length: int


@dataclass(frozen=True, slots=True)
class SkippedText:
    """A string that was not read, because it is longer than any that a rule needs."""

    length: int
    """Bytes."""


Value = bool | int | float | str | tuple[bool | int | float | str, ...] | SkippedArray | SkippedText


def brief(value: object) -> str:
    """A key or value of a file as messages have it: one line of at most about 100 characters, whatever the file holds."""
    if isinstance(value, SkippedText):
        return f"a text of {counted(value.length, 'byte')}"
    if isinstance(value, SkippedArray):
        return f"a list of {counted(value.length, 'value')}"
    text = repr(value[:100]) if isinstance(value, str | tuple) else repr(value)
    return text if len(text) <= 100 else f"{text[:60]}...{text[-30:]}"


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One tensor's entry in the header."""

    name: str
    shape: tuple[int, ...]
    """ne[0] first, as GGUF stores it: the row length comes first."""
    quant: QuantType
    offset: int
    """Bytes from the start of the shard's data section."""
    shard: int = 0

    @property
    def bytes(self) -> int:
        """Size of the data, as ggml_nbytes computes it, without padding."""
        rows = 1
        for n in self.shape[1:]:
            rows *= n
        return self.quant.row_bytes(self.shape[0]) * rows


@dataclass(frozen=True, slots=True)
class Shard:
    """One file of the set."""

    name: str
    size: int | None
    """Bytes the file has; None when the source cannot tell."""
    expected: int
    """Bytes its header says it must have."""

    @property
    def truncated(self) -> bool:
        """Whether the file is shorter than its header says: an unfinished download, or a header alone."""
        return self.size is not None and self.size < self.expected


@dataclass(frozen=True, slots=True)
class Header:
    """Everything the header says, over all shards."""

    version: int
    byte_order: str
    """little or big."""
    metadata: Mapping[str, Value]
    tensors: tuple[TensorInfo, ...]
    shards: tuple[Shard, ...]
    types: Mapping[str, str] = field(default_factory=dict)
    """GGUF type of each value, of a list that of its elements, as llama.cpp names it (u32, f32, bool); empty in a header made by hand."""

    @property
    def truncated(self) -> bool:
        """Whether any shard is shorter than its header says."""
        return any(shard.truncated for shard in self.shards)
