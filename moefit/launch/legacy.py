"""Options that builds before or after b11434 have: how many words they take, and what says the same today.

source: common/arg.cpp of releases up to 0.5 for --mmap and friends, and its "removed params" for the draft options.
"""

from __future__ import annotations

from typing import Final

from moefit.launch.options import Option, OptionTable

_DRAFT_CONTEXT: Final = "the draft model has the context of the main one"
_NUMBER: Final = ("N",)

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
        Option(
            ("-cnv", "--conversation"), ("-no-cnv", "--no-conversation"), removed="llama-cli always chats"
        ),
        Option(("-gan", "--grp-attn-n"), values=_NUMBER, removed="--rope-scaling"),
        Option(("-gaw", "--grp-attn-w"), values=_NUMBER, removed="--rope-scaling"),
        Option(("-dkvc", "--dump-kv-cache"), removed="nothing says it now"),
    ),
)
