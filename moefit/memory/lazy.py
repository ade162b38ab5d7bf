"""`--lazy-mode`: tables that stay in the model's file, mapped in any load mode; their rows are read when they are needed.

source: src/llama-model-loader.cpp, llama_model_loader::lazy_read::add and create_tensor
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moefit.model import Model, Tensor

LAZY = frozenset({"per_layer_token_embd.weight"})
"""TENSOR_READ_LAZY in src/models/gemma4.cpp and qwen4exp.cpp."""
AUTO_SIZE = 4 << 30
"""Bytes above which `auto` leaves a table in the file."""


def lazy(model: Model, mode: str) -> tuple[Tensor, ...]:
    """The tensors that are left in the file with this mode: on, auto or off. No override moves them."""
    if mode == "off":
        return ()
    least = 0 if mode == "on" else AUTO_SIZE
    return tuple(t for t in model.input if t.name in LAZY and t.bytes > least)
