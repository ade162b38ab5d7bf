"""How far the truth may lie from a prediction: the range that holds four of five runs, by what is known of the machine."""

from __future__ import annotations

from functools import cache
from typing import Final, Literal

from moefit.values import dataclass

Confidence = Literal["measured", "calibrated", "catalogue", "guessed"]

_PREFILL: Final[dict[Confidence, tuple[float, float]]] = {
    "measured": (0.90, 1.10),
    "calibrated": (0.85, 1.25),
    "catalogue": (0.75, 1.33),
    "guessed": (0.65, 1.40),
}
_DECODE: Final[dict[Confidence, tuple[float, float]]] = {
    "measured": (0.88, 1.10),
    "calibrated": (0.82, 1.15),
    "catalogue": (0.82, 1.15),
    "guessed": (0.68, 1.30),
}
"""Measured rate against predicted, from the 10th to the 90th percentile. catalogue and guessed: rows of strangers as they were predicted before anything
was changed for them, and rows of tests/data/published.json and held.json (docs/speed.md has how many lie within, scripts/rate_errors.py counts the
latter). calibrated: launches on fourteen rented machines (benchmarks/gpu), whose processors are shared, as docs/speed.md says. measured: repeated runs of one line, and what
`moefit bench` found after it had learned."""

_RECURRENT: Final = 0.62
"""The lower end of an answer by a model with recurrent states where nothing was measured: what their kernels take differs from chip to chip and from build to
build. Of 20 such answers that nobody here had seen ten came at less than 0.82 of what was predicted, of 39 others six.
Metal's are counted by their passes over a state (STATE_PASSES): of 53 held answers of Apple's chips, many of them by such models, four came at less than 0.82."""

_ELSEWHERE: Final = (0.92, 1.08)
"""The same of an answer times so much with other backends than CUDA: their kernels change from build to build and with the driver. Of 31 such answers that
nobody here had seen (docs/speed.md) 28 lie within, and 20 would without. Prompts had such factors, too, until 55 of 59 lay within."""

_ROUGH: Final = (0.6, 1.1), (0.85, 1.05)
"""The same of prompts and answers with an Intel GPU, whose kernels were written anew in the summer of 2026 for one backend and driver after another: of 42 prompts
that nobody here had seen (docs/speed.md) 4 lay within the range of others, of 38 answers 12."""

_TAKING_TURNS: Final = 0.9
"""The lower end of decode where several devices and the CPU take turns, times so much: of 46 rounds on two rented H200 43 lie within, 10-90% 0.83 to 1.13 of what is
foretold; too few other machines to say more."""
_SHARED: Final = 0.93
"""The same where the CPU is a virtual machine's: of 372 rounds of fourteen leases without an expert cache, each with weights in RAM, 82% lie within, in most
leases 67 to 94%. Processors fell by half within minutes while neighbours worked."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """How sure a prediction is."""

    prefill: tuple[float, float]
    """Least and most of what may be measured, against the predicted rate."""
    decode: tuple[float, float]
    assumed: tuple[str, ...] = ()
    """Whose rates are guesses: device names, CPU for the RAM's."""


@cache
def doubt(
    confidence: Confidence,
    assumed: tuple[str, ...],
    *,
    turns: bool = False,
    shared: bool = False,
    elsewhere: bool = False,
    recurrent: bool = False,
    rough: bool = False,
    alone: bool = False,
) -> Doubt:
    """The doubt of a prediction.

    Args:
        confidence: what the machine's figures come from.
        assumed: whose rates are guesses.
        turns: whether several devices and the CPU take turns at each token.
        shared: whether each token needs processors that neighbours may share.
        elsewhere: whether a device's backend is another than CUDA and Metal.
        recurrent: whether recurrent states are stepped by another backend than Metal.
        rough: whether a device is an Intel GPU.
        alone: whether the processor computes all. What its cores do is a guess then, as its clock is: of 31 rates of strangers' whose RAM is stated 18 lie in the range
            of cards by datasheet, 26 in that of guesses (tests/data/published.json and held.json).
    """
    known = confidence in {"measured", "calibrated"}
    below, above = (1.0, 1.0) if known or not elsewhere else _ELSEWHERE
    prompts, answers = _ROUGH if rough and not known else ((1.0, 1.0), (1.0, 1.0))
    by: Confidence = "guessed" if alone and not known else confidence
    (least, most), (low, high) = _PREFILL[by], _DECODE[by]
    low = min(low, _RECURRENT) if recurrent and not known else low
    low *= below * answers[0] * (_TAKING_TURNS if turns else 1.0) * (_SHARED if shared else 1.0)
    return Doubt((least * prompts[0], most * prompts[1]), (low, high * above * answers[1]), assumed)
