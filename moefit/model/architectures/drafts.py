"""Files that draft for another model."""

from __future__ import annotations

from typing import Final

from moefit.model.architectures.row import Architecture, Positions, PredictionBlocks, Window

ROWS: Final[dict[str, Architecture]] = {
    "dflash": Architecture(
        head=True,
        encodes=True,
        speculation="draft-dflash",
        window=Window(),
        positions=Positions.SECTIONED,
    ),
    "eagle3": Architecture(head=True, encodes=True, untied=True),
    "gemma4-assistant": Architecture(
        head=True,
        graph="gemma4_assistant.build",
        window=Window(),
        borrows_kv=True,
        rope_without_window=True,
        prediction=PredictionBlocks.NONE,
    ),
}
