"""What the user fixed: every field None (or empty) when it is open, so that a planner knows what it may choose.

source: common/arg.cpp for how each value is read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from moefit.errors import UsageError
from moefit.launch.options import TRUTHY
from moefit.launch.patterns import DENSE, EXPERTS, Rule, cpu_moe, first_blocks, parse_overrides
from moefit.launch.precedence import Given

MIB = 1 << 20
_DRAFT_MAX, _NGRAM_MOD_MAX, _NGRAM_CACHE_MAX, _NGRAM_SIZE = 3, 64, 8, 48
"""source: common/common.h, common_params_speculative_*; common/speculative.cpp, common_speculative_n_max."""


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Where a model comes from, in the order in which llama.cpp prefers: a Docker or Hugging Face repository, a URL, a path."""

    path: str | None = None
    """-m."""
    hf_repo: str | None = None
    """-hf user/repo[:quant]."""
    hf_file: str | None = None
    """-hff."""
    url: str | None = None
    """-mu."""
    docker_repo: str | None = None
    """-dr."""

    def __bool__(self) -> bool:
        return bool(self.path or self.hf_repo or self.url or self.docker_repo)


@dataclass(frozen=True, slots=True)
class Constraints:
    """The user's command, its config files and its variables, as values."""

    program: str = "llama-server"
    model: ModelSource = ModelSource()
    mmproj: ModelSource = ModelSource()
    """Only path and url."""
    mmproj_auto: bool = True
    mmproj_offload: bool = True
    mmproj_device: str | None = None
    draft: ModelSource = ModelSource()
    spec_types: tuple[str, ...] = ()
    """Speculation: draft-simple, draft-mtp, ngram-mod ...; without `none`."""
    draft_tokens: int = 0
    """Tokens that the longest draft may have; 0 without speculation."""
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
    slots: int | None = None
    """-np; None also for -1, llama-server's auto."""
    kv_unified: bool | None = None
    kv_unified_per_slot: int | None = None
    cache_type_k: str | None = None
    cache_type_v: str | None = None
    flash_attention: str | None = None
    """on, off or auto."""
    load_mode: str | None = None
    """auto, none, mmap, mlock, mmap+mlock or dio, also when older options say so."""
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
    kv_offload: bool | None = None
    op_offload: bool | None = None
    repack: bool | None = None
    host_buffers: bool | None = None
    """False with --no-host."""
    swa_full: bool = False
    offline: bool = False
    router: bool = False
    """A llama-server that loads models on request: --models-dir or --models-preset, and no model."""

    @property
    def offload_is_set(self) -> bool:
        """Something that llama.cpp's own fit gives up on: -ngl, -ts or an override (common/fit.cpp)."""
        return self.gpu_layers not in {None, "auto"} or self.tensor_split is not None or bool(self.overrides)


