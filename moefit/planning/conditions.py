"""What stands in a line's way, or is of no use in it: one function a condition, which names it, or None.

Each row of `moefit.planning.refusals` says which line of llama.cpp its condition follows.
"""

from __future__ import annotations

from typing import Final

from moefit.gguf.quants import QUANTS
from moefit.launch.constraints import Constraints
from moefit.machine.types import Device
from moefit.memory.hparams import hparams
from moefit.model import Model
from moefit.model.architectures import ARCHITECTURES, architecture
from moefit.values import dataclass

NO_TENSOR_MODE: Final = frozenset(name for name, row in ARCHITECTURES.items() if not row.splits_tensors)
"""source: src/llama-arch.cpp, llm_arch_supports_sm_tensor."""
_SPLIT_BUFFERS: Final = frozenset({"SYCL", "HTP", "Hexagon"})
"""Backends with ggml_backend_split_buffer_type. source: ggml/src/ggml-sycl/ggml-sycl.cpp, ggml/src/ggml-hexagon/ggml-hexagon.cpp."""
_DRAFTED: Final = frozenset({"draft-simple", "draft-eagle3", "draft-dflash", "draft-dspark"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What the conditions look at."""

    wanted: Constraints
    model: Model
    devices: tuple[Device, ...]
    """Those that the line uses."""
    has_draft: bool
    modern: bool = True
    """The build has today's options, as b11434 has: older ones had split buffers on CUDA."""
    as_given: bool = False
    """Nothing is added to the line: without -c it has the trained context."""


def no_context(facts: Facts) -> str | None:
    """Whether the context is to be the trained one of a file that says 0."""
    wanted, trained = facts.wanted, facts.model.trained_context
    is_left = wanted.context is None and facts.as_given and not wanted.kv_unified_per_slot
    return "0" if (wanted.context == 0 or is_left) and not trained else None


def row_mode(facts: Facts) -> str | None:
    """The first device that has no split buffers."""
    if facts.wanted.split_mode != "row" or not facts.modern:
        return None
    return next((d.name for d in facts.devices if d.backend.name not in _SPLIT_BUFFERS), None)


def tensor_mode(facts: Facts) -> str | None:
    """The architecture, where tensors of it cannot be split."""
    unable = facts.wanted.split_mode == "tensor" and facts.model.architecture in NO_TENSOR_MODE
    return facts.model.architecture if unable else None


def tensor_alone(facts: Facts) -> str | None:
    """Whether there is a device to split tensors over."""
    return "none" if facts.wanted.split_mode == "tensor" and not facts.devices else None


def tensor_attention(facts: Facts) -> str | None:
    """Whether flash attention is off, which splitting tensors needs."""
    off = facts.wanted.split_mode == "tensor" and facts.wanted.flash_attention == "off"
    return "off" if off else None


def cache_types(facts: Facts) -> str | None:
    """Two types for what is one compressed row."""
    key, value = facts.wanted.cache_type_k or "f16", facts.wanted.cache_type_v or "f16"
    one = hparams(facts.model).mla or architecture(facts.model.architecture).compressed
    return f"{key} and {value}" if one and key != value else None


def key_blocks(facts: Facts) -> str | None:
    """A type whose blocks do not divide the keys."""
    keys = facts.model.hparams
    return _blocks(facts, facts.wanted.cache_type_k, (keys.head_k(), keys.head_k(window=True)))


def value_blocks(facts: Facts) -> str | None:
    """A type whose blocks do not divide the values."""
    keys = facts.model.hparams
    return _blocks(facts, facts.wanted.cache_type_v, (keys.head_v(), keys.head_v(window=True)))


def _blocks(facts: Facts, cache_type: str | None, heads: tuple[int, ...]) -> str | None:
    """The length of a head that a quantised type's blocks do not divide."""
    block = {quant.name.lower(): quant.block for quant in QUANTS.values()}.get(cache_type or "f16", 1)
    if facts.wanted.flash_attention == "off" or block == 1:
        return None
    return next((f"{cache_type}: {block} and {n}" for n in heads if n % block), None)


def no_head(facts: Facts) -> str | None:
    """The architecture, where nothing predicts for draft-mtp."""
    asked = "draft-mtp" in facts.wanted.spec_types and not facts.has_draft
    has = any(layer.mtp for layer in facts.model.layers)
    return facts.model.architecture if asked and not has else None


def is_head(facts: Facts) -> str | None:
    """The architecture, where the file is a head and no model."""
    names = {tensor.name for tensor in facts.model.tensors}
    row = architecture(facts.model.architecture)
    stands_alone = {"token_embd.weight", "output.weight"} <= names and not row.borrows_kv
    return facts.model.architecture if row.head and not stands_alone else None


def swa_full(facts: Facts) -> str | None:
    """Whether the model has a window that could be full."""
    return "--swa-full" if facts.wanted.swa_full and not hparams(facts.model).window else None


def no_draft(facts: Facts) -> str | None:
    """The speculators that lack their draft model; draft-simple's failure takes the others with it, n-grams as well."""
    kinds = facts.wanted.spec_types
    all_lost = "draft-simple" in kinds and "draft-mtp" not in kinds
    lost = [kind for kind in kinds if all_lost or kind in _DRAFTED]
    return ",".join(lost) if lost and not facts.has_draft else None


def forced_off(facts: Facts) -> str | None:
    """Whether flash attention is asked for where it is forced off."""
    off = architecture(facts.model.architecture).no_flash_attention
    return "-fa on" if off and facts.wanted.flash_attention == "on" else None


def main_gpu(facts: Facts) -> str | None:
    """A main device that no mode looks at."""
    given = facts.wanted.main_gpu is not None and facts.wanted.split_mode not in {"none", "row"}
    return f"-mg {facts.wanted.main_gpu}" if given else None


def fit_in_tensor_mode(facts: Facts) -> str | None:
    """Whether a fit is asked for that gives up at once."""
    return "--fit on" if facts.wanted.fit and facts.wanted.split_mode == "tensor" else None


def per_slot(facts: Facts) -> str | None:
    """A limit for slots beyond what they share."""
    wanted = facts.wanted
    per_slot, context = wanted.kv_unified_per_slot, wanted.context
    if context and wanted.slots and not wanted.kv_unified:
        context //= wanted.slots  # each has its own part
    return f"--kv-unified-per-slot {per_slot}" if per_slot and context and per_slot > context else None
