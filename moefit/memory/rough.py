"""Compute buffers of an architecture whose graph is not known: a bound from the header's figures.

Every stage of a block is counted with all that it may keep alive at once, so the result is rather too large: twice what
llama.cpp takes in the middle of the recorded rows, less than it in one row of sixty (test_rough.py). What a plan counts is the
larger of this and what the architecture's tensors show: never too low on a recorded row (test_compute_bound.py).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from moefit.machine.types import CPU
from moefit.memory.buffers import FLOAT, HOST
from moefit.memory.cache_tensor import may_lose_flash_attention
from moefit.memory.cells import Cells, cells_of
from moefit.memory.hparams import hparams
from moefit.memory.kv import layer_bytes
from moefit.memory.outputs import outputs_max
from moefit.memory.pipelining import COPIES, pipelines
from moefit.model.architectures import Logits, architecture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moefit.launch.settings import Settings
    from moefit.machine.types import Device
    from moefit.model import Hyperparameters, Model
    from moefit.placement.types import Placement


def rough_compute(
    model: Model, devices: Sequence[Device], settings: Settings, placement: Placement
) -> tuple[tuple[int, ...], int]:
    """Bytes for each device and for the host."""
    c = cells_of(settings)
    if architecture(model.architecture).cacheless:  # a batch attends to itself alone
        c = replace(c, total=c.ubatch, sequence=c.ubatch)
    keys = model.hparams
    widest = max(_stages(keys, c, _streams(keys, model), flash_attention=_stays_on(model, settings)))
    widest += keys.most("embedding_length_per_layer_input") * len(model.layers)
    ends = architecture(model.architecture).logits
    outputs = c.ubatch if ends is Logits.EVERY else outputs_max(model, settings, c.ubatch)
    row = keys.most("embedding_length") if ends is Logits.EMBEDDINGS else model.vocabulary
    logits = FLOAT * min(outputs, c.ubatch) * row * (2 if ends is Logits.COPIED else 1)
    tokens = c.ubatch + c.sequences
    masks = 3 * FLOAT * c.total * tokens
    cached = _cached(model, settings)
    busy = masks + FLOAT * tokens * widest + logits + cached
    pipelined = pipelines(devices, settings, placement)
    copies = COPIES if pipelined else 1
    on = tuple(
        busy * (2 if pipelined else 1) + (_copied(model, settings, placement, devices) if index == 0 else 0)
        for index in range(len(devices))
    )
    return on, masks * copies + FLOAT * tokens * widest + logits + cached


def _stays_on(model: Model, settings: Settings) -> bool:
    """Whether flash attention is used: `auto` gives it up where it falls on another device than its layer's.

    Caches on the host do that in models with recurrent states, whose steps on the CPU pull attention along.
    source: src/llama-context.cpp, llama_context::sched_reserve; ggml/src/ggml-backend.cpp, ggml_backend_sched_split_graph
    """
    if may_lose_flash_attention(settings):
        return settings.kv_offload or not any(hparams(model).state)
    return settings.flash_attention != "off"


def _cached(model: Model, settings: Settings) -> int:
    """Of caches: the largest block's, as f16, where flash attention cannot read their type; or its copy from the host."""
    quantised = {settings.cache_type_k, settings.cache_type_v} - {"f16", "bf16", "f32"}
    if settings.kv_offload and not quantised:
        return 0
    unquantised = replace(settings, cache_type_k="f16", cache_type_v="f16") if quantised else settings
    return max(layer_bytes(model, unquantised, HOST), default=0)


def _streams(keys: Hyperparameters, model: Model) -> int:
    """Hidden states kept side by side: hyper-connections, or alternating updates (gemma3n's altup_proj makes all but one)."""
    altup = next((t.shape[-1] + 1 for t in model.tensors if t.name.startswith("altup_proj.")), 1)
    return max(1, keys.most("hyper_connection.count"), altup)


def _stages(keys: Hyperparameters, c: Cells, streams: int, *, flash_attention: bool) -> tuple[int, ...]:
    """f32 elements that each stage of a block keeps for a token."""
    width = keys.most("embedding_length") * streams
    heads = keys.most("attention.head_count")
    head = max(keys.most("attention.key_length"), width // heads if heads else 0)
    used, inner = keys.most("expert_used_count"), keys.most("expert_feed_forward_length")
    shared = keys.most("expert_shared_feed_forward_length") or keys.most("expert_shared_count") * inner
    dense = keys.most("feed_forward_length")
    latent = keys.most("attention.kv_lora_rank")
    value = keys.most("attention.value_length", head)
    compressed = keys.most("attention.key_length_mla") > 0
    fused = flash_attention and (compressed or value == keys.most("attention.key_length", head))
    cells = 0 if fused else 2 * heads * c.sequence
    indexer = keys.most("attention.indexer.head_count") * keys.most("attention.indexer.key_length")
    return (
        6 * width + 3 * used * (inner or dense) + 2 * used * width + 3 * shared,
        6 * width + 3 * dense,
        6 * width + 6 * heads * head + cells,
        6 * width + 4 * heads * (latent + head) + 2 * indexer + cells + (3 * c.sequence if indexer else 0),
        6 * width + _state(keys, heads),
    )


def _state(keys: Hyperparameters, heads: int) -> int:
    """What a recurrent block keeps for a token."""
    inner = max(
        keys.most("ssm.inner_size"),
        heads * keys.most("kda.head_dim"),
        keys.most("embedding_length") if keys.most("wkv.head_size") else 0,
    )
    conv = inner + 2 * keys.most("ssm.group_count") * keys.most("ssm.state_size")
    return 24 * inner + 8 * conv


def _copied(model: Model, settings: Settings, placement: Placement, devices: Sequence[Device]) -> int:
    """Tensors on the CPU that a batch is worth copying for lie in the first device's buffer: the two largest of a block."""
    if not (settings.op_offload and devices[0].backend.op_offload):
        return 0
    away = [
        sorted(
            (
                t.bytes
                for t in layer.tensors
                if placement.overrides.get(t.name, placement.slots[layer.index]) == CPU
            ),
            reverse=True,
        )
        for layer in model.layers
    ]
    return max((sum(sizes[:2]) for sizes in away), default=0)
