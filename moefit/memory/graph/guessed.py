"""Whether a model's graph is its architecture's, or a general one that makes of a plan an estimate."""

from __future__ import annotations

from moefit.memory.memo import per_object
from moefit.model import Model
from moefit.model.architectures import architecture


@per_object(8)
def lacking_tensors(_model: Model) -> list[str]:
    """What the architecture's graph needs and the file was seen to lack."""
    return []


@per_object(8)
def _has_undescribed(model: Model) -> bool:
    part = architecture(model.architecture).undescribed
    return bool(part) and any(part in t.name for layer in model.layers for t in layer.tensors)


def guessed(model: Model) -> str | None:
    """Why the graph is a general one, not the architecture's; None where it is that."""
    row = architecture(model.architecture)
    if row.graph is None:
        return "its graph is not described"
    if _has_undescribed(model):
        return f"the part of its graph with {row.undescribed} is not described"
    lacking = model.lacks or next(iter(lacking_tensors(model)), "")
    return f"the file lacks {lacking}" if lacking else None