def constraints(program: str, given: Sequence[Given]) -> Constraints:
    """Read every option that is set; later single values win, lists append.

    Raises:
        UsageError: a value that llama.cpp would refuse, or two options that contradict each other.
    """
    values = _Values(given)
    macro = _macro(values)
    spec_types = _spec_types(values)
    result = Constraints(
        program=program,
        model=macro.model
        or _source(values, path="-m", hf_repo="-hf", hf_file="-hff", url="-mu", docker_repo="-dr"),
        mmproj=_source(values, path="-mm", url="-mmu"),
        mmproj_auto=values.flag("--mmproj-auto") is not False,
        mmproj_offload=values.flag("--mmproj-offload") is not False and values.text("-mmdev") != "none",
        mmproj_device=_named(values.text("-mmdev")),
        draft=_source(values, path="-md", hf_repo="-hfd"),
        spec_types=spec_types,
        draft_tokens=max((_draft_tokens(values, kind) for kind in spec_types), default=0),
        draft_gpu_layers=_gpu_layers(values, "-ngld"),
        draft_devices=_devices(values.text("-devd")),
        draft_cache_type_k=values.text("-ctkd"),
        draft_cache_type_v=values.text("-ctvd"),
        draft_overrides=_overrides(values, ("-otd", "-cmoed", "-ncmoed", ""), program),
        loras=(*values.csv("--lora"), *(v.rpartition(":")[0] for v in values.csv("--lora-scaled"))),
        control_vectors=(
            *values.csv("--control-vector"),
            *(v.rpartition(":")[0] for v in values.csv("--control-vector-scaled")),
        ),
        gpu_layers=_gpu_layers(values, "-ngl"),
        tensor_split=_tensor_split(values, program),
        overrides=_overrides(values, ("-ot", "-cmoe", "-ncmoe", "-ncffn"), program),
        devices=_devices(values.text("-dev"), "/" if program == "llama-bench" else ","),
        rpc=tuple(server for text in values.texts("--rpc") for server in text.split(",")),
        main_gpu=values.number("-mg"),
        split_mode=values.text("-sm"),
        context=_context(values, macro.context),
        batch=values.number("-b", default=macro.batch),
        ubatch=values.number("-ub", default=macro.ubatch),
        slots=_slots(values, program, macro.slots),
        kv_unified=values.flag("-kvu"),
        kv_unified_per_slot=values.number("--kv-unified-per-slot") or None,
        cache_type_k=values.text("-ctk"),
        cache_type_v=values.text("-ctv"),
        flash_attention=_flash_attention(values),
        load_mode=_load_mode(values),
        threads=values.number("-t"),
        threads_batch=values.number("-tb"),
        numa=values.text("--numa"),
        cache_ram=_mib(values.number("-cram")),
        context_checkpoints=values.number("-ctxcp"),
        fit=_switch(values.text("-fit")),
        fit_target=_fit_target(values),
        fit_context=values.number("-fitc"),
        embeddings=_embeddings(values, macro.embeddings),
        kv_offload=_negatable(values, "--kv-offload", "--no-kv-offload"),
        op_offload=_negatable(values, "--op-offload", "--no-op-offload"),
        repack=values.flag("--repack"),
        host_buffers=False if _is_on(values, "--no-host") else None,
        swa_full=bool(values.flag("--swa-full")),
        offline=bool(values.flag("--offline")),
    )
    _refuse_contradictions(result, values)
    return result


class _Values:
    """Lookups by spelling over what is set."""

    def __init__(self, given: Sequence[Given]) -> None:
        self.given = given

    def all(self, *spellings: str) -> list[Given]:
        wanted = set(spellings)
        return [g for g in self.given if not wanted.isdisjoint(g.option.spellings + g.option.negations)]

    def last(self, *spellings: str) -> Given | None:
        found = self.all(*spellings)
        return found[-1] if found else None

    def text(self, *spellings: str) -> str | None:
        found = self.last(*spellings)
        return found.value if found else None

    def texts(self, *spellings: str) -> list[str]:
        return [g.value for g in self.all(*spellings)]

    def csv(self, *spellings: str) -> list[str]:
        return [item for text in self.texts(*spellings) for item in text.split(",") if item]

    def flag(self, *spellings: str) -> bool | None:
        found = self.last(*spellings)
        return found.positive if found else None

    def number(self, *spellings: str, default: int | None = None) -> int | None:
        found = self.last(*spellings)
        return default if found is None else integer(found)


def integer(given: Given) -> int:
    """The value as std::stoi reads it, but whole."""
    if not re.fullmatch(r"\s*[+-]?\d+", given.value):
        raise UsageError(f"{given.source}: {given.value!r} is no whole number")
    return int(given.value)


def _context(values: _Values, default: int | None) -> int | None:
    found = values.last("-c", "-d")
    if found is None or "-d" in found.option.spellings:
        return default
    context = integer(found)
    if context < 0:
        raise UsageError(f"{found.source}: a context cannot be negative", "-c 0 asks for the trained context")
    return context


def _slots(values: _Values, program: str, default: int | None) -> int | None:
    found = values.last("-np")
    if found is None:
        return default
    slots = integer(found)
    if slots == 0 or (slots < 0 and program != "llama-server"):
        raise UsageError(f"{found.source}: a number of slots of 1 or more is needed")
    return slots if slots > 0 else None


def _gpu_layers(values: _Values, spelling: str) -> int | str | None:
    found = values.last(spelling)
    if found is None:
        return None
    if found.value in {"auto", "all"}:
        return found.value
    layers = integer(found)
    return layers if layers >= 0 else "auto" if layers == -1 else "all"


