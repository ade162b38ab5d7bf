"""Seconds of runs of layers before any tensor has a place: of each run, how many of its last layers leave what can be moved to the CPU.

The same terms as `predict`, many times as fast, for a search that weighs many cuts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moefit.cost.decode import token_terms
from moefit.cost.prefill import prompt_terms
from moefit.cost.run import run_with
from moefit.cost.tally import Tally
from moefit.cost.token_load import Load
from moefit.machine.types import CPU
from moefit.placement.types import Placement
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moefit.cost.run import Known
    from moefit.cost.work import Work
    from moefit.cost.workload import Workload
    from moefit.launch.settings import Settings
    from moefit.machine.types import Device, Machine


@dataclass(frozen=True, slots=True)
class Span:
    """A device's run of slots."""

    start: int
    end: int
    """Exclusive."""
    moved: Load
    """What of it is on the CPU."""
    visits: int
    """Layers from which a token goes to the CPU and back."""
    left: Load
    """What of it is on the device."""


def span(work: Work, start: int, end: int, moved: Load, visits: int) -> Span:
    """A run of slots of which something was moved."""
    blocks = len(work.sums) - 2
    left = work.over(start, min(end, blocks))
    if visits:
        left.add(moved, -1.0)
    return Span(start, end, moved, visits, left)


def seconds_of(
    work: Work,
    machine: Machine,
    devices: Sequence[Device],
    settings: Settings,
    spans: Sequence[Span],
    workload: Workload,
    *,
    pipelined: bool = True,
    known: Known | None = None,
) -> float:
    """About what `predict` says of the placement, without a draft model and without an expert cache.

    Args:
        work: what a token of the model costs.
        machine: the host.
        devices: those of the spans, one each, in order.
        settings: the launch.
        spans: one after the other, up to the output; what is before them is the CPU's.
        workload: tokens of the prompt and of the answer.
        pipelined: whether the devices work at the same time where nothing is on the CPU and their backends can.
        known: what was worked out for spans of the same devices and settings.
    """
    last = CPU if any(span.visits for span in spans) else len(spans) - 1
    overrides = {"": last} if last == CPU or not pipelined else {}
    first = spans[0].start if spans else len(work.sums) - 1
    slots = (*((CPU,) if first else ()), *range(len(spans)))
    run = run_with(
        work, machine, devices, settings, Placement(slots, overrides), _tally(work, spans), known=known
    )
    reading = writing = 0.0
    if workload.prompt:
        reading = sum(seconds for _, _, seconds in prompt_terms(run, workload.prompt))
    if workload.generated:
        depth = workload.prompt + workload.generated / 2
        writing = sum(seconds for _, _, seconds in token_terms(run, depth, {}))
    return reading + writing * workload.generated


def _tally(work: Work, spans: Sequence[Span]) -> Tally:
    blocks = len(work.sums) - 2
    first = min(spans[0].start, blocks) if spans else blocks
    places = {CPU: work.over(0, first)}
    hops: dict[tuple[int, int], int] = {}
    crossings: dict[tuple[int, int], int] = {}
    if spans and first:
        crossings[CPU, 0] = 1
    for place, span in enumerate(spans):
        if span.visits:
            hops[place, CPU] = span.visits
            places[CPU].add(span.moved)
        places[place] = span.left
        if place + 1 < len(spans):
            if span.visits:  # the run's last experts go straight to the next device
                hops[place, CPU] -= 1
                crossings[place, CPU] = 1
            crossings[CPU if span.visits else place, place + 1] = 1
    last = len(spans) - 1 if spans else CPU
    return Tally(places, {last: work.output}, hops, crossings, {}, last)
