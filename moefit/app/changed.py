"""A model as llama.cpp reads it under `--override-kv`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from moefit.errors import InputError
from moefit.gguf.header import Header
from moefit.gguf.split import first_of, refused_part
from moefit.model import Model, build
from moefit.model.overrides import KvOverride, overridden
from moefit.shown import word_shown


def check_byte_order(name: str, header: Header) -> None:
    """Whether llama.cpp loads it on a machine like this one. source: ggml/src/gguf.cpp, gguf_init_from_file_impl.

    Raises:
        InputError: the file is of machines of the other byte order.
    """
    if header.byte_order != sys.byteorder:
        raise InputError(
            f"{name}: is for {header.byte_order}-endian machines: llama.cpp does not load it on this one",
            "llama.cpp's gguf-py/gguf/scripts/gguf_convert_endian.py converts it",
        )


def check_first(path: str, header: Header) -> None:
    """Whether a path is that of the file by which llama.cpp loads a set. source: src/llama-model-loader.cpp, llama_model_loader.

    Raises:
        InputError: it is a later part of the set.
    """
    if len(header.shards) > 1 and first_of(path) != path:
        raise refused_part(word_shown(path), word_shown(first_of(path)))


def built(name: str, header: Header, overrides: Sequence[KvOverride]) -> Model:
    """The model under the line's overrides.

    Raises:
        InputError: the file is damaged, or an override makes of it what llama.cpp cannot load.
    """
    check_byte_order(name, header)
    changed = overridden(header, overrides)
    try:
        return build(name, changed)
    except InputError as error:
        if changed is header:
            raise
        build(name, header)
        hint = "--override-kv makes it so: leave it out, or give another value"
        raise InputError(error.message, hint) from error
