"""Options that builds before or after b11434 have: how many words they take, and what says the same today.

source: common/arg.cpp of releases up to 0.5 for --mmap and friends, and its "removed params" for the draft options.
"""

from __future__ import annotations

from typing import Final

from moefit.launch.options import Option, OptionTable

LEGACY: Final = OptionTable(
    "",
    (
        Option(("--mmap",), ("--no-mmap",), removed="--load-mode mmap or none"),
        Option(("--mlock",), removed="--load-mode mmap+mlock"),
        Option(("-dio", "--direct-io"), ("-ndio", "--no-direct-io"), removed="--load-mode dio"),
        Option(("--draft", "--draft-n", "--draft-max"), values=("N",), removed="--spec-draft-n-max N"),
        Option(("--draft-min", "--draft-n-min"), values=("N",), removed="--spec-draft-n-min N"),
        Option(
            ("-cd", "--ctx-size-draft"),
            values=("N",),
            removed="the draft model has the context of the main one",
        ),
        Option(
            ("--spec-replace",), values=("TARGET", "DRAFT"), removed="nothing: draft vocabularies are mapped"
        ),
    ),
)
