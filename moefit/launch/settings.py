"""The launch as llama.cpp will understand it: every value concrete, whoever chose it."""

from __future__ import annotations

from typing import Final

from moefit.values import dataclass

MAPPED: Final = frozenset({"mmap", "mmap+mlock"})
"""Load modes that map the file: its weights on the CPU are pages of it, in no buffer of a device's driver.

source: src/llama-model-loader.cpp, llama_model_loader::init_mappings
"""


SERVERS: Final = frozenset({"llama-server", "llama-cli"})
"""Programs that serve, with a prompt cache, context checkpoints and outputs for each slot: llama-cli runs a server of its own.

source: tools/cli/cli-server.h, cli_server::start
"""
BATCH: Final = 2048
"""source: common/common.h, common_params::n_batch"""
UBATCH: Final = 512
"""source: common/common.h, common_params::n_ubatch"""
SMALLEST_CONTEXT: Final = 4096
"""What a fit shrinks a context to at most. source: common/common.h, common_params::fit_params_min_ctx"""
CONTEXT_PADDING: Final = 256
"""Tokens to whose multiples a sequence's context is padded. source: src/llama-context.cpp, GGML_PAD(n_ctx, 256)"""
MIN_BATCH: Final = 32
"""Tokens from which on a batch copies the weights that it needs to a device.

source: ggml/src/ggml-cuda/ggml-cuda.cu, ggml_backend_cuda_reg
"""
CACHE_RAM: Final = 8192 << 20
"""source: common/common.h, common_params::cache_ram_mib"""
CHECKPOINTS: Final = 32
"""source: common/common.h, common_params::n_ctx_checkpoints"""
SLOTS: Final = 4
"""llama-server's auto. source: tools/server/server.cpp, llama_server"""


@dataclass(frozen=True, slots=True)
class Settings:
    """One candidate launch. Names and defaults are llama-server's (common/common.h, common_params)."""

    context: int
    """n_ctx as asked for, in tokens, before llama.cpp pads it; never 0."""
    program: str = "llama-server"
    """Base name of the program: llama-server, llama-bench, llama-fit-params, llama-cli ..."""
    batch: int = BATCH
    ubatch: int = UBATCH
    slots: int = SLOTS
    """n_parallel, n_seq_max. llama-server's auto is 4 with a unified cache; 1 in the other programs."""
    kv_unified: bool = True
    cache_type_k: str = "f16"
    cache_type_v: str = "f16"
    flash_attention: str = "auto"
    """on, off or auto."""
    kv_offload: bool = True
    op_offload: bool = True
    pinned: bool = True
    """False with GGML_CUDA_NO_PINNED: buffers on the host are pageable."""
    op_offload_min_batch: int = MIN_BATCH
    """GGML_OP_OFFLOAD_MIN_BATCH."""
    swa_full: bool = False
    host_buffers: bool = True
    """False with --no-host: no pinned host buffers, CPU weights are repacked."""
    load_mode: str = "mmap"
    """none, mmap, mlock, mmap+mlock or dio; llama.cpp's auto is written as what it becomes."""
    repack: bool = True
    """False with --no-repack: CPU weights stay as they are in the file."""
    moe_cache: int = 0
    """--moe-cache-mib in bytes; 0 for no expert cache."""
    moe_cache_cpu_share: float = 0.0
    """Of the cache's misses, what the CPU computes."""
    lazy_mode: str = "auto"
    """on, auto (large tables only) or off: whether tables stay in the file until a row is needed."""
    split_mode: str = "layer"
    tensor_split: tuple[float, ...] | None = None
    """The user's -ts, or what stands in for it; None where the layers on each device say it."""
    main_gpu: int = 0
    threads_batch: int | None = None
    """-tb; None for as many as `threads`."""
    threads: int | None = None
    cache_ram: int | None = CACHE_RAM
    """Bytes of --cache-ram; None for no limit, 0 for none."""
    context_checkpoints: int = CHECKPOINTS
    """-ctxcp, per slot."""
    mtp: bool = False
    """Multi-token prediction layers are loaded and run (--spec-type with mtp)."""
    draft_tokens: int = 0
    """Longest speculative draft; 0 without speculation."""
    model_draft_tokens: int = 0
    """Tokens that a draft model or prediction blocks draft at once: fewer than a chained n-gram finds."""
    rollback_tokens: int = 0
    """n_rs_seq: drafted tokens by which a recurrent state can be rolled back; each needs a copy of the state."""
    draft_cache_type_k: str = "f16"
    """Of the draft model's or the multi-token-prediction context's cache."""
    draft_cache_type_v: str = "f16"
    embeddings: bool = False
    """--embedding, --reranking or --pooling: the server reserves a whole batch of outputs."""
    pooling: str | None = None
    """--pooling of embeddings: none, mean, cls, last or rank; None: what the file says."""
    numa: str | None = None
    """--numa: distribute, isolate or numactl; None where chance decides on which node weights lie."""
    overridden: bool = False
    """The line has tensor overrides, which end pipelining even where they move nothing (llama_model::has_tensor_overrides)."""

    @property
    def serves(self) -> bool:
        """Whether the program is a server, or runs one."""
        return self.program in SERVERS

    @property
    def is_mapped(self) -> bool:
        """Whether weights on the CPU are pages of the mapped file."""
        return self.load_mode in MAPPED
