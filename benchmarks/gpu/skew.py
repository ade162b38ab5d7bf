"""How uneven a router must be for an LRU of experts to hit what real models hit.

A token chooses the experts with the largest scores, score = favour + noise, where an expert's favour is the same for all tokens. With
favours drawn from a normal distribution of some deviation (the noise has 1), an LRU that holds a quarter of a layer's experts hits more the
larger the deviation. Real models: 81% with a quarter resident, 67% with an eighth (llama.cpp #27861, 512 experts). Consecutive tokens of
real text share more experts than these do, so at an eighth this is the harder case.
"""

from __future__ import annotations

from typing import Final

import numpy as np

PUBLISHED: Final = 0.81
"""Hit rate of an LRU that holds a quarter of the experts."""
_TOKENS, _SETTLED = 900, 200
_STEPS: Final = 7


def hit_rate(deviation: float, experts: int, used: int, share: float = 0.25) -> float:
    """Of an LRU that holds `share` of the experts, once it is warm."""
    rng = np.random.default_rng(1)
    favour = rng.normal(0, deviation, experts)
    scores = favour + rng.normal(0, 1, (_TOKENS, experts))
    slots = max(used, int(experts * share))
    last: dict[int, int] = {}
    hits = clock = 0
    for number, chosen in enumerate(np.argpartition(-scores, used, axis=1)[:, :used]):
        for expert in map(int, chosen):
            clock += 1
            hits += number >= _SETTLED and expert in last
            if expert not in last and len(last) == slots:
                del last[min(last, key=last.__getitem__)]
            last[expert] = clock
    return hits / ((_TOKENS - _SETTLED) * used)


def deviation(experts: int, used: int) -> float:
    """The deviation of favours with which a quarter of the experts gets the published hit rate."""
    low, high = 0.0, 4.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if hit_rate(middle, experts, used) < PUBLISHED else (low, middle)
    return (low + high) / 2
