"""A whole header: one file, or every shard of a split set.

Shards are named `<prefix>-00001-of-00003.gguf` and carry split.no (from 0), split.count and split.tensors.count; the
first one alone carries the metadata. source: src/llama-model-loader.cpp, llama_model_loader::llama_model_loader.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from moefit.errors import InputError
from moefit.gguf.header import Header, Shard, Value, brief
from moefit.gguf.scanner import FileHeader, scan
from moefit.gguf.source import FileSource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from moefit.gguf.source import Source

SHARD_NAME = re.compile(r"(?P<prefix>.*)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf", re.DOTALL)


def shard_names(name: str) -> tuple[str, ...]:
    """The names of all shards of the set that `name` belongs to, in order; just `name` if it is no shard's name.

    >>> shard_names("m-00002-of-00003.gguf")
    ('m-00001-of-00003.gguf', 'm-00002-of-00003.gguf', 'm-00003-of-00003.gguf')
    >>> shard_names("m.gguf")
    ('m.gguf',)
    """
    match = SHARD_NAME.fullmatch(name)
    if match is None or not 1 <= int(match["number"]) <= int(match["count"]):
        return (name,)
    return tuple(
        f"{match['prefix']}-{number:05d}-of-{match['count']}.gguf"
        for number in range(1, int(match["count"]) + 1)
    )


def read_header(path: str, open_source: Callable[[str], Source] = FileSource) -> Header:
    """The header of the model at `path`: a single file, or any shard of a split set.

    `open_source` turns a name into a source; shards are opened one at a time.

    Raises:
        InputError: a file is missing or no GGUF, or the shards do not belong together.
    """
    given, first = _scan(path, open_source, 0)
    count = _split_number(given.name, first.metadata, "split.count", default=1)
    if count <= 1:
        return _header([(given, first)])
    names = shard_names(path)
    number = _split_number(given.name, first.metadata, "split.no", default=0)
    if len(names) != count or number >= count or names[number] != path:
        raise InputError(
            f"{given.name}: is part {number + 1} of {count}, but is not named so",
            f"parts must be named <name>-{number + 1:05d}-of-{count:05d}.gguf",
        )
    files = []
    for shard, name in enumerate(names):
        try:
            files.append(_scan(name, open_source, shard))
        except InputError as error:
            raise InputError(f"{error.message} (part {shard + 1} of {count})", error.hint) from error
    return _header(files)


def _scan(name: str, open_source: Callable[[str], Source], shard: int) -> tuple[Shard, FileHeader]:
    """One file. It is called what the source calls it: a URL may hold secrets."""
    source = open_source(name)
    try:
        header = scan(source, shard)
        return Shard(source.name, source.size, header.expected), header
    finally:
        source.close()


def _split_number(name: str, metadata: Mapping[str, Value], key: str, default: int) -> int:
    value = metadata.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InputError(f"{name}: {key} is {brief(value)}, not a number of parts", "the file is damaged")
    return value


def _header(files: list[tuple[Shard, FileHeader]]) -> Header:
    """Join the files' headers; metadata comes from the first."""
    shard, first = files[0]
    wanted = (first.version, first.byte_order, len(files))
    tensors = {}
    for number, (other, file) in enumerate(files):
        count = max(1, _split_number(other.name, file.metadata, "split.count", default=1))
        number_said = _split_number(other.name, file.metadata, "split.no", default=0)
        if (file.version, file.byte_order, count) != wanted or number_said != number:
            raise InputError(
                f"{other.name}: does not belong to the same set as {shard.name}",
                "fetch all parts of one upload",
            )
        for tensor in file.tensors:
            if tensor.name in tensors:
                raise InputError(
                    f"{other.name}: tensor {brief(tensor.name)} is in an earlier part too",
                    "fetch all parts of one upload",
                )
            tensors[tensor.name] = tensor
    total = _split_number(shard.name, first.metadata, "split.tensors.count", default=len(tensors))
    if len(files) > 1 and total != len(tensors):
        raise InputError(
            f"{shard.name}: {total} tensors expected in all parts, {len(tensors)} found",
            "fetch all parts of one upload",
        )
    return Header(
        version=first.version,
        byte_order=first.byte_order,
        metadata=first.metadata,
        tensors=tuple(tensors.values()),
        shards=tuple(shard for shard, _ in files),
    )
