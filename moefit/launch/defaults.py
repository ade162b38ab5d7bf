"""From what the user fixed and a planner chose to what llama.cpp will run with: every value concrete.

source: common/common.h, common_params (defaults); tools/server/server.cpp, llama_server (slots and contexts);
src/llama-context.cpp, llama_context::llama_context (caps); tools/perplexity/perplexity.cpp, llama_perplexity.
"""

from __future__ import annotations

from collections.abc import Sequence

from moefit.launch.constraints import Constraints
from moefit.launch.settings import BATCH, CACHE_RAM, CHECKPOINTS, MIN_BATCH, SERVERS, SLOTS, UBATCH, Settings
from moefit.machine.types import Device

_ROLLS_BACK = frozenset({"draft-mtp", "draft-eagle3", "draft-dflash", "draft-dspark"})
"""source: common/common.h, common_params_speculative::need_n_rs_seq."""


def settings(
    constraints: Constraints,
    *,
    context: int,
    batch: int | None = None,
    ubatch: int | None = None,
    load_mode: str | None = None,
    devices: Sequence[Device] = (),
    threads: int | None = None,
) -> Settings:
    """The launch as llama.cpp will understand it.

    `context`, `batch`, `ubatch`, `load_mode` and `threads` are a planner's choice and count only where the user left them open
    (-c 0 leaves the context open: pass the trained one). `devices` decide what load mode auto becomes.
    """
    slots, unified = _slots(constraints)
    context = _context(constraints, slots) or context
    if constraints.ubatch is None:
        ubatch = ubatch or UBATCH
        batch = constraints.batch or max(batch or BATCH, ubatch)
    else:
        batch = constraints.batch or batch or BATCH
        ubatch = constraints.ubatch or batch
    if constraints.program == "llama-perplexity":
        slots = max(1, batch // context)
        context *= slots
    if constraints.embeddings:
        batch = min(batch, ubatch)
    batch = min(batch, context)
    return Settings(
        context=context,
        program=constraints.program,
        batch=batch,
        ubatch=min(ubatch, batch),
        slots=slots,
        kv_unified=unified,
        cache_type_k=constraints.cache_type_k or "f16",
        cache_type_v=constraints.cache_type_v or "f16",
        flash_attention=constraints.flash_attention or "auto",
        kv_offload=constraints.kv_offload is not False,
        op_offload=constraints.op_offload is not False,
        pinned=constraints.pinned,
        op_offload_min_batch=MIN_BATCH
        if constraints.op_offload_min_batch is None
        else constraints.op_offload_min_batch,
        swa_full=constraints.swa_full,
        host_buffers=constraints.host_buffers is not False,
        repack=constraints.repack is not False,
        moe_cache=constraints.moe_cache or 0,
        moe_cache_cpu_share=constraints.moe_cache_cpu_share or 0.0,
        load_mode=_load_mode(constraints.load_mode or load_mode, devices),
        lazy_mode=_lazy_mode(constraints.lazy_mode, devices),
        split_mode=constraints.split_mode or "layer",
        main_gpu=constraints.main_gpu or 0,
        tensor_split=constraints.tensor_split,
        threads=threads if constraints.threads is None else constraints.threads,
        threads_batch=constraints.threads_batch,
        cache_ram=_cache_ram(constraints),
        context_checkpoints=_checkpoints(constraints),
        mtp="draft-mtp" in constraints.spec_types,
        draft_tokens=constraints.draft_tokens,
        model_draft_tokens=constraints.model_draft_tokens,
        rollback_tokens=constraints.model_draft_tokens
        if _ROLLS_BACK.intersection(constraints.spec_types)
        else 0,
        draft_cache_type_k=constraints.draft_cache_type_k or "f16",
        draft_cache_type_v=constraints.draft_cache_type_v or "f16",
        embeddings=constraints.embeddings,
        pooling=constraints.pooling,
        numa=constraints.numa,
        overridden=bool(constraints.overrides),
    )


def _slots(constraints: Constraints) -> tuple[int, bool]:
    """Slots, and whether they share one cache: a server's auto is four that do, whatever --no-kv-unified says."""
    if constraints.slots is None and constraints.program in SERVERS:
        return SLOTS, True
    return constraints.slots or 1, bool(constraints.kv_unified)


def _context(constraints: Constraints, slots: int) -> int | None:
    """--kv-unified-per-slot sizes the pool when -c is not given, not even as 0."""
    if constraints.context is None and constraints.kv_unified_per_slot:
        return slots * constraints.kv_unified_per_slot
    return constraints.context


def _load_mode(mode: str | None, devices: Sequence[Device]) -> str:
    """What auto becomes: mmap, unless a device cannot be fed from mapped memory (llama_model_base::load_tensors).

    mmap_support is false for integrated CUDA and Vulkan devices and for OpenCL and Hexagon (ggml's get_props).
    """
    if mode not in {None, "auto"}:
        assert mode is not None
        return mode
    return "none" if any(_without_mmap(device) for device in devices) else "mmap"


def _lazy_mode(mode: str | None, devices: Sequence[Device]) -> str:
    """What auto becomes: off where load mode auto does not map (llama_model_base::load_tensors)."""
    if mode not in {None, "auto"}:
        assert mode is not None
        return mode
    return "off" if any(_without_mmap(device) for device in devices) else "auto"


def _without_mmap(device: Device) -> bool:
    backend = device.backend.name
    return backend in {"OpenCL", "GPUOpenCL", "HTP"} or (
        device.integrated and backend in {"CUDA", "ROCm", "MUSA", "Vulkan"}
    )


def _cache_ram(constraints: Constraints) -> int | None:
    if constraints.program not in SERVERS:
        return 0
    if constraints.cache_ram is None:
        return CACHE_RAM
    return constraints.cache_ram if constraints.cache_ram >= 0 else None


def _checkpoints(constraints: Constraints) -> int:
    if constraints.program not in SERVERS:
        return 0
    return CHECKPOINTS if constraints.context_checkpoints is None else constraints.context_checkpoints
