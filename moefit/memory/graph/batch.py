"""The batch that a graph is reserved for: its sizes, and how the context treats it."""

from __future__ import annotations

from moefit.gguf.quants import QuantType
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Batch:
    """The batch a graph is reserved for, and how the context treats it (llama_cparams)."""

    tokens: int
    """Tokens of the batch, a multiple of `sequences`."""
    sequences: int
    outputs: int
    """Tokens whose logits are wanted."""
    streams: int
    """Separate caches: 1 when unified, else one a sequence."""
    cells: int
    """Cells of a full cache, per stream."""
    window_cells: int
    """Cells of a sliding-window cache, per stream."""
    flash: bool
    transposed_v: bool
    """The V cache is stored transposed: flash attention was off when the cache was made."""
    type_k: QuantType
    type_v: QuantType
    kv_offload: bool
    pins: bool
    """Norms and last operations of a layer are pinned to its device (llama_context::graph_get_cb)."""

    pooling: str = ""
    """How the states of a sequence become one embedding; empty where no embeddings are made."""
    snapshots: int = 1
    """States kept of each sequence: one more for every drafted token that may be taken back (n_rs_seq + 1)."""

    unfused: frozenset[str] = frozenset()
    """Hyper-connection operations that are done by plain ones: DSV4_HC_PRE, _COMB, _POST."""

    @property
    def sequence_tokens(self) -> int:
        """Tokens of each sequence."""
        return self.tokens // self.sequences
