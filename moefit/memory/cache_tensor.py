"""One tensor of a cache or a state, and the types it may have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from moefit.errors import UsageError
from moefit.gguf.quants import QUANTS, QuantType
from moefit.memory.buffers import allocated
from moefit.values import dataclass

if TYPE_CHECKING:
    from moefit.launch.settings import Settings
    from moefit.machine.backends import Backend

CACHE_TYPES: Final = {
    quant.name: quant
    for quant in QUANTS.values()
    if quant.name in ("f32", "f16", "bf16", "q8_0", "q4_0", "q4_1", "iq4_nl", "q5_0", "q5_1")
}
"""What -ctk and -ctv take (kv_cache_types in common/arg.cpp)."""


@dataclass(frozen=True, slots=True)
class CacheTensor:
    """One tensor of a cache: `rows` rows of `row` elements."""

    row: int
    rows: int
    quant: QuantType

    def bytes_in(self, backend: Backend) -> int:
        """Bytes in a buffer of that backend."""
        return allocated(self.quant.row_bytes(self.row) * self.rows, self.row, self.quant, backend)


def cache_type(name: str) -> QuantType:
    """The type that -ctk or -ctv names.

    Raises:
        UsageError: llama.cpp has no cache of that type.
    """
    if name not in CACHE_TYPES:
        raise UsageError(f"no KV cache type {name!r}", f"one of {' '.join(CACHE_TYPES)}")
    return CACHE_TYPES[name]


def may_lose_flash_attention(settings: Settings) -> bool:
    """Whether `-fa auto` gives it up where a device lacks it; with a quantised V cache it stays, on the CPU if need be.

    source: src/llama-context.cpp, llama_init_from_model
    """
    return settings.flash_attention == "auto" and cache_type(settings.cache_type_v).block == 1
