"""A prediction and the seconds it is made of."""

from __future__ import annotations

from typing import Final, Literal

from moefit.cost.hits import HitRate
from moefit.cost.uncertainty import Confidence, Doubt
from moefit.values import dataclass

_CERTAIN: Final = Doubt((1.0, 1.0), (1.0, 1.0))
Phase = Literal["prefill", "decode"]


@dataclass(frozen=True, slots=True)
class Duration:
    """One reason why a workload takes the time it takes."""

    phase: Phase
    name: str
    """What is done: weights, attention, launches, hops, copies, compute, paging."""
    place: str
    """Where: a device's name, CPU, or disk."""
    seconds: float
    """In that phase of the whole workload."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """How long a workload takes."""

    prefill_tokens_per_second: float
    decode_tokens_per_second: float
    prompt_tokens: int
    generated_tokens: int
    seconds: float
    """For the prompt and the answer together, and the start's share where the workload says how many requests it serves."""
    confidence: Confidence
    """Where the figures of the machine come from: corrected by runs of this model, calibrated, a catalogue, or guessed."""
    terms: tuple[Duration, ...] = ()
    """The seconds, by phase and place; those of a phase add up to its time where nothing overlaps."""
    doubt: Doubt = _CERTAIN
    ready: tuple[float, float] = (0.0, 0.0)
    """Seconds from the server's start until it answers: with the file in the page cache, and from a disk."""
    start: float = 0.0
    """Seconds of `seconds` that are this request's share of the start."""
    hit_rate: HitRate | None = None
    """What is taken of an expert cache's hits in decode, over all its layers; None without a cache that is used."""

    @property
    def prefill_range(self) -> tuple[float, float]:
        """Tokens per second, the range that holds four of five runs."""
        low, high = self.doubt.prefill
        return low * self.prefill_tokens_per_second, high * self.prefill_tokens_per_second

    @property
    def decode_range(self) -> tuple[float, float]:
        """The same of the answer."""
        low, high = self.doubt.decode
        return low * self.decode_tokens_per_second, high * self.decode_tokens_per_second

    @property
    def seconds_range(self) -> tuple[float, float]:
        """Seconds where both phases are at their best, and where both are at their worst."""
        rates = zip(self.prefill_range, self.decode_range, strict=True)
        worst, best = (
            self.prompt_tokens / prefill + self.generated_tokens / decode for prefill, decode in rates
        )
        return best, worst
