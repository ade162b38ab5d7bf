"""What llama.cpp does not start with an expert cache."""

from __future__ import annotations

from moefit.errors import UsageError
from moefit.launch.constraints import Constraints
from moefit.memory.moe_cache import overflows
from moefit.model import Model
from moefit.search.moe_cache import OPTION
from moefit.sizes import MIB


def refuse_moe_cache(model: Model, constraints: Constraints, devices: int, build: int | None = None) -> None:
    """What llama.cpp does not start with.

    Raises:
        UsageError: the user's line has an expert cache, and a model, devices or split mode that cannot have one.
    """
    if not constraints.moe_cache:
        return
    why = None
    if not model.experts:
        why = "the model has no experts"
    elif not devices:
        why = "no device holds it"
    elif constraints.split_mode == "tensor":
        why = "-sm tensor cannot have one"
    elif overflows(model, kv_types(constraints), build):
        why = "the KV cache is quantised and layers have so few tensors: its graph is too small for both"
    if why:
        said = f"{OPTION} {constraints.moe_cache // MIB}"
        raise UsageError(f"{said}: llama.cpp does not start with an expert cache where {why}", "leave it out")


def kv_types(constraints: Constraints) -> tuple[str, str]:
    """The types of keys and values as llama-server will have them."""
    return constraints.cache_type_k or "f16", constraints.cache_type_v or "f16"
