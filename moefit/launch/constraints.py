"""What the user fixed: every field None (or empty) when it is open, so that a planner knows what it may choose.

source: common/arg.cpp for how each value is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from moefit.errors import UsageError
from moefit.launch import readers
from moefit.launch.bench_tests import refuse_lists
from moefit.launch.enumerated import concrete
from moefit.launch.given import Given
from moefit.launch.kv_overrides import kv_overrides
from moefit.launch.lookup import Values, switch
from moefit.launch.patterns import Rule
from moefit.launch.ranges import refuse_out_of_range
from moefit.launch.sources import NO_MODEL, ModelSource, recipe, source
from moefit.launch.texts import refuse_unreadable
from moefit.model.overrides import KvOverride
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Constraints:
    """The user's command, its config files and its variables, as values."""

    program: str = "llama-server"
    model: ModelSource = NO_MODEL
    mmproj: ModelSource = NO_MODEL
    """Only path and url."""
    mmproj_auto: bool = True
    mmproj_offload: bool = True
    mmproj_device: str | None = None
    image_min_tokens: int | None = None
    image_max_tokens: int | None = None
    draft: ModelSource = NO_MODEL
    spec_types: tuple[str, ...] = ()
    """Speculation: draft-simple, draft-mtp, ngram-mod ...; without `none`."""
    draft_tokens: int = 0
    """Tokens that the longest draft may have; 0 without speculation."""
    model_draft_tokens: int = 0
    """Tokens that a draft model or prediction blocks draft at once; chained n-grams draft longer, and for nothing."""
    draft_gpu_layers: int | str | None = None
    draft_devices: tuple[str, ...] | None = None
    draft_cache_type_k: str | None = None
    draft_cache_type_v: str | None = None
    draft_overrides: tuple[Rule, ...] = ()
    loras: tuple[str, ...] = ()
    control_vectors: tuple[str, ...] = ()
    gpu_layers: int | str | None = None
    """-ngl: a number, "auto" or "all"."""
    tensor_split: tuple[float, ...] | None = None
    overrides: tuple[Rule, ...] = ()
    """-ot, -cmoe, -ncmoe and -ncffn of files, variables and line in llama.cpp's one list; the first match wins."""
    devices: tuple[str, ...] | None = None
    """-dev; the empty tuple for `none`."""
    rpc: tuple[str, ...] = ()
    """host:port of each RPC server."""
    main_gpu: int | None = None
    split_mode: str | None = None
    context: int | None = None
    """-c; 0 asks for the trained context."""
    batch: int | None = None
    ubatch: int | None = None
    """-ub; 0 asks for the whole batch."""
    slots: int | None = None
    """-np; None also for -1, llama-server's auto."""
    kv_unified: bool | None = None
    kv_unified_per_slot: int | None = None
    cache_type_k: str | None = None
    cache_type_v: str | None = None
    flash_attention: str | None = None
    """on, off or auto."""
    moe_cache: int | None = None
    """--moe-cache-mib in bytes."""
    moe_cache_cpu_share: float | None = None
    """--moe-cache-cpu-share, of builds after the checked ones."""
    load_mode: str | None = None
    """auto, none, mmap, mlock, mmap+mlock or dio, also when older options say so."""
    lazy_mode: str | None = None
    """on, auto or off."""
    threads: int | None = None
    threads_batch: int | None = None
    numa: str | None = None
    cache_ram: int | None = None
    """--cache-ram in bytes; -1 for no limit."""
    context_checkpoints: int | None = None
    fit: bool | None = None
    fit_target: tuple[int, ...] | None = None
    """-fitt in bytes; one value stands for every device."""
    fit_context: int | None = None
    embeddings: bool = False
    """--embedding, --reranking, or --pooling other than none: whole batches of outputs."""
    pooling: str | None = None
    """--pooling, or what --reranking makes of it; None: what the file says."""
    kv_offload: bool | None = None
    op_offload: bool | None = None
    pinned: bool = True
    """False with GGML_CUDA_NO_PINNED: no page-locked memory in any load mode (ggml_cuda_host_malloc)."""
    op_offload_min_batch: int | None = None
    """GGML_OP_OFFLOAD_MIN_BATCH of the user's environment."""
    repack: bool | None = None
    host_buffers: bool | None = None
    """False with --no-host."""
    swa_full: bool = False
    kv_overrides: tuple[KvOverride, ...] = ()
    """--override-kv, which holds for the draft model, too."""
    offline: bool = False
    hf_token: str | None = field(default=None, repr=False)
    """-hft or HF_TOKEN: a secret."""

    @property
    def left_open(self) -> frozenset[str]:
        """What a plan may say whatever the line has: -ngl auto, -ts 0,0 and -t -1 set nothing."""
        open_ = {"-dev": self.devices is None, "-ts": self.tensor_split is None, "-t": self.threads is None}
        open_["-ngl"] = self.gpu_layers in {None, "auto"}
        return frozenset(spelling for spelling, is_open in open_.items() if is_open)


