"""What llama-server b11434 refuses as it reads its words, beside the ranges of numbers: the table, with a line that shows each.

The checks themselves stand where the words are read (command, readers, constraints, resolve); tests try every example on both programs.
"""

from __future__ import annotations

from typing import Final

from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Refused:
    """One condition."""

    when: str
    """The condition, in words."""
    example: str
    """Words of a line that it stops."""
    source: str


ON_THE_LINE: Final = (
    Refused("an option and its value in one word", "--ctx-size=4096", "common/arg.cpp:830"),
    Refused("a word that is neither an option nor a value", "model.gguf", "common/arg.cpp:830"),
    Refused("an option without its value", "-m m.gguf -c", "common/arg.cpp:815"),
    Refused("a number that does not begin as one", "-c many", "common/arg.cpp:875"),
    Refused("a cache type that no cache can have", "-ctk q9", "common/arg.cpp:322"),
    Refused("a state of flash attention other than on, off and auto", "-fa maybe", "common/arg.cpp:1768"),
    Refused("a load mode that is none", "-lm fast", "common/arg.cpp:2709"),
    Refused("a lazy mode that is none", "-lzm fast", "common/arg.cpp:2722"),
    Refused("a split mode that is none", "-sm graph", "common/arg.cpp:2826"),
    Refused("a NUMA strategy that is none", "--numa all", "common/arg.cpp:2737"),
    Refused("a pooling that is none", "--pooling sum", "common/arg.cpp:2324"),
    Refused("a scaling of RoPE that is none", "--rope-scaling ntk", "common/arg.cpp:2343"),
    Refused("a state of the fit other than on and off", "-fit maybe", "common/arg.cpp:2879"),
    Refused("16 proportions or more", "-ts 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1", "common/arg.cpp:2844"),
    Refused("a proportion that is no number", "-ts a,b", "common/arg.cpp:2844"),
    Refused("a margin that is no number", "-fitt much", "common/arg.cpp:2910"),
    Refused("an override without a buffer", "-ot exps", "common/arg.cpp:267"),
    Refused("an override to a buffer that is not there", "-ot exps=NONE", "common/arg.cpp:277"),
    Refused("a device that is not there", "-dev NONE0", "common/arg.cpp:1135"),
    Refused("two devices for the projector", "-mmdev CUDA0,CUDA1", "common/arg.cpp:2625"),
    Refused("no slots", "-np 0", "common/arg.cpp:2551"),
    Refused("an unknown member of --spec-type", "--spec-type draft-mtp,ngram", "common/speculative.cpp:2337"),
    Refused("a host without an address", "--host ''", "common/arg.cpp:3335"),
    Refused("what is no JSON", "--chat-template-kwargs {enable_thinking:false}", "common/arg.cpp:3547"),
    Refused("a schema that is no JSON", "-j object", "common/arg.cpp:2288"),
    Refused("an adapter without its scale", "--lora-scaled a.gguf", "common/arg.cpp:2975"),
    Refused("a control vector without its scale", "--control-vector-scaled a.gguf", "common/arg.cpp:2999"),
    Refused("a key without type and value", "--override-kv a.b=1", "common/arg.cpp:2944"),
    Refused("a quantised V cache without flash attention", "-fa off -ctv q8_0", "src/llama-context.cpp:3848"),
    Refused("a main device beyond the last", "-sm none -mg 9", "src/llama.cpp:294"),
)
"""Conditions of the line alone, or of the line and its devices."""

NOT_CHECKED: Final = (
    ("a file that an option names cannot be read: grammars, templates, keys, schemas", "common/arg.cpp:70"),
    ("a folder that --models-dir or --slot-save-path names is none", "common/arg.cpp:3629"),
    ("a chat template that cannot be parsed", "common/arg.cpp:957; tools/server/server-context.cpp:1600"),
    ("another program has the port", "tools/server/server-http.cpp:517"),
    ("a CPU mask or range that is none", "common/arg.cpp:1545"),
    ("a logit bias that is none", "common/arg.cpp:2263"),
    ("a grammar that cannot be parsed", "common/sampling.cpp:221 and 279"),
    ("a reasoning format that is none: each build has its own", "common/chat.cpp:902"),
    ("a tool that --tools does not have", "tools/server/server-tools.cpp:2024"),
    ("--spec-synth-len and --spec-synth-rates, which are for measuring only", "common/speculative.cpp:2454"),
    ("vocabularies of model and draft that differ in kind: nothing is drafted", "common/speculative.cpp:289"),
    (
        "--cache-reuse and --context-shift with a projector: they are disabled",
        "tools/server/server-context.cpp:1309",
    ),
    ("--cache-idle-slots without --cache-ram: it is disabled", "tools/server/server-context.cpp:1555"),
)
"""Conditions that do not change a plan, and that moefit leaves to the server."""
