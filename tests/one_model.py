"""A file that has not changed is one model for all tests of a process: what was worked out for it need not be worked out by each."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # conftest chooses the dataclass of what is imported after it
    from moefit.gguf.header import Header
    from moefit.model import Model

_HEADERS: dict[tuple[Any, ...], Header] = {}
_MODELS: dict[tuple[Any, ...], Model] = {}


def remember_models() -> None:
    """Have `read_model` give the same value for the same file as long as that is the same."""
    from moefit.app import request

    request.read_header = _headers(request.read_header)
    request.built = _models(request.built)


def _headers(read: Callable[..., Header]) -> Callable[..., Header]:
    def read_once(path: str, *how: Any) -> Header:
        if how or not os.path.isfile(path) or "-of-" in path:  # noqa: PTH113 - false where none may look
            return read(path, *how)  # from a server, in several files, or an error
        state = os.stat(path)  # noqa: PTH116 - as above
        key = (
            os.path.realpath(path),
            path,
            state.st_ino,
            state.st_size,
            state.st_mtime_ns,
            state.st_ctime_ns,
        )
        if key not in _HEADERS:
            _HEADERS[key] = read(path)
        return _HEADERS[key]

    return read_once


def _models(build: Callable[..., Model]) -> Callable[..., Model]:
    def build_once(name: str, header: Header, overrides: Any) -> Model:
        if not any(header is known for known in _HEADERS.values()):
            return build(name, header, overrides)
        key = (name, id(header), tuple(overrides))
        if key not in _MODELS:
            _MODELS[key] = build(name, header, overrides)
        return _MODELS[key]

    return build_once
