"""`--override-kv`: metadata that the line has llama.cpp read in place of the file's.

source: src/llama-model-loader.cpp, GGUFMeta::GKV::set (another type than the key's is ignored), get_key_or_arr (asks the file first)
and llama_model_loader::llama_model_loader (the first override of a key counts)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from moefit.values import dataclass

if TYPE_CHECKING:
    from moefit.gguf.header import Header, Value

ASKS_THE_FILE: Final = frozenset(
    {
        "attention.compress_ratios",
        "attention.head_count",
        "attention.head_count_kv",
        "attention.indexer.types",
        "attention.recurrent_layers",
        "expert_feed_forward_length",
        "expert_used_count",
        "feed_forward_length",
        "rope.dimension_sections",
    }
)
"""Keys, less the architecture, that may be arrays: an override counts only where the file has the key, and no array."""


@dataclass(frozen=True, slots=True)
class KvOverride:
    """One key of one `--override-kv`."""

    key: str
    value: bool | int | float | str
    """Of the type that the line gives it."""


def overridden(header: Header, overrides: Sequence[KvOverride]) -> Header:
    """The header as llama.cpp reads it under the line's overrides."""
    changed: dict[str, Value] = {}
    for override in overrides:
        if override.key not in changed and counts(override, header.metadata):
            changed[override.key] = override.value
    return replace(header, metadata={**header.metadata, **changed}) if changed else header


def counts(override: KvOverride, metadata: Mapping[str, Value]) -> bool:
    """Whether an override has an effect: the file's value is a single one of its type, or llama.cpp does not ask for one."""
    if override.key in metadata:
        return type(metadata[override.key]) is type(override.value)
    architecture = f"{metadata.get('general.architecture')}."
    return override.key.removeprefix(architecture) not in ASKS_THE_FILE
