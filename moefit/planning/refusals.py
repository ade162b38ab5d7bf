"""Conditions under which llama-server b11434 stops before it serves, or leaves an option out: the table, and what is said of a line.

Each row names the line of llama.cpp that decides; docs/refusals.md is written from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from moefit.errors import UsageError, Warn
from moefit.launch.resolve import refuse_too_many
from moefit.planning import conditions as c
from moefit.planning.most_devices import most_devices
from moefit.planning.other_models import left_out
from moefit.search.demand import chosen_devices
from moefit.search.request import Request
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Condition:
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
    found: Callable[[c.Facts], str | None]
    """The name of what is in the way; None where nothing is."""


STOPS: Final = (
    Condition(
        "-c 0",
        "the file says that its trained context is 0 (context_length)",
        "n_ctx and model->hparams.n_ctx_train cannot both be zero",
        "say how many tokens: -c 4096",
        "src/llama-context.cpp:3814, llama_init_from_model",
        c.no_context,
    ),
    Condition(
        "-sm row",
        "a device that the line uses has no split buffers: in b11434 only SYCL and Hexagon have them",
        "device {} does not support split buffers",
        "leave -sm out: full layers on each device, llama.cpp's default",
        "src/llama-model.cpp:1165, make_gpu_buft_list",
        c.row_mode,
    ),
    Condition(
        "-sm tensor",
        "the architecture lacks it: " + ", ".join(sorted(c.NO_TENSOR_MODE)),
        "LLAMA_SPLIT_MODE_TENSOR not implemented for architecture '{}'",
        "leave -sm out: full layers on each device",
        "src/llama-model.cpp:363, llama_model_create; src/llama-arch.cpp:1196, llm_arch_supports_sm_tensor",
        c.tensor_mode,
    ),
    Condition(
        "-sm tensor",
        "there is no device",
        "LLAMA_SPLIT_MODE_TENSOR needs >= 1 devices",
        "leave -sm out",
        "src/llama.cpp:205, llama_prepare_model_devices",
        c.tensor_alone,
    ),
    Condition(
        "-sm tensor -fa off",
        "always",
        "SPLIT_MODE_TENSOR requires flash_attn to be enabled",
        "leave -fa out",
        "src/llama-context.cpp:3830, llama_init_from_model",
        c.tensor_attention,
    ),
    Condition(
        "-ctk, -ctv",
        "they differ, and the model caches one compressed row for both (MLA, DeepSeek-V4)",
        "model does not support different K and V cache types ({})",
        "give -ctk and -ctv the same type",
        "src/llama-context.cpp:3839, llama_init_from_model",
        c.cache_types,
    ),
    Condition(
        "-ctk",
        "the type's block does not divide the length of a head's key, and flash attention is not off",
        "K cache type {} does not divide the head",
        "take f16, bf16 or f32",
        "src/llama-context.cpp:3859, llama_init_from_model",
        c.key_blocks,
    ),
    Condition(
        "-ctv",
        "the same of a head's value",
        "V cache type {} does not divide the head",
        "take f16, bf16 or f32",
        "src/llama-context.cpp:3871, llama_init_from_model",
        c.value_blocks,
    ),
    Condition(
        "--spec-type draft-mtp",
        "the model has no prediction block (nextn_predict_layers), and no -md gives one",
        "failed to create MTP context: {} has no MTP layers here",
        "give the head with -md FILE, or leave --spec-type out",
        "tools/server/server-context.cpp:1258, load_model; src/llama-context.cpp:3884, llama_init_from_model",
        c.no_head,
    ),
    Condition(
        "-m",
        "the file is a draft head that borrows from a model: gemma4-assistant, eagle3 or dflash",
        "{} requires ctx_other to be set",
        "name the model with -m, and this file with -md",
        "src/llama-context.cpp:152 and 161, llama_context::llama_context",
        c.is_head,
    ),
)
"""In the order in which they are looked for."""


IGNORES: Final = (
    Condition(
        "--swa-full",
        "the model has no sliding window",
        "{} is not supported by this model, it will be disabled",
        "leave it out",
        "tools/server/server-context.cpp:1333, load_model",
        c.swa_full,
    ),
    Condition(
        "--spec-type draft-simple, draft-eagle3, draft-dflash, draft-dspark",
        "no -md or -hfd names a draft model",
        "nothing is drafted by {}: there is no draft model",
        "give one with -md FILE, or leave --spec-type out",
        "common/speculative.cpp:239 and 2703, common_speculative_init",
        c.no_draft,
    ),
    Condition(
        "-fa on",
        "the architecture is grok",
        "{}: flash_attn is not compatible with Grok - forcing off",
        "leave it out",
        "src/llama-context.cpp:3820, llama_init_from_model",
        c.forced_off,
    ),
    Condition(
        "-mg",
        "the split mode is neither none nor row",
        "{} counts with -sm none only",
        "-sm none, or -dev for one device",
        "src/llama.cpp:289, llama_prepare_model_devices",
        c.main_gpu,
    ),
    Condition(
        "--fit on",
        "the split mode is tensor",
        "{}: llama_params_fit is not implemented for SPLIT_MODE_TENSOR, abort",
        "leave it out",
        "common/fit.cpp:184, common_params_fit_impl",
        c.fit_in_tensor_mode,
    ),
    Condition(
        "--kv-unified-per-slot",
        "it is larger than the context that -c gives",
        "{} exceeds the per-slot pool capacity: it has no effect",
        "raise -c, or leave it out",
        "tools/server/server-context.cpp:1354, load_model",
        c.per_slot,
    ),
)
"""What has no effect: a warning, for the line is as good without it."""


def facts_of(request: Request, *, as_given: bool = False) -> c.Facts:
    """What the conditions look at, of this request; `as_given` for a line that nothing is added to."""
    wanted = request.launch.constraints
    devices = chosen_devices(wanted, request.machine.gpus)
    has_draft = bool(wanted.draft) or request.files.draft is not None
    modern = "-lm" in request.launch.command.table
    return c.Facts(wanted, request.model, devices, has_draft, modern, as_given)


def refuse(request: Request, *, as_given: bool = False) -> None:
    """Refuse what the server would; `as_given` of a line that nothing is added to.

    Raises:
        UsageError: with llama.cpp's reason and what to write instead.
    """
    facts = facts_of(request, as_given=as_given)
    refuse_too_many(len(facts.devices), most_devices(request.machine))
    for row in STOPS:
        if (name := row.found(facts)) is not None:
            raise UsageError(f"{row.options}: llama.cpp refuses it: {row.says.format(name)}", row.instead)


def ignored(request: Request) -> Iterator[Warn]:
    """What the server leaves out of this line."""
    facts = facts_of(request)
    for row in IGNORES:
        if (name := row.found(facts)) is not None:
            yield Warn("ignored", f"llama.cpp ignores it: {row.says.format(name)}", row.instead)
    yield from left_out(request.files, request.model)
