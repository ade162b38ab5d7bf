"""Into which batches and micro-batches a prompt is parted, and what is saved between them."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from moefit.memory.cache_tensor import cache_type
from moefit.memory.memo import per_object

if TYPE_CHECKING:
    from moefit.cost.run import Run
    from moefit.cost.work import Work

_LAST: Final = 4
"""Tokens at the end of a prompt that a server reads by themselves."""


def batches(run: Run, prompt: int) -> int:
    """How often a prompt takes llama_decode."""
    return _batches(prompt, *_asked(run))


def micro_batches(run: Run, prompt: int) -> Counter[int]:
    """Micro-batches of a prompt: tokens -> how many. The answer is shared: it is only read."""
    return _micro_batches(prompt, *_asked(run))


def saving(run: Run, prompt: int) -> float:
    """Seconds in which a slot's states and windows are copied to RAM that is not pinned, once for each stop."""
    if not _saves(run):
        return 0.0
    near = 0 if run.settings.swa_full else min(prompt, run.work.window)
    size = _of_a_slot(run.work, run.settings.cache_type_k, run.settings.cache_type_v, near)
    return (len(_parts(prompt, *_asked(run))) - 1) * size / run.host.pageable


def _asked(run: Run) -> tuple[int, int, bool]:
    """What the parts depend on beside the prompt: -b, -ub, and whether a server saves states between them."""
    batch = max(1, run.settings.batch)
    return batch, max(1, min(run.settings.ubatch, batch)), _saves(run)


def _saves(run: Run) -> bool:
    """Whether a server saves states of a slot: recurrent ones, or windows of which it keeps no more than it needs."""
    states = run.work.recurrent_slots or (run.work.window and not run.settings.swa_full)
    return bool(states and run.settings.context_checkpoints and run.settings.serves)


@lru_cache(256)
def _parts(prompt: int, batch: int, ubatch: int, saves: bool) -> tuple[int, ...]:  # noqa: FBT001 - remembered by position
    """Tokens of a prompt between stops.

    Where a slot's memory cannot be rolled back, a server stops before the last tokens of a prompt, and a micro-batch before those, to save it.
    source: tools/server/server-context.cpp, checkpoint_offsets
    """
    if not saves:
        return (prompt,)
    lasts = {min(batch, last) for last in (_LAST + ubatch, _LAST)}
    stops = sorted({prompt, *(prompt - last for last in lasts if last < prompt)})
    return tuple(end - start for start, end in zip((0, *stops), stops, strict=False))


@lru_cache(256)
def _batches(prompt: int, batch: int, ubatch: int, saves: bool) -> int:  # noqa: FBT001 - remembered by position
    return sum(-(-part // batch) for part in _parts(prompt, batch, ubatch, saves))


@lru_cache(256)
def _micro_batches(prompt: int, batch: int, ubatch: int, saves: bool) -> Counter[int]:  # noqa: FBT001 - remembered by position
    """source: src/llama-context.cpp, llama_context::decode."""
    sizes: Counter[int] = Counter()
    for part in _parts(prompt, batch, ubatch, saves):
        for tokens, times in ((batch, part // batch), (part % batch, 1)):
            sizes[ubatch] += tokens // ubatch * times
            sizes[tokens % ubatch] += times
    del sizes[0]
    return +sizes


@per_object(64)
def _of_a_slot(work: Work, type_k: str, type_v: str, near: int) -> float:
    """Bytes of a slot's states, and of the keys and values of so many tokens in windowed caches."""
    whole = work.over(0, len(work.sums) - 2)
    key, value = cache_type(type_k), cache_type(type_v)
    keys, values = whole.window_key * key.block_bytes, whole.window_value * value.block_bytes
    return whole.state + near * (keys / key.block + values / value.block)
