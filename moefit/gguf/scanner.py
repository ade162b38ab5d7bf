"""One GGUF file's header, read without the array contents that no rule needs.

The format: magic, version, counts, key-value pairs, tensor descriptions, padding, data. What is refused here is what
llama.cpp refuses (source: ggml/src/gguf.cpp, gguf_init_from_reader), and counts and lengths that no real file has.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from moefit.gguf.allowance import Allowance
from moefit.gguf.by_place import Entry, by_place
from moefit.gguf.header import DAMAGED, SkippedArray, SkippedText, TensorInfo, Value, brief
from moefit.gguf.newer import UPGRADE, newer
from moefit.gguf.quants import QUANTS, QuantType
from moefit.gguf.reader import Reader
from moefit.sizes import counted
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moefit.gguf.source import Source

MAGIC = b"GGUF"
_CONVERTED = "llama.cpp loads .gguf files only; its convert_hf_to_gguf.py makes one of safetensors"
_PAGE = "it is a page of a web site: is a login needed, or is the address that of a page?"
_OLD = "a format of 2023: get the model anew, as a GGUF"
_INSTEAD = {
    b"vers": "a pointer of Git LFS: git lfs pull fetches the file itself",
    b"<!DO": _PAGE,
    b"<!do": _PAGE,
    b"<htm": _PAGE,
    b"lmgg": _OLD,
    b"fmgg": _OLD,
    b"tjgg": _OLD,
    bytes(4): "its beginning was never written: the download is not complete",
}
"""What other files begin with, and what to do."""
MAX_TENSORS = 1 << 14
"""The largest real models have about 2000."""
MAX_PAIRS = 1 << 14
"""The largest real headers have about 80."""
MAX_KEY = (1 << 16) - 1
"""Bytes of a key, as the format's specification has it."""
MAX_TENSOR_NAME = 63
"""source: ggml/include/ggml.h, GGML_MAX_NAME."""
MAX_DIMENSIONS = 4
"""source: ggml/include/ggml.h, GGML_MAX_DIMS."""
KEPT_ARRAY = 4096
"""Entries of the longest array that is read: hyper-parameters by layer, not scores by token."""
KEPT_ENTRY, KEPT_PAIR, KEPT_TENSOR = 40, 128, 512
"""Bytes of memory, at most: of a number in an array, and of a pair and a tensor beside their strings."""
MAX_BYTES = (1 << 63) - 1

