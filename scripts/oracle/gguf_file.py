"""Sparse GGUF files: a true header and a true size, and no data."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from moefit.gguf.quants import QUANTS

ALIGNMENT = 32
TYPES = {quant.name: quant for quant in QUANTS.values()}
Tensor = tuple[str, tuple[int, ...], str]
"""Name, shape (row length first), type."""


def write(path: Path, metadata: Mapping[str, Any], tensors: Iterable[Tensor] = ()) -> None:
    """Write a file with that header; its data section is a hole."""
    listed = list(tensors)
    out = [b"GGUF", struct.pack("<IQQ", 3, len(listed), len(metadata))]
    out += [_string(key) + _value(value) for key, value in metadata.items()]
    at = 0
    for name, shape, kind in listed:
        dims = struct.pack(f"<{len(shape)}Q", *shape)
        out.append(
            _string(name) + struct.pack("<I", len(shape)) + dims + struct.pack("<IQ", TYPES[kind].id, at)
        )
        at += _pad(tensor_bytes(shape, kind))
    header = b"".join(out)
    with path.open("wb") as file:
        file.write(header)
        file.truncate(_pad(len(header)) + at)


def tensor_bytes(shape: tuple[int, ...], kind: str) -> int:
    """Bytes of a tensor's data."""
    rows = 1
    for n in shape[1:]:
        rows *= n
    return TYPES[kind].row_bytes(shape[0]) * rows


def _pad(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value: Any) -> bytes:
    """A value as the types GGUF files usually have: u32, f32, bool, string, and arrays of i32, f32, bool and strings."""
    if not isinstance(value, list):
        return _tagged(value, integer=4)
    tag = _tagged(value[0], integer=5)[:4]
    items = b"".join(_tagged(item, integer=5)[4:] for item in value)
    return struct.pack("<I", 9) + tag + struct.pack("<Q", len(value)) + items


def _tagged(value: Any, integer: int) -> bytes:
    """A scalar with its type in front; `integer` is the type of integers, 4 for u32 or 5 for i32."""
    if isinstance(value, bool):
        return struct.pack("<IB", 7, value)
    if isinstance(value, int):
        return struct.pack("<II" if integer == 4 else "<Ii", integer, value)
    if isinstance(value, float):
        return struct.pack("<If", 6, value)
    return struct.pack("<I", 8) + _string(value)
