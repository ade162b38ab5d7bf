"""Typed reading of a header's metadata, as llama.cpp's loader reads it.

source: src/llama-model-loader.cpp, get_key, get_arr and get_key_or_arr
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moefit.gguf.header import Value


class Keys:
    """Typed reading of an architecture's metadata keys."""

    def __init__(self, name: str, metadata: Mapping[str, Value]) -> None:
        self._name = name
        self._metadata = metadata

    def value(self, key: str) -> Value | None:
        """What the file says, None for nothing."""
        return self._metadata.get(f"{self._name}.{key}")

    def number(self, key: str, default: int = 0) -> int:
        """A scalar; the largest element where the file has an array."""
        found = self.value(key)
        if isinstance(found, tuple):
            numbers = [int(v) for v in found if not isinstance(v, str)]
            return max(numbers, default=default)
        return int(found) if isinstance(found, bool | int | float) else default

    def optional(self, key: str) -> int | None:
        """A scalar, or None."""
        return None if self.value(key) is None else self.number(key)

    def per_layer(self, key: str, layers: int, default: int = 0) -> tuple[int, ...]:
        """A scalar for every layer, or the file's array; what an array leaves out is 0 (get_key_or_arr)."""
        found = self.value(key)
        if isinstance(found, tuple):
            numbers = [int(v) for v in found if not isinstance(v, str)][:layers]
            return (*numbers, *(0,) * (layers - len(numbers)))
        return (self.number(key, default),) * layers

    def array(self, key: str, layers: int) -> tuple[int, ...] | None:
        """The file's array, or None where it is a scalar or missing."""
        return self.per_layer(key, layers) if isinstance(self.value(key), tuple) else None