def _tensor_split(values: _Values, program: str) -> tuple[float, ...] | None:
    """Numbers apart by `,` or `/`; all zero is as if not given (llama_model_base::load_tensors)."""
    found = values.last("-ts")
    if found is None:
        return None
    parts = re.split(r"[;/]+" if program == "llama-bench" else r"[,/]+", found.value)
    try:
        split = tuple(float(part) for part in parts)
    except ValueError as error:
        raise UsageError(f"{found.source}: -ts takes numbers such as 3,1") from error
    if len(split) >= 16:
        raise UsageError(f"{found.source}: llama.cpp takes fewer than 16 proportions")
    return split if any(split) else None


def _overrides(values: _Values, spellings: tuple[str, str, str, str], program: str) -> tuple[Rule, ...]:
    tensor, all_experts, some_experts, dense = spellings
    rules: list[Rule] = []
    found = values.all(*spellings)
    if program == "llama-bench":  # to_llama_mparams puts -ncmoe after the overrides, wherever it stands
        found.sort(key=lambda g: tensor not in g.option.spellings)
    for given in found:
        words = (given.source,)
        if tensor in given.option.spellings:
            rules += parse_overrides(given.value, words, ";" if program == "llama-bench" else ",")
        elif all_experts in given.option.spellings:
            rules.append(cpu_moe(words))
        else:
            count = integer(given)
            if count < 0:
                raise UsageError(f"{given.source}: a number of layers cannot be negative")
            rules += first_blocks(count, EXPERTS if some_experts in given.option.spellings else DENSE, words)
            assert dense in given.option.spellings or some_experts in given.option.spellings
    return tuple(rules)


def _devices(text: str | None, separator: str = ",") -> tuple[str, ...] | None:
    if text is None or text == "auto":
        return None
    names = tuple(name.strip() for name in text.split(separator))
    return () if names == ("none",) else names


def _named(device: str | None) -> str | None:
    return None if device == "none" else device


def _flash_attention(values: _Values) -> str | None:
    """Builds before the three-way -fa took it as a flag that means on."""
    found = values.last("-fa")
    if found is None:
        return None
    switch = _switch(found.value) if found.option.arity else True
    return {True: "on", False: "off", None: "auto"}[switch]


def _switch(text: str | None) -> bool | None:
    return None if text in {None, "auto", "-1"} else text in TRUTHY


def _load_mode(values: _Values) -> str | None:
    """-lm, or what --mmap, --mlock and --direct-io of builds before it come to."""
    if (mode := values.text("-lm")) is not None:
        return mode
    mmap, mlock, direct = values.flag("--mmap", "--no-mmap"), values.flag("--mlock"), values.flag("-dio")
    mmap = _negatable(values, "--mmap", "--no-mmap")
    if direct:
        return "dio"
    if mlock:
        return "mlock" if mmap is False else "mmap+mlock"
    return None if mmap is None else "mmap" if mmap else "none"


def _negatable(values: _Values, on: str, off: str) -> bool | None:
    """A pair, or two flags of which the off one stands alone, or (llama-bench) --no-x 0|1."""
    found = values.last(on, off)
    if found is None:
        return None
    if found.option.arity:
        return found.value not in TRUTHY
    return found.positive != (off in found.option.spellings)


def _is_on(values: _Values, spelling: str) -> bool:
    found = values.last(spelling)
    return found is not None and (found.value in TRUTHY if found.option.arity else found.positive)


def _fit_target(values: _Values) -> tuple[int, ...] | None:
    found = values.last("-fitt")
    if found is None:
        return None
    parts = re.split(r"[,/]+", found.value)
    if not all(part.strip().isdigit() for part in parts):
        raise UsageError(f"{found.source}: -fitt takes MiB, one number or one for each device")
    return tuple(int(part) * MIB for part in parts)


def _mib(value: int | None) -> int | None:
    return value if value is None or value < 0 else value * MIB


def _embeddings(values: _Values, default: bool) -> bool:  # noqa: FBT001 - the last of a chain of defaults
    pooling = values.text("--pooling")
    on = _is_on(values, "--embedding") or _is_on(values, "--embeddings")
    return default or on or _is_on(values, "--rerank") or pooling not in {None, "none"}


