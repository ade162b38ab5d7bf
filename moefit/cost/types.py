"""A prediction and the seconds it is made of."""

from __future__ import annotations

from typing import Literal

from moefit.values import dataclass

Confidence = Literal["measured", "calibrated", "catalogue", "guessed"]
Phase = Literal["prefill", "decode"]


@dataclass(frozen=True, slots=True)
class Term:
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
    """For the prompt and the answer together."""
    confidence: Confidence
    """Where the figures of the machine come from: corrected by runs of this model, calibrated, a catalogue, or guessed."""
    terms: tuple[Term, ...] = ()
    """The seconds, by phase and place; those of a phase add up to its time where nothing overlaps."""
