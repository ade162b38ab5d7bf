"""What a server is asked to do: the tokens of a prompt and of its answer."""

from __future__ import annotations

import re
from typing import Final

from moefit.errors import UsageError
from moefit.values import dataclass

_PAIR: Final = re.compile(r"(\d{1,9}):(\d{1,9})", re.ASCII)
_HINT: Final = "say chat, agent, rag, batch or prompt:generated tokens, as in 2048:512"


@dataclass(frozen=True, slots=True)
class Workload:
    """One request."""

    prompt: int
    """Tokens to process before the first token of the answer; 0 leaves prefill out of the sum."""
    generated: int
    """Tokens of the answer; 0 leaves decode out of the sum."""


WORKLOADS: Final = {
    "chat": Workload(2048, 512),
    "agent": Workload(16384, 512),
    "rag": Workload(8192, 256),
    "batch": Workload(4096, 64),
}
"""The workloads that have a name; chat is the default."""

PREFERENCES: Final = {
    "prefill": Workload(8192, 64),
    "decode": Workload(256, 1024),
}
"""The workloads that `--prefer` stands for: nearly all of the time goes to the one or to the other."""


def parse_workload(text: str) -> Workload:
    """The workload that `--workload` names or spells out.

    Raises:
        UsageError: neither a name nor P:G, or no tokens at all.

    >>> parse_workload("chat")
    Workload(prompt=2048, generated=512)
    >>> parse_workload("512:128")
    Workload(prompt=512, generated=128)
    """
    named = WORKLOADS.get(text.strip().lower())
    if named is not None:
        return named
    pair = _PAIR.fullmatch(text.strip())
    if pair is None:
        raise UsageError(f"not a workload: {text!r}", _HINT)
    workload = Workload(int(pair[1]), int(pair[2]))
    if workload.prompt + workload.generated == 0:
        raise UsageError(f"a workload of no tokens: {text!r}", _HINT)
    return workload