def constraints(program: str, given: Sequence[Given]) -> Constraints:
    """Read every option that is set; later single values win, lists append.

    Raises:
        UsageError: a value that llama.cpp would refuse, or two options that contradict each other.
    """
    values = Values(concrete(given, program))
    if program == readers.BENCH:
        refuse_lists(values)
    preset = recipe(values)
    kinds = readers.spec_types(values)
    result = Constraints(
        program=program,
        model=preset.model
        or source(values, path="-m", hf_repo="-hf", hf_file="-hff", url="-mu", docker_repo="-dr"),
        mmproj=source(values, path="-mm", url="-mmu"),
        mmproj_auto=values.pair("--mmproj-auto", "--no-mmproj") is not False,
        mmproj_offload=values.pair("--mmproj-offload", "--no-mmproj-offload") is not False
        and values.text("-mmdev") != "none",
        mmproj_device=readers.one_device(values.text("-mmdev")),
        image_min_tokens=readers.positive(values, "--image-min-tokens"),
        image_max_tokens=readers.positive(values, "--image-max-tokens"),
        draft=preset.draft or source(values, path="-md", hf_repo="-hfd"),
        spec_types=kinds,
        draft_tokens=max((readers.draft_tokens(values, kind) for kind in kinds), default=0),
        model_draft_tokens=max(
            (readers.draft_tokens(values, kind) for kind in kinds if kind.startswith("draft-")), default=0
        ),
        draft_gpu_layers=readers.gpu_layers(values, "-ngld"),
        draft_devices=readers.devices(values, "-devd", program),
        draft_cache_type_k=readers.cache_type(values, "-ctkd"),
        draft_cache_type_v=readers.cache_type(values, "-ctvd"),
        draft_overrides=readers.overrides(values, readers.DRAFT_OVERRIDES, program),
        loras=readers.scaled_files(values, "--lora"),
        control_vectors=readers.scaled_files(values, "--control-vector"),
        gpu_layers=readers.gpu_layers(values, "-ngl"),
        tensor_split=readers.tensor_split(values, program),
        overrides=readers.overrides(values, readers.OVERRIDES, program),
        devices=readers.devices(values, "-dev", program),
        rpc=readers.servers(values),
        main_gpu=values.number("-mg"),
        split_mode=readers.mode(values, "-sm"),
        context=readers.bench_context(values)
        if program == "llama-bench"
        else readers.context(values, preset.context),
        batch=readers.batch(values, preset.batch),
        ubatch=readers.ubatch(values, preset.ubatch),
        slots=readers.slots(values, program, preset.slots),
        kv_unified=values.pair("--kv-unified", "--no-kv-unified"),
        kv_unified_per_slot=readers.positive(values, "--kv-unified-per-slot"),
        cache_type_k=readers.cache_type(values, "-ctk"),
        cache_type_v=readers.cache_type(values, "-ctv"),
        flash_attention=readers.flash_attention(values),
        moe_cache=readers.moe_cache(values),
        moe_cache_cpu_share=readers.moe_cache_cpu_share(values),
        load_mode=readers.load_mode(values),
        lazy_mode=readers.mode(values, "-lzm"),
        threads=readers.positive(values, "-t"),
        threads_batch=readers.positive(values, "-tb"),
        numa=values.text("--numa"),
        cache_ram=readers.mebibytes(values.number("-cram")),
        context_checkpoints=values.number("-ctxcp"),
        fit=switch(values.text("-fit")),
        fit_target=readers.fit_target(values),
        fit_context=values.number("-fitc"),
        embeddings=preset.embeddings or readers.embeddings(values),
        pooling="rank" if values.is_on("--rerank") else values.text("--pooling"),
        kv_offload=values.pair("--kv-offload", "--no-kv-offload"),
        op_offload=values.pair("--op-offload", "--no-op-offload"),
        repack=values.pair("--repack", "--no-repack"),
        host_buffers=False if values.is_on("--no-host") else None,
        swa_full=values.is_on("--swa-full"),
        kv_overrides=kv_overrides(values),
        offline=values.is_on("--offline"),
        hf_token=values.text("-hft") or None,
    )
    refuse_out_of_range(values, program)
    refuse_unreadable(values)
    _refuse_contradictions(result, values)
    return result


def _refuse_contradictions(result: Constraints, values: Values) -> None:
    if result.devices == () and result.gpu_layers not in {None, "auto", "all", 0}:
        _clash(values, "-dev", "-ngl", "without a device nothing can be offloaded")
    if result.devices == () and result.tensor_split is not None:
        _clash(values, "-dev", "-ts", "without a device nothing can be split")
    if (
        result.split_mode == "none"
        and result.tensor_split is not None
        and sum(map(bool, result.tensor_split)) > 1
    ):
        _clash(values, "-sm", "-ts", "-sm none uses one device")
    if result.flash_attention == "off" and result.cache_type_v not in {None, "f16", "f32", "bf16"}:
        _clash(values, "-fa", "-ctv", "a quantised V cache needs flash attention")


def _clash(values: Values, one: str, other: str, why: str) -> None:
    first, second = values.last(one), values.last(other)
    assert first is not None
    assert second is not None
    raise UsageError(
        f"{first.source} and {second.source} contradict each other: {why}", "leave one of them out"
    )
