"""Layers moved between devices until each has room for its part of an expert cache: llama.cpp splits a cache as -ts splits the layers.

So the device with the least room for each of its layers limits all of it. Its layers move, one by one, to the device that then
limits it least. source: src/llama-moe-cache.cpp, llama_moe_cache::impl::impl
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

_GAIN: Final = 1.02
"""Times as large: what gains less leaves the layers where they are."""


def better_split(slots: Sequence[int], bases: Sequence[int], rooms: Sequence[int]) -> tuple[int, ...] | None:
    """The device of each slot, in runs as llama.cpp has them, with which a larger cache has room; None where hardly a larger one has.

    Args:
        slots: the device of each slot now.
        bases: bytes that each slot takes of its device beside its experts.
        rooms: bytes that each device has for experts now.

    >>> better_split((0, 0, 0, 1, 1, 1), (10,) * 6, (500, 100))
    (0, 0, 0, 0, 0, 1)
    >>> better_split((0, 0, 0, 1, 1, 1), (10,) * 6, (300, 300)) is None
    True
    """
    sums = [0, *accumulate(bases)]
    runs = [slots.count(device) for device in range(len(rooms))]
    held = [room + base for room, base in zip(rooms, _held(sums, runs), strict=True)]
    least = before = min(_for_each_slot(sums, held, runs))
    while True:
        best = max(_moved(sums, held, runs), default=None, key=lambda one: one[0])
        if best is None or best[0] <= least:
            break
        least, runs = best
    if least <= 0 or least < _GAIN * before:
        return None
    return tuple(device for device, count in enumerate(runs) for _ in range(count))


def _moved(
    sums: Sequence[int], held: Sequence[int], runs: Sequence[int]
) -> Iterator[tuple[float, list[int]]]:
    """The runs with a slot less on the device that limits, each with the bytes that it then has for each slot."""
    now = _for_each_slot(sums, held, runs)
    limits = now.index(min(now))
    for device in range(len(runs)) if runs[limits] > 1 else ():
        if device != limits and runs[device]:
            anew = list(runs)
            anew[limits] -= 1
            anew[device] += 1
            yield min(_for_each_slot(sums, held, anew)), anew


def _for_each_slot(sums: Sequence[int], held: Sequence[int], runs: Sequence[int]) -> list[float]:
    """Bytes that each device has for experts, for each of its slots."""
    bases = _held(sums, runs)
    return [
        (room - base) / count if count else float("inf")
        for room, base, count in zip(held, bases, runs, strict=True)
    ]


def _held(sums: Sequence[int], runs: Sequence[int]) -> list[int]:
    """Bytes that the slots of each device take there."""
    ends = list(accumulate(runs))
    return [sums[end] - sums[end - count] for end, count in zip(ends, runs, strict=True)]
