"""A whole header: one file, or every shard of a split set.

Shards are named `<prefix>-00001-of-00003.gguf` and carry split.no (from 0), split.count and split.tensors.count; the
first one alone carries the metadata. source: src/llama-model-loader.cpp, llama_model_loader::llama_model_loader.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from moefit.errors import InputError
from moefit.gguf.allowance import Allowance
from moefit.gguf.header import DAMAGED, Header, Shard, TensorInfo, Value, brief
from moefit.gguf.scanner import MAX_TENSORS, FileHeader, scan
from moefit.gguf.source import FileSource
from moefit.sizes import counted
from moefit.values import dataclass

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


def first_of(name: str) -> str:
    """The file of a set by which llama.cpp loads it; `name` itself where it is no shard's name.

    >>> first_of("m-00002-of-00003.gguf")
    'm-00001-of-00003.gguf'
    """
    return shard_names(name)[0]


def refused_part(shown: str, first: str) -> InputError:
    """That llama.cpp does not load a set by a later part of it."""
    return InputError(f"{shown}: is a later part, and llama.cpp loads a set by its first", f"write {first}")


def read_header(path: str, open_source: Callable[[str], Source] = FileSource) -> Header:
    """The header of the model at `path`: a single file, or any shard of a split set.

    `open_source` turns a name into a source; shards are opened one at a time, and each is compared with those before it as it
    is read, so that a set ends at its first fault. All share one allowance.

    Raises:
        InputError: a file is missing or no GGUF, the shards do not belong together, or the header costs too much.
    """
    allowance = Allowance()
    names = shard_names(path)
    place = names.index(path)
    given = _scan(path, open_source, place, allowance)
    count = _split_number(given.shard.name, given.header.metadata, "split.count", default=1)
    if count <= 1:
        return _Set(1).add(given if place == 0 else _scan(path, open_source, 0, allowance)).joined()
    number = _split_number(given.shard.name, given.header.metadata, "split.no", default=0)
    if len(names) != count or number != place:
        raise InputError(
            f"{given.shard.name}: is part {number + 1} of {count}, but is not named so",
            f"parts must be named <name>-{number + 1:05d}-of-{count:05d}.gguf",
        )
    parts = _Set(count)
    for shard, name in enumerate(names):
        try:
            part = given if shard == place else _scan(name, open_source, shard, allowance)
        except InputError as error:
            raise InputError(f"{error.message} (part {shard + 1} of {count})", error.hint) from error
        parts.add(part)
    return parts.joined()


@dataclass(frozen=True, slots=True)
class _File:
    """One file of a set, read."""

    shard: Shard
    header: FileHeader
    identity: object | None
    """Equal for two names of one file; None where nobody can tell."""


def _scan(name: str, open_source: Callable[[str], Source], shard: int, allowance: Allowance) -> _File:
    """One file. It is called what the source calls it: a URL may hold secrets."""
    source = open_source(name)
    try:
        header = scan(source, shard, allowance)
        return _File(Shard(source.name, source.size, header.expected), header, source.identity)
    finally:
        source.close()


def _split_number(name: str, metadata: Mapping[str, Value], key: str, default: int) -> int:
    value = metadata.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InputError(f"{name}: {key} is {brief(value)}, not a number of parts", "the file is damaged")
    return value


class _Set:
    """The files of a set in their order, compared with the first as they come; metadata is the first one's."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._files: list[_File] = []
        self._tensors: dict[str, TensorInfo] = {}
        self._known: dict[object, str] = {}
        """Which file is which, by identity."""

    def add(self, file: _File) -> _Set:
        """The next file.

        Raises:
            InputError: it does not belong to those before it.
        """
        name = file.shard.name
        if file.identity is not None:
            same = self._known.setdefault(file.identity, name)
            if same != name:
                raise InputError(f"{name}: is the same file as {same}", _HINT)
        self._files.append(file)
        self._compare(file)
        for tensor in file.header.tensors:
            if tensor.name in self._tensors:
                raise InputError(f"{name}: tensor {brief(tensor.name)} is in an earlier part too", _HINT)
            self._tensors[tensor.name] = tensor
        if len(self._tensors) > MAX_TENSORS:
            raise InputError(f"{name}: a model with more than {MAX_TENSORS} tensors is absurd", DAMAGED)
        return self

    def _compare(self, file: _File) -> None:
        first, header, name = self._files[0], file.header, file.shard.name
        count = max(1, _split_number(name, header.metadata, "split.count", default=1))
        number = _split_number(name, header.metadata, "split.no", default=0) if count > 1 else 0
        wanted = (first.header.version, first.header.byte_order, self._count, len(self._files) - 1)
        if (header.version, header.byte_order, count, number) != wanted:
            raise InputError(f"{name}: does not belong to the same set as {first.shard.name}", _HINT)

    def joined(self) -> Header:
        """The whole set's header.

        Raises:
            InputError: it has another number of tensors than the first file says.
        """
        shard, first = self._files[0].shard, self._files[0].header
        found = len(self._tensors)
        if self._count == 1:
            total = found
        else:
            total = _split_number(shard.name, first.metadata, "split.tensors.count", default=found)
        if total != found:
            raise InputError(
                f"{shard.name}: {counted(total, 'tensor')} expected in all parts, {found} found", _HINT
            )
        return Header(
            version=first.version,
            byte_order=first.byte_order,
            metadata=first.metadata,
            types=first.types,
            tensors=tuple(self._tensors.values()),
            shards=tuple(file.shard for file in self._files),
        )


_HINT = "fetch all parts of one upload"
