"""Conditions under which llama-server b11434 stops before it serves, or leaves an option out: the table, and what is said of a line.

Each row names the line of llama.cpp that decides; docs/refusals.md is written from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from moefit.errors import UsageError, Warn
from moefit.gguf.quants import QUANTS
from moefit.launch.constraints import Constraints
from moefit.machine.types import Device
from moefit.memory.hparams import hparams
from moefit.model import Model
from moefit.search.demand import chosen_devices
from moefit.search.request import Request
from moefit.values import dataclass

NO_TENSOR_MODE: Final = frozenset(
    {
        *(
            "grok",
            "mpt",
            "plamo2",
            "minicpm3",
            "gemma3n",
            "mamba",
            "mamba2",
            "jamba",
            "falcon-h1",
            "olmo2",
            "olmoe",
        ),
        *(
            "deepseek2",
            "deepseek32",
            "hy_v4",
            "dots3note",
            "glm-dsa",
            "bitnet",
            "t5",
            "nemotron_h",
            "nemotron_h_moe",
        ),
        *(
            "granitehybrid",
            "minimax-01",
            "minimax-m2",
            "minimax-m3",
            "mistral4",
            "kimi-linear",
            "bailingmoe3",
        ),
        *("kimi-k3", "glm5-next", "qwen3tts"),
    }
)
"""source: src/llama-arch.cpp, llm_arch_supports_sm_tensor."""
_SPLIT_BUFFERS: Final = frozenset({"SYCL", "HTP", "Hexagon"})
"""Backends with ggml_backend_split_buffer_type. source: ggml/src/ggml-sycl/ggml-sycl.cpp, ggml/src/ggml-hexagon/ggml-hexagon.cpp."""
_HEADS: Final = frozenset({"gemma4-assistant", "eagle3", "dflash"})
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


@dataclass(frozen=True, slots=True)
class Row:
    """One condition."""

    options: str
    """As a line has them."""
    when: str
    """The condition, in words."""
    says: str
    """llama.cpp's own reason; {} is what the condition names."""
    instead: str
    """What to write."""
    source: str
    found: Callable[[Facts], str | None]
    """The name of what is in the way; None where nothing is."""


def _row_mode(facts: Facts) -> str | None:
    if facts.wanted.split_mode != "row" or not facts.modern:
        return None
    return next((d.name for d in facts.devices if d.backend.name not in _SPLIT_BUFFERS), None)


def _tensor_mode(facts: Facts) -> str | None:
    unable = facts.wanted.split_mode == "tensor" and facts.model.architecture in NO_TENSOR_MODE
    return facts.model.architecture if unable else None


def _tensor_alone(facts: Facts) -> str | None:
    return "none" if facts.wanted.split_mode == "tensor" and not facts.devices else None


def _tensor_attention(facts: Facts) -> str | None:
    off = facts.wanted.split_mode == "tensor" and facts.wanted.flash_attention == "off"
    return "off" if off else None


def _cache_types(facts: Facts) -> str | None:
    key, value = facts.wanted.cache_type_k or "f16", facts.wanted.cache_type_v or "f16"
    one = hparams(facts.model).mla or facts.model.architecture == "deepseek4"
    return f"{key} and {value}" if one and key != value else None


def _key_blocks(facts: Facts) -> str | None:
    keys = facts.model.hparams
    return _blocks(facts, facts.wanted.cache_type_k, (keys.head_k(), keys.head_k(window=True)))


def _value_blocks(facts: Facts) -> str | None:
    keys = facts.model.hparams
    return _blocks(facts, facts.wanted.cache_type_v, (keys.head_v(), keys.head_v(window=True)))


def _blocks(facts: Facts, cache_type: str | None, heads: tuple[int, ...]) -> str | None:
    """The length of a head that a quantised type's blocks do not divide."""
    block = {quant.name.lower(): quant.block for quant in QUANTS.values()}.get(cache_type or "f16", 1)
    if facts.wanted.flash_attention == "off" or block == 1:
        return None
    return next((f"{cache_type}: {block} and {n}" for n in heads if n % block), None)


def _no_head(facts: Facts) -> str | None:
    asked = "draft-mtp" in facts.wanted.spec_types and not facts.has_draft
    has = any(layer.mtp for layer in facts.model.layers)
    return facts.model.architecture if asked and not has else None


def _is_head(facts: Facts) -> str | None:
    names = {tensor.name for tensor in facts.model.tensors}
    whole = {"token_embd.weight", "output.weight"} <= names and facts.model.architecture != "gemma4-assistant"
    return facts.model.architecture if facts.model.architecture in _HEADS and not whole else None


