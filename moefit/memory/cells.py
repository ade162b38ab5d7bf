"""How many cells each cache has, and the batch sizes that llama.cpp makes of a launch.

source: src/llama-context.cpp, llama_context::llama_context; src/llama-kv-cache-iswa.cpp
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moefit.launch.settings import CONTEXT_PADDING
from moefit.memory.buffers import pad
from moefit.values import dataclass

if TYPE_CHECKING:
    from moefit.launch.settings import Settings


@dataclass(frozen=True, slots=True)
class Cells:
    """A launch's sizes as llama.cpp rounds them, in tokens."""

    total: int
    """n_ctx: cells of all streams together."""
    sequence: int
    """n_ctx_seq: cells of one stream."""
    streams: int
    """Separate runs of cells: 1 when unified, else one a slot."""
    sequences: int
    """n_seq_max."""
    batch: int
    ubatch: int

    def window_cells(self, window: int) -> int:
        """Cells of one stream of a sliding-window cache, before --swa-full."""
        reach = window * (self.sequences // self.streams) + self.ubatch
        return pad(min(self.sequence, reach), CONTEXT_PADDING)


def cells_of(settings: Settings) -> Cells:
    """The sizes that a launch gets: its batch is capped by the context as asked for, before that is padded."""
    sequences = max(1, settings.slots)
    batch = min(settings.context, settings.batch)
    total = pad(settings.context, CONTEXT_PADDING)
    if settings.kv_unified:
        sequence, streams = total, 1
    else:
        sequence, streams = pad(total // sequences, CONTEXT_PADDING), sequences
    return Cells(
        total=sequence * streams,
        sequence=sequence,
        streams=streams,
        sequences=sequences,
        batch=batch,
        ubatch=min(batch, settings.ubatch or settings.batch),
    )
