"""RAM: the output buffer, what llama-server's caches may grow to, and which bytes the system could reclaim.

source: src/llama-context.cpp, llama_context::output_reserve; tools/server/server-context.cpp, create_checkpoint;
tools/server/server-task.cpp, server_prompt_cache
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moefit.memory.buffers import FLOAT
from moefit.memory.cache_tensor import cache_type
from moefit.memory.cells import cells_of
from moefit.memory.compressed import HEAVY, SPARSE
from moefit.memory.hparams import hparams
from moefit.model.architectures import architecture
from moefit.placement.budget import Term
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moefit.launch.settings import Settings
    from moefit.machine.types import Device
    from moefit.memory.types import HostUse
    from moefit.model import Model

CELL = 16
"""Bytes of a saved cell's position and sequence, measured on a server's log."""
PROCESS = 512 << 20
"""Bytes of RAM that the program takes beside its buffers: 335 MiB of its own, the driver's and the vocabulary's, and 170 of libraries, on
an H100's host with Qwen3-30B-A3B, wherever its weights were (benchmarks/gpu/ram.py)."""
UNLIMITED_CACHE_STATES = 4
"""--cache-ram -1 has no limit: count the full states of so many prompts."""


@dataclass(frozen=True, slots=True)
class Residence:
    """How the bytes in RAM are held."""

    pinned: int
    """In page-locked buffers of a device's driver, or locked by mlock."""
    private: int
    """Ordinary memory: only swap could take it."""
    mapped: int
    """Pages of the model file: the system can drop them and read them again."""


def output_buffer(model: Model, settings: Settings) -> int:
    """Bytes of the buffer that logits and embeddings are copied to: one row an output; an encoder's are those of a micro-batch."""
    c = cells_of(settings)
    outputs = c.sequences * (1 + settings.draft_tokens)
    embedding = _width_out(model)
    row = model.vocabulary
    if settings.embeddings:
        outputs, row = c.batch, row + embedding
    elif architecture(model.architecture).encodes:
        outputs, row = max(outputs, c.ubatch), row + embedding
    nextn = c.batch * embedding if settings.mtp else 0
    return FLOAT * (outputs * row + nextn)


def _width_out(model: Model) -> int:
    """n_embd_out: all residual streams where there are several (src/models/deepseek4.cpp, qwen4exp.cpp)."""
    if architecture(model.architecture).all_streams_out:
        return model.embedding * model.hparams.integer("hyper_connection.count", 1)
    return model.hparams.integer("embedding_length_out") or model.embedding


def checkpoint(model: Model, settings: Settings) -> int:
    """Bytes of one context checkpoint of one slot: what of its memory cannot be rolled back; 0 if all of it can.

    Of a sliding window only what it still sees is saved. A server's log agreed to three decimals of a MiB.

    source: common/common.cpp, common_prompt_checkpoint::update_tgt with LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY;
    src/llama-kv-cache.cpp, state_write
    """
    h = hparams(model)
    size = sum(FLOAT * (s.conv + s.recurrent + s.history) for s in h.state if s)
    if h.window and not settings.swa_full:
        cells = min(cells_of(settings).sequence, h.window)
        key, value = cache_type(settings.cache_type_k), cache_type(settings.cache_type_v)
        rows = [key.row_bytes(a.key) + value.row_bytes(a.value) for a in h.attention if a and a.windowed]
        size += cells * (sum(rows) + CELL)
    for ratio in h.compress[: h.blocks]:
        if ratio == SPARSE:
            size += FLOAT * 2 * 2 * SPARSE * 2 * (h.head_key + h.indexer_key)
        elif ratio == HEAVY:
            size += FLOAT * 2 * HEAVY * h.head_key
    return size


def caches(model: Model, settings: Settings) -> tuple[Term, ...]:
    """What llama-server's caches may grow to, by name; llama-cli runs one too. Other programs have none."""
    if not settings.serves or architecture(model.architecture).cacheless:
        return ()
    terms = []
    limit = settings.cache_ram
    if limit is None:
        limit = UNLIMITED_CACHE_STATES * _full_state(model, settings)
        terms.append(Term("prompt cache", limit, f"--cache-ram -1: {UNLIMITED_CACHE_STATES} full prompts"))
    elif limit:
        terms.append(Term("prompt cache", limit, "--cache-ram"))
    count = settings.context_checkpoints * settings.slots
    if size := count * checkpoint(model, settings):
        terms.append(Term("context checkpoints", size, f"-ctxcp: {count} of them"))
    return tuple(terms)


def residence(host: HostUse, settings: Settings, devices: Sequence[Device]) -> Residence:
    """How a plan's bytes in RAM are held in its load mode.

    Weights are mapped with mmap, else pinned if a device offers pinned buffers, but for lazy tables, which are always
    mapped; buffers for computing and outputs are pinned with such a device in any mode.
    """
    offered = settings.host_buffers and settings.pinned and any(d.backend.host_buffer for d in devices)
    buffers = host.compute + host.output
    private = host.context + host.cache + (0 if offered else buffers)
    pinned = buffers if offered else 0
    if settings.load_mode == "mmap":
        return Residence(pinned, private, host.model)
    if offered or "mlock" in settings.load_mode:
        return Residence(pinned + host.loaded, private, host.lazy)
    return Residence(pinned, private + host.loaded, host.lazy)


def pinned_by_devices(host: HostUse, settings: Settings, devices: Sequence[Device]) -> int:
    """Bytes of RAM in page-locked buffers of a device's driver; what mlock holds of a mapped file is none of them."""
    if not (settings.host_buffers and any(device.backend.host_buffer for device in devices)):
        return 0
    return host.compute + host.output + (0 if settings.is_mapped else host.loaded)


def _full_state(model: Model, settings: Settings) -> int:
    """Bytes of one slot's full cache and state."""
    h = hparams(model)
    key, value = cache_type(settings.cache_type_k), cache_type(settings.cache_type_v)
    cells = cells_of(settings).sequence
    rows = [key.row_bytes(a.key) + value.row_bytes(a.value) for a in h.attention if a]
    return cells * sum(rows) + checkpoint(model, settings)
