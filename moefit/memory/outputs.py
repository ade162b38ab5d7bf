"""How many tokens of a batch may have outputs: n_outputs_max.

source: src/llama-context.cpp, llama_context::llama_context; tools/server/server-context.cpp, server_output_limits
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moefit.model.architectures import architecture

if TYPE_CHECKING:
    from moefit.launch.settings import Settings
    from moefit.model import Model


def outputs_max(model: Model, settings: Settings, batch: int) -> int:
    """A server wants one row a slot, and one for each drafted token; other programs and models with an encoder every token of the batch."""
    if not settings.serves or settings.embeddings or architecture(model.architecture).encodes:
        return batch
    return settings.slots * (1 + settings.draft_tokens)
