"""How uneven a router must be for an LRU of experts to hit what real models hit.

A token chooses the experts with the largest scores, score = favour + noise, where an expert's favour is the same for all tokens. With
favours drawn from a normal distribution of some deviation (the noise has 1), an LRU that layers share hits more the larger the deviation.
Real models: 81% with a quarter of the experts resident, 67% with an eighth (llama.cpp #27861, 512 experts). Consecutive tokens of real
text share more experts than these do; a server's answers with such a model do, too: it missed 0.59 to 0.67 times as often as is drawn here.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import numpy as np

PUBLISHED: Final = 0.81
"""Hit rate of an LRU that holds a quarter of the experts."""
ANSWERED: Final = 0.63
"""Misses of a server's answers for one of those drawn here: Qwen3-30B-A3B on an H200, b11549, five logs at shares of 0.24 to 0.73."""
_TOKENS, _SETTLED, _LAYERS = 200, 60, 12
_STEPS: Final = 7


def hit_rate(deviation: float, experts: int, used: int, share: float = 0.25) -> float:
    """Of an LRU that holds `share` of the experts of some layers, once it is warm, as a server's answers hit it."""
    rng = np.random.default_rng(1)
    favours = rng.normal(0, deviation, (_LAYERS, experts))
    slots = max(used, int(_LAYERS * experts * share))
    held: OrderedDict[tuple[int, int], None] = OrderedDict()
    misses = 0
    for number in range(_TOKENS):
        scores = favours + rng.normal(0, 1, (_LAYERS, experts))
        for layer, chosen in enumerate(np.argpartition(-scores, used, axis=1)[:, :used]):
            for expert in map(int, chosen):
                misses += number >= _SETTLED and (layer, expert) not in held
                held[layer, expert] = None
                held.move_to_end((layer, expert))
                if len(held) > slots:
                    held.popitem(last=False)
    return 1.0 - ANSWERED * misses / ((_TOKENS - _SETTLED) * _LAYERS * used)


def deviation(experts: int, used: int) -> float:
    """The deviation of favours with which a quarter of the experts gets the published hit rate."""
    low, high = 0.0, 4.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if hit_rate(middle, experts, used) < PUBLISHED else (low, middle)
    return (low + high) / 2