STOPS: Final = (
    Row(
        "-sm row",
        "a device that the line uses has no split buffers: in b11434 only SYCL and Hexagon have them",
        "device {} does not support split buffers",
        "leave -sm out: whole layers on each device, llama.cpp's default",
        "src/llama-model.cpp:1165, make_gpu_buft_list",
        _row_mode,
    ),
    Row(
        "-sm tensor",
        "the architecture lacks it: " + ", ".join(sorted(NO_TENSOR_MODE)),
        "LLAMA_SPLIT_MODE_TENSOR not implemented for architecture '{}'",
        "leave -sm out: whole layers on each device",
        "src/llama-model.cpp:363, llama_model_create; src/llama-arch.cpp:1196, llm_arch_supports_sm_tensor",
        _tensor_mode,
    ),
    Row(
        "-sm tensor",
        "there is no device",
        "LLAMA_SPLIT_MODE_TENSOR needs >= 1 devices",
        "leave -sm out",
        "src/llama.cpp:205, llama_prepare_model_devices",
        _tensor_alone,
    ),
    Row(
        "-sm tensor -fa off",
        "always",
        "SPLIT_MODE_TENSOR requires flash_attn to be enabled",
        "leave -fa out",
        "src/llama-context.cpp:3830, llama_init_from_model",
        _tensor_attention,
    ),
    Row(
        "-ctk, -ctv",
        "they differ, and the model caches one compressed row for both (MLA, DeepSeek-V4)",
        "model does not support different K and V cache types ({})",
        "give -ctk and -ctv the same type",
        "src/llama-context.cpp:3839, llama_init_from_model",
        _cache_types,
    ),
    Row(
        "-ctk",
        "the type's block does not divide the length of a head's key, and flash attention is not off",
        "K cache type {} does not divide the head",
        "take f16, bf16 or f32",
        "src/llama-context.cpp:3859, llama_init_from_model",
        _key_blocks,
    ),
    Row(
        "-ctv",
        "the same of a head's value",
        "V cache type {} does not divide the head",
        "take f16, bf16 or f32",
        "src/llama-context.cpp:3871, llama_init_from_model",
        _value_blocks,
    ),
    Row(
        "--spec-type draft-mtp",
        "the model has no prediction block (nextn_predict_layers), and no -md gives one",
        "failed to create MTP context: {} has no MTP layers here",
        "give the head with -md FILE, or leave --spec-type out",
        "tools/server/server-context.cpp:1258, load_model; src/llama-context.cpp:3884, llama_init_from_model",
        _no_head,
    ),
    Row(
        "-m",
        "the file is a draft head that borrows from a model: gemma4-assistant, eagle3 or dflash",
        "{} requires ctx_other to be set",
        "name the model with -m, and this file with -md",
        "src/llama-context.cpp:152 and 161, llama_context::llama_context",
        _is_head,
    ),
)
"""In the order in which they are looked for."""


def _swa_full(facts: Facts) -> str | None:
    return "--swa-full" if facts.wanted.swa_full and not hparams(facts.model).window else None


def _no_draft(facts: Facts) -> str | None:
    lost = [kind for kind in facts.wanted.spec_types if kind in _DRAFTED]
    return ",".join(lost) if lost and not facts.has_draft else None


def _grok(facts: Facts) -> str | None:
    return "-fa on" if facts.wanted.flash_attention == "on" and facts.model.architecture == "grok" else None


def _main_gpu(facts: Facts) -> str | None:
    given = facts.wanted.main_gpu is not None and facts.wanted.split_mode not in {"none", "row"}
    return f"-mg {facts.wanted.main_gpu}" if given else None


def _fit_in_tensor_mode(facts: Facts) -> str | None:
    return "--fit on" if facts.wanted.fit and facts.wanted.split_mode == "tensor" else None


def _per_slot(facts: Facts) -> str | None:
    wanted = facts.wanted
    per_slot, context = wanted.kv_unified_per_slot, wanted.context
    return f"--kv-unified-per-slot {per_slot}" if per_slot and context and per_slot > context else None


IGNORES: Final = (
    Row(
        "--swa-full",
        "the model has no sliding window",
        "{} is not supported by this model, it will be disabled",
        "leave it out",
        "tools/server/server-context.cpp:1333, load_model",
        _swa_full,
    ),
    Row(
        "--spec-type draft-simple, draft-eagle3, draft-dflash, draft-dspark",
        "no -md or -hfd names a draft model",
        "nothing is drafted by {}: there is no draft model",
        "give one with -md FILE, or leave --spec-type out",
        "common/speculative.cpp:239 and 2703, common_speculative_init",
        _no_draft,
    ),
    Row(
        "-fa on",
        "the architecture is grok",
        "{}: flash_attn is not compatible with Grok - forcing off",
        "leave it out",
        "src/llama-context.cpp:3820, llama_init_from_model",
        _grok,
    ),
    Row(
        "-mg",
        "the split mode is neither none nor row",
        "{} counts with -sm none only",
        "-sm none, or -dev for one device",
        "src/llama.cpp:289, llama_prepare_model_devices",
        _main_gpu,
    ),
    Row(
        "--fit on",
        "the split mode is tensor",
        "{}: llama_params_fit is not implemented for SPLIT_MODE_TENSOR, abort",
        "leave it out",
        "common/fit.cpp:184, common_params_fit_impl",
        _fit_in_tensor_mode,
    ),
    Row(
        "--kv-unified-per-slot",
        "it is larger than the context that -c gives",
        "{} exceeds the per-slot pool capacity: it has no effect",
        "raise -c, or leave it out",
        "tools/server/server-context.cpp:1354, load_model",
        _per_slot,
    ),
)
"""What has no effect: a warning, for the line is as good without it."""


def facts_of(request: Request) -> Facts:
    """What the conditions look at, of this request."""
    wanted = request.launch.constraints
    devices = chosen_devices(wanted, request.machine.gpus)
    has_draft = bool(wanted.draft) or request.files.draft is not None
    return Facts(wanted, request.model, devices, has_draft, modern="-lm" in request.launch.command.table)


def refuse(request: Request) -> None:
    """Refuse what the server would.

    Raises:
        UsageError: with llama.cpp's reason and what to write instead.
    """
    facts = facts_of(request)
    for row in STOPS:
        if (name := row.found(facts)) is not None:
            raise UsageError(f"{row.options}: llama.cpp refuses it: {row.says.format(name)}", row.instead)


def ignored(request: Request) -> Iterator[Warn]:
    """What the server leaves out of this line."""
    facts = facts_of(request)
    for row in IGNORES:
        if (name := row.found(facts)) is not None:
            yield Warn("ignored", f"llama.cpp ignores it: {row.says.format(name)}", row.instead)