UINT32, BOOL, STRING, ARRAY = 4, 7, 8, 9
SCALARS = {
    0: ("B", 1),
    1: ("b", 1),
    2: ("H", 2),
    3: ("h", 2),
    UINT32: ("I", 4),
    5: ("i", 4),
    6: ("f", 4),
    BOOL: ("b", 1),
    10: ("Q", 8),
    11: ("q", 8),
    12: ("d", 8),
}
"""Value type -> struct letter and bytes. source: ggml/include/gguf.h, enum gguf_type."""
TYPE_NAMES = ("u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "str", "arr", "u64", "i64", "f64")
"""By value type. source: ggml/src/gguf.cpp, GGUF_TYPE_NAME."""


@dataclass(frozen=True, slots=True)
class FileHeader:
    """What one file's header says."""

    version: int
    byte_order: str
    """little or big."""
    metadata: dict[str, Value]
    types: dict[str, str]
    """Of each value, of a list its elements', as llama.cpp names it."""
    tensors: tuple[TensorInfo, ...]
    data_offset: int
    """Bytes from the start of the file to its data section."""
    expected: int
    """Bytes the file must have for its tensors to be whole."""


def scan(source: Source, shard: int = 0, allowance: Allowance | None = None) -> FileHeader:
    """Read the header of `source`, the file number `shard` of its set, whose files share one allowance.

    Raises:
        InputError: not GGUF, version 1, cut off inside the header, or damaged.
    """
    reader = Reader(source, allowance or Allowance())
    version = _version(reader)
    tensor_count, pair_count = reader.unpack("QQ", 16)
    for what, count, most in (
        ("tensors", tensor_count, MAX_TENSORS),
        ("key-value pairs", pair_count, MAX_PAIRS),
    ):
        if count > most:
            raise reader.error(f"a header with {count} {what} is absurd", DAMAGED)
    metadata, types, alignment = _metadata(reader, pair_count)
    tensors = _in_order(reader, tensor_count, shard, alignment)
    end = tensors[-1].offset + tensors[-1].bytes if tensors else 0
    data_offset = _pad(reader.offset, alignment) if tensors else reader.offset
    return FileHeader(
        version=version,
        byte_order="big" if reader.order == ">" else "little",
        metadata=metadata,
        types=types,
        tensors=tensors,
        data_offset=data_offset,
        expected=data_offset + end,
    )


def _in_order(reader: Reader, count: int, shard: int, alignment: int) -> tuple[TensorInfo, ...]:
    """The tensors, each there once, and each where the one before it ends."""
    tensors: dict[str, TensorInfo] = {}
    end = 0
    for tensor in _tensors(reader, count, shard, alignment):
        if tensor.name in tensors:
            raise reader.error(f"tensor {brief(tensor.name)} is there twice", DAMAGED)
        if tensor.offset != _pad(end, alignment):
            raise reader.error(
                f"tensor {brief(tensor.name)} is at byte {tensor.offset} of the data, not {_pad(end, alignment)}",
                DAMAGED,
            )
        tensors[tensor.name] = tensor
        end = tensor.offset + tensor.bytes
    return tuple(tensors.values())


def _pad(size: int, alignment: int) -> int:
    return (size + alignment - 1) // alignment * alignment


def _version(reader: Reader) -> int:
    """Check magic and version, and settle the byte order.

    A version whose low half is zero is one read in the wrong order.
    """
    magic = reader.unpack("4s", 4)[0]
    if magic != MAGIC:
        raise reader.error(f"not a GGUF file: it starts with {magic!r}", _INSTEAD.get(magic, _CONVERTED))
    raw = reader.unpack("4s", 4)[0]
    version = int.from_bytes(raw, "little")
    if version & 0xFFFF == 0 and version:
        reader.big_endian()
        version = int.from_bytes(raw, "big")
    if version not in (2, 3):
        hint = (
            "convert the model again: llama.cpp dropped version 1"
            if version == 1
            else "moefit reads versions 2 and 3"
        )
        raise reader.error(f"GGUF version {version} is not supported", hint)
    return version


def _metadata(reader: Reader, count: int) -> tuple[dict[str, Value], dict[str, str], int]:
    """The key-value pairs, their types, and the alignment of tensor data that they ask for."""
    metadata: dict[str, Value] = {}
    types: dict[str, str] = {}
    alignment = 32
    for _ in range(count):
        key = reader.string("a key", MAX_KEY)
        if not key or key in metadata:
            raise reader.error(f"key {brief(key)} is there twice" if key else "a key is empty", DAMAGED)
        kind = reader.number("I", 4)
        reader.keep(KEPT_PAIR)
        value, of = _value(reader, key, kind)
        metadata[key], types[key] = value, TYPE_NAMES[of]
        if key == "general.alignment":
            if kind != UINT32 or not isinstance(value, int) or value.bit_count() != 1:
                raise reader.error(f"general.alignment {brief(value)} is no power of two", DAMAGED)
            alignment = value
    return metadata, types, alignment


def _value(reader: Reader, key: str, kind: int) -> tuple[Value, int]:
    """The value and its type, of a list that of its elements."""
    if kind == STRING:
        text = reader.value_string(f"the value of {brief(key)}")
        return text if isinstance(text, str) else SkippedText(text), kind
    if kind == ARRAY:
        return _array(reader, key)
    if kind not in SCALARS:
        raise reader.error(f"key {brief(key)} has the unknown type {kind}", DAMAGED)
    value: bool | int | float = reader.number(*SCALARS[kind])
    return value != 0 if kind == BOOL else value, kind


def _array(reader: Reader, key: str) -> tuple[Value, int]:
    kind, length = reader.unpack("IQ", 12)
    if kind == STRING:
        reader.skip_strings(length)
        return SkippedArray(length), kind
    if kind not in SCALARS:
        what = "an array of arrays" if kind == ARRAY else f"an array of the unknown type {kind}"
        raise reader.error(f"key {brief(key)} is {what}", DAMAGED)
    letter, size = SCALARS[kind]
    if length > KEPT_ARRAY:
        reader.skip(length * size)
        return SkippedArray(length), kind
    reader.keep(KEPT_ENTRY * length)
    values = reader.unpack(f"{length}{letter}", length * size)
    return tuple(value != 0 for value in values) if kind == BOOL else values, kind


def _tensors(reader: Reader, count: int, shard: int, alignment: int) -> Iterator[TensorInfo]:
    """The tensors one by one; from the first on whose type is not known, all that follow are read before."""
    entries = (_entry(reader) for _ in range(count))
    for entry in entries:
        if (quant := _known(entry.kind)) is not None:
            yield _tensor(reader, entry, quant, shard)
            continue
        rest = [entry, *entries]
        later = by_place(rest, alignment)
        for one in rest:
            yield _tensor(reader, one, _known(one.kind) or later.get(one.kind), shard)


def _entry(reader: Reader) -> Entry:
    name = reader.string("a tensor's name", MAX_TENSOR_NAME)
    reader.keep(KEPT_TENSOR)
    dimensions = reader.number("I", 4)
    if dimensions > MAX_DIMENSIONS:
        raise reader.error(f"tensor {brief(name)} has {dimensions} dimensions", DAMAGED)
    # A tensor without dimensions is one number to ggml.
    shape = reader.unpack(f"{dimensions}Q", 8 * dimensions) or (1,)
    return Entry(name, shape, *reader.unpack("IQ", 12))


def _known(kind: int) -> QuantType | None:
    return QUANTS.get(kind) or newer(kind)


def _tensor(reader: Reader, entry: Entry, quant: QuantType | None, shard: int) -> TensorInfo:
    name, shape = entry.name, entry.shape
    if quant is None:
        raise reader.error(f"tensor {brief(name)} has the unknown type {entry.kind}", UPGRADE)
    if not all(shape):
        raise reader.error(f"tensor {brief(name)} is empty: {list(shape)}", DAMAGED)
    if shape[0] % quant.block:
        raise reader.error(
            f"tensor {brief(name)} has rows of {counted(shape[0], 'value')}, which is no multiple of {quant.block} ({quant.name})",
            DAMAGED,
        )
    if prod(shape) // quant.block * quant.block_bytes > MAX_BYTES:
        raise reader.error(f"tensor {brief(name)} of shape {list(shape)} is absurd", DAMAGED)
    return TensorInfo(name, shape, quant, entry.offset, shard)