def _spec_types(values: _Values) -> tuple[str, ...]:
    """--spec-type appends; `none` in a value makes that value none; --spec-default adds ngram-mod."""
    types: list[str] = []
    for given in values.all("--spec-type", "--spec-default"):
        some = given.value.split(",") if given.value else ["ngram-mod"]
        types += [] if "none" in some else some
    return tuple(dict.fromkeys(types))


def _draft_tokens(values: _Values, kind: str) -> int:
    """source: common/speculative.cpp, common_speculative_n_max."""
    if kind.startswith("draft-"):
        return max(0, values.number("--spec-draft-n-max", "--draft-max") or _DRAFT_MAX)
    if kind == "ngram-mod":
        return max(0, values.number("--spec-ngram-mod-n-max") or _NGRAM_MOD_MAX)
    if kind == "ngram-cache":
        return _NGRAM_CACHE_MAX
    return max(0, values.number(f"--spec-{kind}-size-m") or _NGRAM_SIZE)


def _source(values: _Values, **spellings: str) -> ModelSource:
    return ModelSource(**{field: values.text(spelling) for field, spelling in spellings.items()})


@dataclass(frozen=True, slots=True)
class _Macro:
    """What a --...-default option sets at once."""

    model: ModelSource = ModelSource()
    context: int | None = None
    batch: int | None = None
    ubatch: int | None = None
    slots: int | None = None
    embeddings: bool = False


def _fim(repo: str, file: str) -> _Macro:
    return _Macro(ModelSource(hf_repo=f"ggml-org/{repo}", hf_file=file), 0, 1024, 1024)


# source: common/arg.cpp, the options at the end of common_params_parser_init
_MACROS = {
    "--embd-gemma-default": _Macro(
        ModelSource(
            hf_repo="ggml-org/embeddinggemma-300M-qat-q4_0-GGUF", hf_file="embeddinggemma-300M-qat-Q4_0.gguf"
        ),
        context=65536,
        batch=2048,
        ubatch=2048,
        slots=32,
        embeddings=True,
    ),
    "--fim-qwen-1.5b-default": _fim("Qwen2.5-Coder-1.5B-Q8_0-GGUF", "qwen2.5-coder-1.5b-q8_0.gguf"),
    "--fim-qwen-3b-default": _fim("Qwen2.5-Coder-3B-Q8_0-GGUF", "qwen2.5-coder-3b-q8_0.gguf"),
    "--fim-qwen-7b-default": _fim("Qwen2.5-Coder-7B-Q8_0-GGUF", "qwen2.5-coder-7b-q8_0.gguf"),
    "--fim-qwen-7b-spec": _fim("Qwen2.5-Coder-7B-Q8_0-GGUF", "qwen2.5-coder-7b-q8_0.gguf"),
    "--fim-qwen-14b-spec": _fim("Qwen2.5-Coder-14B-Q8_0-GGUF", "qwen2.5-coder-14b-q8_0.gguf"),
    "--fim-qwen-30b-default": _fim(
        "Qwen3-Coder-30B-A3B-Instruct-Q8_0-GGUF", "qwen3-coder-30b-a3b-instruct-q8_0.gguf"
    ),
    "--gpt-oss-20b-default": _Macro(
        ModelSource(hf_repo="ggml-org/gpt-oss-20b-GGUF", hf_file="gpt-oss-20b-mxfp4.gguf"),
        262144,
        32768,
        2048,
        2,
    ),
    "--gpt-oss-120b-default": _Macro(
        ModelSource(hf_repo="ggml-org/gpt-oss-120b-GGUF"), 262144, 32768, 2048, 2
    ),
    "--vision-gemma-4b-default": _Macro(ModelSource(hf_repo="ggml-org/gemma-3-4b-it-qat-GGUF"), 0),
    "--vision-gemma-12b-default": _Macro(ModelSource(hf_repo="ggml-org/gemma-3-12b-it-qat-GGUF"), 0),
}


def _macro(values: _Values) -> _Macro:
    found = values.last(*_MACROS)
    return _MACROS[found.option.name] if found else _Macro()


def _refuse_contradictions(result: Constraints, values: _Values) -> None:
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


def _clash(values: _Values, one: str, other: str, why: str) -> None:
    first, second = values.last(one), values.last(other)
    assert first is not None
    assert second is not None
    raise UsageError(
        f"{first.source} and {second.source} contradict each other: {why}", "leave one of them out"
    )
