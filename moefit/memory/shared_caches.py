"""Blocks without a cache of their own, which read that of one of the last two that have one (Gemma 3n and 4).

source: src/llama-model.cpp, llama_model::create_memory (reuse); src/llama-kv-cache.cpp, llama_kv_cache::llama_kv_cache
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moefit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moefit.model import Model


def owner(cached: int, *, windowed: bool) -> int:
    """The block whose cache such a one reads, of so many that have one: the last with full attention, the one before it with a window."""
    return cached - (2 if windowed else 1)


def check_shared(model: Model, cached: Sequence[bool], windowed: Sequence[bool]) -> None:
    """Each of them must find a cache of its own kind there.

    Raises:
        InputError: one does not, and llama.cpp ends.
    """
    count = sum(cached)
    for layer in range(count, len(cached)):
        at = owner(count, windowed=windowed[layer])
        if at < 0 or windowed[at] != windowed[layer]:
            what = "a window" if windowed[layer] else "everything"
            why = f"unlike block {at}, whose cache it would read" if at >= 0 else "and no block has one"
            raise InputError(
                f"{model.path}: {model.architecture}.attention.sliding_window_pattern: block {layer} has no cache and attends to {what}, {why}",
                "the file is damaged",
            )
