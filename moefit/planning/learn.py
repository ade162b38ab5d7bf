"""What measured runs say of the figures of a machine that their predictions rest on.

A predicted time is a sum of terms, and most terms shrink in proportion to one figure: what the CPU or a device reads per second, what
a device computes, what its link carries. The factors looked for explain the measured times best while staying near one: a
run is trusted to `_RUN`, a figure to `_FIGURE`, so that one run never moves a figure as far as it could, and no factor leaves
`BOUNDS`. Only figures that the machine states are corrected: there is nothing to write back to for an assumed one.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from moefit.cost import Duration
from moefit.cost.cached_steps import MISSES
from moefit.cost.hits import miss_factor
from moefit.cost.prefill import CACHES
from moefit.cost.workload import Workload
from moefit.machine.calibration import Learned, device_key
from moefit.machine.types import Device, Machine
from moefit.planning.trials import Outcome, Sample
from moefit.values import dataclass

BOUNDS: Final = (0.5, 2.0)
"""A figure that is off by more is no calibration error: something else is wrong, and must not be hidden."""
_RUN: Final = 0.08
"""Differences between runs under this share are noise (llama-bench on one machine, again and again)."""
_FIGURE: Final = 0.3
_CLOSE: Final = 1.3
"""A prediction that is off by more than this factor has not explained a run."""
_ROUNDS: Final = 40
_USES: Final = 1000
"""Experts used with which a hit rate is known well enough to keep: a few tokens say nothing."""

_Figure = tuple[str, str]
"""(CPU or a device's key, memory, compute, pinned or pageable)."""
_Observation = tuple[float, float, Mapping[_Figure, float]]
"""Seconds measured, seconds that no figure explains, seconds by figure."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What to correct."""

    learned: tuple[Learned, ...] = ()
    """The factors by which figures should grow, those within one percent of one left out."""
    refused: tuple[tuple[str, str], ...] = ()
    """Places and figures that would have to leave `BOUNDS`."""
    misses: float | None = None
    """For one miss of the published curve, how many this model has in an expert cache; None where none was run."""


def learn(outcomes: Sequence[Outcome], machine: Machine, workload: Workload) -> Lesson:
    """The factors that explain best what was measured."""
    everything = [o for outcome in outcomes for o in _observations(outcome, machine, workload)]
    observations = [o for o in everything if o[2]]
    figures = sorted({figure for _, _, by_figure in observations for figure in by_figure})
    logs = dict.fromkeys(figures, 0.0)
    for _ in range(_ROUNDS):
        for figure in figures:
            logs[figure] = _best(figure, logs, observations)
    factors = {figure: round(math.exp(value), 3) for figure, value in logs.items()}
    inside = {figure: factor for figure, factor in factors.items() if BOUNDS[0] < factor < BOUNDS[1]}
    return Lesson(
        tuple(Learned(*figure, factor) for figure, factor in inside.items() if abs(factor - 1.0) > 0.01),
        tuple(figure for figure in factors if figure not in inside),
        _misses(outcomes),
    )


def _misses(outcomes: Iterable[Outcome]) -> float | None:
    """The middle of what the runs with an expert cache say."""
    known = [factor for outcome in outcomes if (factor := _miss_factor(outcome)) is not None]
    return round(statistics.median(known), 3) if known else None


def _miss_factor(outcome: Outcome) -> float | None:
    """What a run says of its model's misses; None where it says nothing.

    Each miss fills an empty slot, as long as there are any: those are left out, for a longer run has no more of them. Where most misses
    were such, there may be fewer than were seen, which says something only if they are no more than were published.
    """
    planned, hits = outcome.trial.candidate.prediction.hit_rate, outcome.hits
    if planned is None or hits is None or hits.used < _USES:
        return None
    cache = outcome.trial.candidate.settled.footprint.moe_cache
    slots = sum(group.slots for group in cache.groups) if cache else 0
    if hits.misses >= 2 * slots:
        return miss_factor(hits.hits / (hits.used - slots), planned.resident)
    factor = miss_factor(hits.rate, planned.resident)
    return factor if factor is not None and factor <= 1.0 else None


def explains(lesson: Lesson, outcome: Outcome, machine: Machine, workload: Workload) -> bool:
    """Whether each phase of a run is predicted to within `_CLOSE` once the figures are corrected."""
    logs = {(one.place, one.figure): math.log(one.factor) for one in lesson.learned}
    misses = []
    for measured, fixed, by_figure in _observations(outcome, machine, workload):
        known = {figure: logs.get(figure, 0.0) for figure in by_figure}
        misses.append(abs(_miss((measured, fixed, by_figure), known)))
    return bool(misses) and max(misses) < math.log(_CLOSE)


def _observations(outcome: Outcome, machine: Machine, workload: Workload) -> Iterable[_Observation]:
    median = outcome.median
    if median is None:
        return
    for phase, measured in _measured(median, workload):
        terms = [t for t in outcome.trial.candidate.prediction.terms if t.phase == phase]
        by_figure: dict[_Figure, float] = {}
        fixed = 0.0
        for term in terms:
            figure = _figure(term, outcome, machine)
            seconds = _seconds(term, outcome)
            if figure is None:
                fixed += seconds
            else:
                by_figure[figure] = by_figure.get(figure, 0.0) + seconds
        yield measured, fixed, by_figure


def _seconds(term: Duration, outcome: Outcome) -> float:
    """A term's seconds, those of an expert cache's misses with as many as there were: the link is not to blame for them."""
    planned = outcome.trial.candidate.prediction.hit_rate
    if term.name != MISSES or outcome.hits is None or planned is None or planned.likely == 1.0:
        return term.seconds
    return term.seconds * (1.0 - outcome.hits.rate) / (1.0 - planned.likely)


def _measured(sample: Sample, workload: Workload) -> Iterable[tuple[str, float]]:
    if workload.prompt:
        yield "prefill", workload.prompt / sample.prefill
    if workload.generated:
        yield "decode", workload.generated / sample.decode


def _figure(term: Duration, outcome: Outcome, machine: Machine) -> _Figure | None:
    """The figure that a term is inversely proportional to, if the machine states it."""
    if term.place == "CPU":
        reads = term.phase == "decode" and term.name in {"weights", "attention"}
        return ("CPU", "memory") if reads and machine.ram.source == "calibration" else None
    device = next((gpu for gpu in machine.gpus if gpu.name == term.place), None)
    key = device_key(device) if device is not None else ""
    if device is None or not key or not device.is_seen:
        return None
    if term.name in {"copies", MISSES, CACHES}:
        pageable = term.name == CACHES or outcome.trial.candidate.settings.is_mapped
        return _link(device, key, pageable=pageable)
    if term.phase == "prefill" and term.name in {"products", "attention"}:
        return (key, "compute") if device.compute is not None else None
    if term.phase == "decode" and term.name in {"weights", "attention"}:
        return (key, "memory") if device.bandwidth is not None else None
    return None


def _link(device: Device, key: str, *, pageable: bool) -> _Figure | None:
    if pageable:
        return (key, "pageable") if device.pageable_bandwidth is not None else None
    return (key, "pinned") if device.link_bandwidth is not None else None


def _best(figure: _Figure, logs: Mapping[_Figure, float], observations: Sequence[_Observation]) -> float:
    """The logarithm of one factor that is best while the others stay: golden-section search."""

    def cost(value: float) -> float:
        trial = {**logs, figure: value}
        misses = sum((_miss(o, trial) / _RUN) ** 2 for o in observations if figure in o[2])
        return misses + (value / _FIGURE) ** 2

    low, high = (math.log(bound) for bound in BOUNDS)
    golden = (math.sqrt(5.0) - 1.0) / 2.0
    while high - low > 1e-4:
        left, right = high - golden * (high - low), low + golden * (high - low)
        if cost(left) < cost(right):
            high = right
        else:
            low = left
    return (low + high) / 2.0


def _miss(observation: _Observation, logs: Mapping[_Figure, float]) -> float:
    measured, fixed, by_figure = observation
    predicted = fixed + sum(seconds / math.exp(logs[figure]) for figure, seconds in by_figure.items())
    return math.log(predicted / measured)
