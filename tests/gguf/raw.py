"""GGUF bytes written by hand, so that they can be wrong."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

UINT8, INT8, UINT16, INT16, UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY, UINT64, INT64, FLOAT64 = range(13)
F32, Q4_K = 0, 12


class BytesSource:
    """A file that was never one; counts what is read of it."""

    def __init__(self, data: bytes, size: int | None = -1, name: str = "m.gguf") -> None:
        self.name = name
        self.data = data
        self.size = len(data) if size == -1 else size
        self.identity = None
        self.fetched = 0
        self.closed = False

    def read(self, offset: int, size: int) -> bytes:
        part = self.data[offset : offset + size]
        self.fetched += len(part)
        return part

    def close(self) -> None:
        self.closed = True


@dataclass
class Raw:
    """A header in the making: pairs and tensors are bytes already."""

    order: str = "<"
    version: int = 3
    pairs: list[bytes] = field(default_factory=list)
    tensors: list[bytes] = field(default_factory=list)
    tensor_count: int | None = None
    pair_count: int | None = None
    magic: bytes = b"GGUF"

    def pack(self, layout: str, *values: object) -> bytes:
        return struct.pack(self.order + layout, *values)

    def string(self, text: str | bytes) -> bytes:
        data = text.encode() if isinstance(text, str) else text
        return self.pack("Q", len(data)) + data

    def pair(self, key: str, kind: int, layout: str, *values: object) -> Raw:
        self.pairs.append(self.string(key) + self.pack("I", kind) + self.pack(layout, *values))
        return self

    def text(self, key: str, value: str | bytes) -> Raw:
        self.pairs.append(self.string(key) + self.pack("I", STRING) + self.string(value))
        return self

    def array(self, key: str, kind: int, length: int, content: bytes = b"") -> Raw:
        self.pairs.append(self.string(key) + self.pack("IIQ", ARRAY, kind, length) + content)
        return self

    def tensor(self, name: str, shape: tuple[int, ...], kind: int = F32, offset: int = 0) -> Raw:
        dims = self.pack(f"{len(shape)}Q", *shape)
        self.tensors.append(
            self.string(name) + self.pack("I", len(shape)) + dims + self.pack("IQ", kind, offset)
        )
        return self

    def header(self) -> bytes:
        counts = self.pack(
            "QQ",
            len(self.tensors) if self.tensor_count is None else self.tensor_count,
            len(self.pairs) if self.pair_count is None else self.pair_count,
        )
        return self.magic + self.pack("I", self.version) + counts + b"".join(self.pairs + self.tensors)

    def file(self, data: int = 0) -> bytes:
        header = self.header()
        return header + bytes(-len(header) % 32) + bytes(data)
