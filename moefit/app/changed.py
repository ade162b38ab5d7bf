"""A model as llama.cpp reads it under `--override-kv`."""

from __future__ import annotations

from collections.abc import Sequence

from moefit.errors import InputError
from moefit.gguf.header import Header
from moefit.model import Model, build
from moefit.model.overrides import KvOverride, overridden


def built(name: str, header: Header, overrides: Sequence[KvOverride]) -> Model:
    """The model under the line's overrides.

    Raises:
        InputError: the file is damaged, or an override makes of it what llama.cpp cannot load.
    """
    changed = overridden(header, overrides)
    try:
        return build(name, changed)
    except InputError as error:
        if changed is header:
            raise
        build(name, header)
        hint = "--override-kv makes it so: leave it out, or give another value"
        raise InputError(error.message, hint) from error
