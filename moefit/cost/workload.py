"""What a server is asked to do: the tokens of a prompt and of its answer."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from moefit.errors import UsageError
from moefit.values import dataclass

_SPELLED: Final = re.compile(r"([a-z]+|(\d{1,9})\s*:\s*(\d{1,9}))(?:\s*[x\u00d7*]\s*(\d{1,9}))?", re.ASCII)
_HINT: Final = "say chat, agent, rag, batch or prompt:generated tokens, as in 2048:512; x20 behind it for 20 requests a start"


@dataclass(frozen=True, slots=True)
class Workload:
    """One request."""

    prompt: int
    """Tokens to process before the first token of the answer; 0 leaves prefill out of the sum."""
    generated: int
    """Tokens of the answer; 0 leaves decode out of the sum."""
    requests: int = 0
    """Requests that a server answers before it is stopped, which share the seconds of its start; 0 for so many that the start does not count."""


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
        UsageError: neither a name nor P:G, no tokens at all, or no requests.

    >>> parse_workload("chat")
    Workload(prompt=2048, generated=512, requests=0)
    >>> parse_workload("512:128x20") == Workload(512, 128, 20)
    True
    """
    spelled = _SPELLED.fullmatch(text.strip().lower())
    name, prompt, generated, requests = spelled.groups() if spelled else ("", None, None, None)
    workload = WORKLOADS.get(name) or (
        Workload(int(prompt), int(generated)) if prompt and generated else None
    )
    if workload is None:
        raise UsageError(f"not a workload: {text!r}", _nearest(text) or _HINT)
    if workload.prompt + workload.generated == 0:
        raise UsageError(f"a workload of no tokens: {text!r}", _HINT)
    if requests is not None and int(requests) == 0:
        raise UsageError(f"a workload of no requests: {text!r}", _HINT)
    return replace(workload, requests=int(requests or 0))


def _nearest(text: str) -> str | None:
    """The named workload that a slip was meant for."""
    from difflib import get_close_matches  # noqa: PLC0415 - only an error needs it

    near = get_close_matches(re.split(r"[:x\d]", text.strip().lower())[0], WORKLOADS, n=1, cutoff=0.7)
    return f"did you mean {near[0]}? or prompt:generated tokens, as in 2048:512" if near else None
