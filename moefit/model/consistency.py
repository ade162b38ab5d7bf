"""What hyper-parameters must say of each other: llama.cpp stops where that does not hold.

source: src/llama-model.cpp, llama_model_base::load_hparams (assertions); load_arch_hparams of src/models/*.cpp
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from moefit.errors import InputError
from moefit.gguf.header import DAMAGED
from moefit.model.architectures import architecture as row
from moefit.model.architectures import is_known
from moefit.model.keys import MAX_LAYERS
from moefit.sizes import counted

if TYPE_CHECKING:
    from moefit.model.hyperparameters import Hyperparameters


def agree(path: str, architecture: str, hparams: Hyperparameters) -> None:
    """Find hyper-parameters that contradict each other.

    Raises:
        InputError: some do; it names the key, its value and the file.
    """
    peculiar = row(architecture)
    alone = peculiar.single_expert and hparams.experts() <= 1
    gating = hparams.integer("expert_gating_func")
    if peculiar.gating is not None and gating != peculiar.gating:
        raise InputError(
            f"{path}: {architecture}.expert_gating_func is {gating}, not {peculiar.gating}", DAMAGED
        )
    wrong_ones = (
        *(() if alone else _experts(hparams)),
        *_used(hparams, alike=is_known(architecture) and not peculiar.experts_by_layer),
        *_blocks(hparams),
        *(_decision(hparams, decoder=not peculiar.cacheless) if is_known(architecture) else ()),
        *_compressed(hparams),
    )
    for key, wrong in wrong_ones:
        value = hparams.most(key) if hparams.has(key) else "missing"
        raise InputError(f"{path}: {architecture}.{key} is {value}, {wrong}", DAMAGED)


def _experts(h: Hyperparameters) -> Iterator[tuple[str, str]]:
    experts, used = h.experts(), h.most("expert_used_count")
    groups, used_groups = h.integer("expert_group_count"), h.integer("expert_group_used_count")
    if used > experts:
        yield "expert_used_count", f"more than the {experts} of expert_count"
    if experts and not used:
        yield "expert_used_count", f"of {counted(experts, 'expert')}"
    if groups and groups >= experts:
        yield "expert_group_count", f"not less than the {experts} of expert_count"
    if groups > 1 and experts % groups:
        yield "expert_group_count", f"which does not divide the {experts} of expert_count"
    if groups > 1 and not 0 < used_groups < groups:
        yield "expert_group_used_count", f"of {counted(groups, 'group')}"


def _used(h: Hyperparameters, *, alike: bool) -> Iterator[tuple[str, str]]:
    """A graph chooses as many experts in every block as in the first."""
    first = h.experts_used()
    if alike and h.most("expert_used_count") > first:
        yield "expert_used_count", f"more than the {first} of the first block"


def _blocks(h: Hyperparameters) -> Iterator[tuple[str, str]]:
    if h.integer("attention.shared_kv_layers") > h.blocks:
        yield "attention.shared_kv_layers", f"more than the {h.blocks} of block_count"
    if h.integer("num_loops", 1) * h.blocks > MAX_LAYERS:
        yield "num_loops", f"which makes more than {MAX_LAYERS} of {h.blocks} blocks"
    if max(h.listed("ple.layers") or (0,), default=0) >= h.blocks:
        yield "ple.layers", f"which is no block of {h.blocks}"
    passes = h.integer("hrm.layers_per_stack") * h.integer("hrm.h_cycles") * (h.integer("hrm.l_cycles") + 1)
    if passes and passes != h.blocks:
        yield "block_count", f"not the {passes} of hrm.layers_per_stack, hrm.h_cycles and hrm.l_cycles"
    pool = h.integer("attention.indexer.kpool")
    if pool and h.integer("attention.indexer.top_k") % pool:
        yield "attention.indexer.kpool", "which does not divide attention.indexer.top_k"


def _decision(h: Hyperparameters, *, decoder: bool) -> Iterator[tuple[str, str]]:
    """The last blocks can be a decision head (src/models/lfm2.cpp, modern-bert.cpp); those of `clef` are counted apart, and have heads of their own."""
    count = h.integer("decision.block_count")
    if count >= h.blocks and not h.has("decision.head_count"):
        yield "decision.block_count", f"not less than the {h.blocks} of block_count"
    if count and decoder and h.flag("attention.causal", default=True):
        yield "decision.block_count", "of a model with causal attention"


def _compressed(h: Hyperparameters) -> Iterator[tuple[str, str]]:
    """What latent attention caches for a token is a whole compressed row and the rotated part of the key."""
    rank, key = h.integer("attention.kv_lora_rank"), h.head_k()
    rotated = h.integer("rope.dimension_count", key)
    mla = h.integer("attention.key_length_mla") and h.integer("attention.value_length_mla")
    if h.heads() and mla and rank and key != rank + rotated:
        said = f"rope.dimension_count {rotated if h.has('rope.dimension_count') else '(missing)'}"
        yield "attention.key_length", f"not the {rank + rotated} of attention.kv_lora_rank {rank} and {said}"
