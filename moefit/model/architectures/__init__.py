"""One row for each architecture: what `general.architecture` names, and everything that is peculiar to it.

To add one, read src/models/NAME.cpp of llama.cpp and write a row where its like are (docs/architectures.md works through
one). Its graph is a `Plain` decoder, or a function of moefit.memory.graph that is named in the row.
"""

from __future__ import annotations

from typing import Final

from moefit.model.architectures import dense, drafts, encoders, experts, hybrids, sparse
from moefit.model.architectures.row import (
    Architecture,
    Indexer,
    Logits,
    Plain,
    Positions,
    PredictionBlocks,
    Recurrent,
    Window,
)

ARCHITECTURES: Final[dict[str, Architecture]] = (
    dense.ROWS | experts.ROWS | hybrids.ROWS | sparse.ROWS | encoders.ROWS | drafts.ROWS
)
"""By their name in the file."""

UNKNOWN: Final = Architecture(
    recurrent=Recurrent.TENSORS,
    attends_everywhere=True,
    indexer=Indexer.EVERY_LAYER,
    by_tensors=True,
    nextn_in_main=True,
)
"""An architecture without a row: no window, nothing shared, states and indexers where the header hints at them. Rather too
large than too small."""


def architecture(name: str) -> Architecture:
    """The row of an architecture: a guess for an unknown name."""
    return ARCHITECTURES.get(name, UNKNOWN)


def is_known(name: str) -> bool:
    """Whether an architecture of that name has a row."""
    return name in ARCHITECTURES


def is_described(name: str) -> bool:
    """Whether its graph is described, so that its compute buffers are no estimate."""
    return architecture(name).graph is not None


__all__ = [
    "ARCHITECTURES",
    "UNKNOWN",
    "Architecture",
    "Indexer",
    "Logits",
    "Plain",
    "Positions",
    "PredictionBlocks",
    "Recurrent",
    "Window",
    "architecture",
    "is_described",
    "is_known",
]
