"""Options that builds before or after b11434 have: how many words they take, and what says the same today.

source: common/arg.cpp of releases up to 0.5 for --mmap and friends, and its "removed params" for the draft options.
"""

from __future__ import annotations

from typing import Final

from moefit.launch.options import Option, OptionTable

_DRAFT_CONTEXT: Final = "the draft model has the context of the main one"
_NUMBER: Final = ("N",)
_FILE: Final = "the file says it"
_BY_ITSELF: Final = "the backend chooses by itself"
_CHATS: Final = "llama-cli always chats"

OLD_VARIABLES: Final = {
    "LLAMA_ARG_MMAP": "--mmap",
    "LLAMA_ARG_NO_MMAP": "--no-mmap",
    "LLAMA_ARG_MLOCK": "--mlock",
    "LLAMA_ARG_DIO": "--direct-io",
    "LLAMA_ARG_NO_DIO": "--no-direct-io",
    "LLAMA_ARG_DIRECT_IO": "--direct-io",
    "LLAMA_ARG_DRAFT_MAX": "--draft-max",
    "LLAMA_ARG_DRAFT_MIN": "--draft-min",
    "LLAMA_ARG_DRAFT_P_MIN": "--spec-draft-p-min",
    "LLAMA_ARG_DRAFT_P_SPLIT": "--spec-draft-p-split",
    "LLAMA_ARG_CTX_SIZE_DRAFT": "-cd",
    "LLAMA_ARG_MODEL_DRAFT": "-md",
    "LLAMA_ARG_HFD_REPO": "-hfd",
    "LLAMA_ARG_CACHE_TYPE_K_DRAFT": "-ctkd",
    "LLAMA_ARG_CACHE_TYPE_V_DRAFT": "-ctvd",
    "LLAMA_ARG_CPU_MOE_DRAFT": "-cmoed",
    "LLAMA_ARG_N_CPU_MOE_DRAFT": "-ncmoed",
    "LLAMA_ARG_SWA_CHECKPOINTS": "-ctxcp",
    "LLAMA_ARG_GRP_ATTN_N": "-gan",
    "LLAMA_ARG_GRP_ATTN_W": "-gaw",
}
"""Variables of older builds, and the option that each set: a build that has none of that name takes no notice of it."""
LEGACY_BENCH: Final = OptionTable(
    "llama-bench",
    (
        Option(("-mmp", "--mmap"), values=("<0|1>",), choices=("0", "1"), removed="-lm mmap or none"),
        Option(("-dio", "--direct-io"), values=("<0|1>",), choices=("0", "1"), removed="-lm dio"),
    ),
)
"""The same of llama-bench, whose flags take 0 or 1. source: tools/llama-bench/llama-bench.cpp of releases before -lm"""

BARE: Final = {"--flash-attn": "on", "--log-colors": "on", "--color": "on", "--numa": "distribute"}
"""Flags of older builds that want a value today, and what they meant alone. source: common/arg.cpp of releases before August 2025."""

LEGACY: Final = OptionTable(
    "",
    (
        Option(("--mmap",), ("--no-mmap",), removed="--load-mode mmap or none"),
        Option(("--mlock",), removed="--load-mode mmap+mlock"),
        Option(("-dio", "--direct-io"), ("-ndio", "--no-direct-io"), removed="--load-mode dio"),
        Option(("--draft", "--draft-n", "--draft-max"), values=_NUMBER, removed="--spec-draft-n-max N"),
        Option(("--draft-min", "--draft-n-min"), values=_NUMBER, removed="--spec-draft-n-min N"),
        Option(("-cd", "--ctx-size-draft"), values=_NUMBER, removed=_DRAFT_CONTEXT),
        Option(
            ("--spec-replace",), values=("TARGET", "DRAFT"), removed="vocabularies are mapped by themselves"
        ),
        Option(("-cnv", "--conversation"), ("-no-cnv", "--no-conversation"), removed=_CHATS),
        Option(("-gan", "--grp-attn-n"), values=_NUMBER, removed="--rope-scaling"),
        Option(("-gaw", "--grp-attn-w"), values=_NUMBER, removed="--rope-scaling"),
        Option(("-dkvc", "--dump-kv-cache"), removed="nothing says it now"),
        Option(("--slots-endpoint-disable",), removed="--no-slots"),
        Option(("-gqa", "--gqa"), values=_NUMBER, removed=_FILE),
        Option(("-eps", "--rms-norm-eps"), values=_NUMBER, removed=_FILE),
        Option(("--memory-f32",), removed="-ctk f32 -ctv f32"),
        Option(("-mmq", "--mul-mat-q"), ("-nommq", "--no-mul-mat-q"), removed=_BY_ITSELF),
        Option(("--low-vram",), removed="--no-kv-offload"),
        Option(("--tfs",), values=_NUMBER, removed="the sampler is gone"),
        Option(("-ps", "--p-split"), values=_NUMBER, removed="--spec-draft-p-split N"),
        Option(("--penalize-nl",), ("--no-penalize-nl",), removed="newlines are never penalised"),
        Option(("-spf", "--system-prompt-file"), values=("FNAME",), removed="each request brings its own"),
        Option(("--log-format",), values=("FORMAT",), removed="--log-jsonl"),
        Option(("-ld", "--logdir"), values=("PATH",), removed="--log-file FNAME"),
        *(
            Option((name,), removed="--log-file FNAME")
            for name in ("--log-enable", "--log-new", "--log-append")
        ),
        Option(("-mli", "--multiline-input"), removed=_CHATS),
        Option(("-ins", "--instruct"), removed=_CHATS),
        Option(("-cml", "--chatml"), removed="--chat-template chatml"),
        Option(("--print-token-count",), values=_NUMBER, removed="nothing says it now"),
    ),
)
