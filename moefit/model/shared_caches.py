"""Which caches there are: whose a block uses that has none of its own, and that of a window where the architecture has one.

source: src/llama-model.cpp, llama_model::create_memory (`reuse`, and its assertion of is_swa_any); src/llama-kv-cache.cpp, llama_kv_cache
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from moefit.errors import InputError
from moefit.gguf.header import DAMAGED, brief
from moefit.model.architectures import architecture
from moefit.model.loaders import reads

if TYPE_CHECKING:
    from moefit.model.hyperparameters import Hyperparameters


SIZE: Final = "attention.sliding_window"
PATTERN: Final = "attention.sliding_window_pattern"
_SHARED: Final = "attention.shared_kv_layers"


def owner(cached: int, *, windowed: bool) -> int:
    """The block whose cache one without its own reads, of so many that have one: the last with full attention, the one before it with a window."""
    return cached - (2 if windowed else 1)


def check_caches(
    path: str, name: str, hparams: Hyperparameters, window: int, windowed: Sequence[bool]
) -> None:
    """Find a block that would use the cache of one that attends otherwise, or an architecture of windows without any.

    Raises:
        InputError: there is one; it names keys, values and the file.
    """
    row = architecture(name)
    size = hparams.integer(SIZE)
    if row.window and not size and hparams.has(SIZE) and reads(name)[SIZE].required:
        raise InputError(f"{path}: {name}.{SIZE} is {size}, not a whole number from 1", DAMAGED)
    if window and not any(windowed) and row.recurrent is None and not (row.cacheless or row.compressed):
        pattern = _told(name, hparams, PATTERN)
        raise InputError(f"{path}: by {pattern} no block has the window of {name}.{SIZE} {size}", DAMAGED)
    first = row.kv_layers or hparams.blocks
    if row.shares_kv:
        first = hparams.blocks - hparams.integer(_SHARED)
    for block in range(first, hparams.blocks):
        at = owner(first, windowed=windowed[block])
        if at < 0 or windowed[at] != windowed[block]:
            told = " and ".join(_told(name, hparams, key) for key in (_SHARED, PATTERN) if hparams.has(key))
            what = "a window" if windowed[block] else "everything"
            why = f"unlike block {at}, whose cache it would read" if at >= 0 else "and no block has one"
            raise InputError(
                f"{path}: by {told} block {block} has no cache and attends to {what}, {why}", DAMAGED
            )


def _told(name: str, hparams: Hyperparameters, key: str) -> str:
    return f"{name}.{key} {brief(hparams.values.get(key, '(missing)'))}"
