"""What a user might change that moefit does not: slots, NUMA, speculation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from moefit import cost
from moefit.errors import Warn
from moefit.launch.defaults import settings
from moefit.launch.settings import Settings
from moefit.machine.types import CPU
from moefit.memory.kv import kv
from moefit.model import Model
from moefit.search.candidate import Candidate
from moefit.search.problem import known_work
from moefit.search.request import Request
from moefit.sizes import MIB, format_size

_WORTH_A_WORD: Final = 64 * MIB
_LOSS: Final = 1.02
"""Slower by less is not worth a word."""


def advice(request: Request, chosen: Candidate) -> Iterator[Warn]:
    """What would help a launch that fits."""
    yield from _slots(request, chosen)
    yield from _numa(request, chosen)
    yield from _speculation(request, chosen)


def _slots(request: Request, chosen: Candidate) -> Iterator[Warn]:
    """Four slots cost what each has of its own: recurrent states, and windows of caches with a sliding window."""
    wanted, now, settled = request.launch.constraints, chosen.settings, chosen.settled
    if wanted.slots is not None or now.slots == 1 or not _on_cpu(chosen):
        return
    one = settings(
        replace(wanted, slots=1),
        context=now.context,
        ubatch=now.ubatch,
        load_mode=now.load_mode,
        devices=settled.devices,
    )
    before, after = (_cache(request.model, chosen, launched) for launched in (now, one))
    if before - after >= _WORTH_A_WORD:
        yield Warn(
            "slots",
            f"{now.slots} slots are prepared for; one needs {format_size(before - after)} less on the devices",
            "-np 1, if one request at a time is enough",
        )


def _cache(model: Model, chosen: Candidate, launched: Settings) -> int:
    """Bytes of caches and states on devices."""
    return sum(kv(model, chosen.settled.devices, launched, chosen.settled.placement)[0])


def _numa(request: Request, chosen: Candidate) -> Iterator[Warn]:
    nodes, launch = request.machine.cpu.numa_nodes, request.launch
    bound = any(word.rpartition("/")[2] == "numactl" for word in launch.command.wrapper)
    if nodes < 2 or launch.constraints.numa is not None or bound or not _on_cpu(chosen):
        return
    yield Warn(
        "numa",
        f"the weights on the CPU are spread over {nodes} NUMA nodes by chance",
        "--numa distribute, or numactl --interleave=all in front; drop the page cache when you change it",
    )


def _speculation(request: Request, chosen: Candidate) -> Iterator[Warn]:
    now = chosen.settings
    if not now.draft_tokens:
        return
    plain = replace(now, mtp=False, draft_tokens=0, model_draft_tokens=0, rollback_tokens=0)
    settled = chosen.settled
    without = cost.predict(
        known_work(request.model),
        request.machine,
        settled.devices,
        plain,
        settled.placement,
        request.options.workload,
    )
    loss = without.decode_tokens_per_second / chosen.prediction.decode_tokens_per_second
    if loss >= _LOSS:
        yield Warn(
            "speculation",
            f"speculation is predicted to slow answers down: {chosen.prediction.decode_tokens_per_second:.1f} "
            f"instead of {without.decode_tokens_per_second:.1f} tokens a second",
            "leave --spec-type out: each drafted token brings experts of its own",
        )


def _on_cpu(chosen: Candidate) -> bool:
    """Whether weights of the model's layers are on the CPU."""
    placement = chosen.settled.placement
    return CPU in placement.slots or CPU in placement.overrides.values()
