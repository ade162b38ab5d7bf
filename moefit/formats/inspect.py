"""`moefit inspect`: what a model file holds, for a person and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from moefit.formats.page import Rows, columns, shortened
from moefit.formats.plan_json import model_object
from moefit.model import Model, Role, Tensor
from moefit.sizes import format_size

_ROLES = {
    Role.INPUT: "input",
    Role.BASE: "base",
    Role.EXPERT: "experts",
    Role.OUTPUT: "output",
}


def show_model(model: Model, console: Console) -> None:
    """Bytes by role, the layers, and the hyper-parameters that placement depends on."""
    console.print(
        Text.assemble(
            (shortened(model.title, console.width), "bold"),
            (f"  {model.architecture}, {format_size(model.bytes)}", "dim"),
        )
    )
    console.print(Rows(_by_role(model)), crop=False)
    for name, value in _facts(model).items():
        if value:
            console.print(f"{name}: {value:,}", highlight=False)
    if model.tied:
        console.print(
            "output matrix: the token embedding again, a second copy when offloaded", highlight=False
        )


def _by_role(model: Model) -> Table:
    """Tensors, bytes and types of each role."""
    table = columns()
    for column in ("", "tensors", "bytes", "types"):
        table.add_column(column, justify="left" if column in {"", "types"} else "right")
    for role, name in _ROLES.items():
        tensors = [t for t in model.tensors if t.role is role]
        if tensors:
            table.add_row(
                name, str(len(tensors)), format_size(sum(t.bytes for t in tensors)), _types(tensors)
            )
    return table


def _facts(model: Model) -> dict[str, int]:
    """Counts that placement depends on; 0 where there is nothing to say."""
    return {
        "layers": len(model.layers),
        "of them with experts": sum(bool(layer.experts) for layer in model.layers),
        "of them for multi-token prediction": sum(layer.mtp for layer in model.layers),
        "experts": model.experts,
        "experts used by a token": model.experts_used,
        "trained context": model.trained_context,
        "vocabulary": model.vocabulary,
        "files": len(model.shards),
    }


def model_json(model: Model) -> str:
    """The `model` object of a plan, with every layer and tensor."""
    document = {
        **model_object(model),
        "version": 1,
        "trained_context": model.trained_context,
        "vocabulary": model.vocabulary,
        "tied": model.tied,
        "truncated": model.truncated,
        "tensors": [
            {
                "name": t.name,
                "layer": t.layer,
                "role": t.role.value,
                "type": t.quant.name,
                "shape": list(t.shape),
                "bytes": t.bytes,
            }
            for t in model.tensors
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _types(tensors: Iterable[Tensor]) -> str:
    """Quantisation types, the one with most bytes first."""
    counts: Counter[str] = Counter()
    for tensor in tensors:
        counts[tensor.quant.name] += tensor.bytes
    return " ".join(name for name, _ in counts.most_common(4))
