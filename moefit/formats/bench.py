"""`moefit bench`: what was measured beside what was predicted."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import field
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from moefit.cost.workload import Workload
from moefit.formats.page import Rows, columns
from moefit.formats.plan_json import VERSION, model_object, predicted_object
from moefit.formats.shell import write
from moefit.machine.calibration import device_key
from moefit.machine.file import to_json
from moefit.planning.learn import Lesson
from moefit.planning.trials import Outcome, Peak, Sample, fastest_outcome, seconds
from moefit.planning.types import Plan
from moefit.sizes import GIB, format_size
from moefit.values import dataclass

_FIGURES: Final = {
    "memory": "memory bandwidth",
    "compute": "compute",
    "pinned": "link from pinned memory",
    "pageable": "link from pageable memory",
}


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a benchmark found out."""

    plan: Plan
    workload: Workload
    outcomes: tuple[Outcome, ...]
    """In the order in which they ran."""
    lesson: Lesson = field(default_factory=Lesson)
    saved: str = ""
    """The calibration that has what was learned; empty where it was not asked for."""
    interrupted: bool = False


def show_report(report: Report, console: Console) -> None:
    """The table, the filled context, and the fastest line."""
    workload = report.workload
    title = f"{workload.prompt:,} + {workload.generated:,} tokens, measured (and predicted); memory in GiB"
    console.print(Text(title, style="dim"))
    console.print(Rows(_table(report)), crop=False)
    for line in _notes(report):
        console.print(line, soft_wrap=True)
    best = fastest_outcome(report.outcomes, workload)
    if best is not None:
        console.print(Text(write(best.trial.argv), style="bold"), soft_wrap=True)


def _table(report: Report) -> Table:
    taken = [_taken(outcome.peak) for outcome in report.outcomes]
    holders = list(dict.fromkeys(name for sizes in taken for name in sizes))
    table = columns()
    table.add_column("")
    for column in ("prompt t/s", "answer t/s", "seconds", *holders):
        table.add_column(column, justify="right")
    best = fastest_outcome(report.outcomes, report.workload)
    for outcome, sizes in zip(report.outcomes, taken, strict=True):
        style = "bold" if outcome is best else ""
        if outcome.median is None:
            told = Text("failed", style="red") if outcome.failure else Text("not measured", style="dim")
            table.add_row(outcome.trial.name, told)
            continue
        predicted, sample = outcome.trial.candidate.prediction, outcome.median
        cells = (
            outcome.trial.name,
            _pair(sample.prefill, predicted.prefill_tokens_per_second),
            _pair(sample.decode, predicted.decode_tokens_per_second),
            _pair(seconds(sample, report.workload), predicted.seconds),
        )
        held = (f"{sizes[name] / GIB:.2f}" if name in sizes else "" for name in holders)
        table.add_row(*(Text(cell, style=style) for cell in cells), *held)
    return table


def _taken(peak: Peak | None) -> dict[str, int]:
    """Bytes by device, and of RAM."""
    if peak is None:
        return {}
    return {**peak.devices, **({} if peak.ram is None else {"RAM": peak.ram})}


def _notes(report: Report) -> Iterator[Text]:
    for outcome in report.outcomes:
        if outcome.failure is not None:
            yield Text(f"{outcome.trial.name} failed: {outcome.failure}", style="red")
        if outcome.ready is not None:
            cached, from_disk = outcome.trial.candidate.prediction.ready
            expected = f"{cached:.0f}-{from_disk:.0f} s expected"
            yield Text(
                f"{outcome.trial.name} was ready after {outcome.ready:.1f} s ({expected})", style="dim"
            )
        if outcome.filled is not None:
            yield Text(
                f"context filled by a prompt of {outcome.filled.tokens:,} tokens: {_memory(outcome.filled.peak)}"
            )
            yield from _against_plan(outcome, outcome.filled.peak)
    yield from _hits(report)
    yield from _learned(report)
    if report.saved:
        yield Text(f"saved in {report.saved}")
    if report.interrupted:
        yield Text("interrupted: this is what was measured until then")


def _learned(report: Report) -> Iterator[Text]:
    """What the runs said of the machine and of the model, and what they could not say."""
    for one in report.lesson.learned:
        figure = _figure(report.plan, one.place, one.figure)
        yield Text(f"learned: {figure} is {one.factor:.2f} times what was stated")
    if report.lesson.misses is not None:
        yield Text(f"learned: {_routing(report.lesson.misses)}")
    elif report.saved and any(outcome.hits is not None for outcome in report.outcomes):
        yield Text(
            "not learned: how often an expert cache is hit, which had hardly filled; a longer --workload tells"
        )
    for place, name in report.lesson.refused:
        yield Text(
            f"not learned: {_figure(report.plan, place, name)} would be off by more than a factor of two"
        )


def _routing(misses: float) -> str:
    """How often the model misses an expert cache."""
    if misses <= 1.0:
        return f"{misses:.2f} misses of an expert cache for one that was published"
    return f"misses of an expert cache, {min(1.0, misses - 1.0):.0%} of the way from what was published to uniform routing"


def _hits(report: Report) -> Iterator[Text]:
    """What expert caches hit, beside what the plan took for it."""
    for outcome in report.outcomes:
        if outcome.hits is not None:
            assumed = outcome.trial.candidate.prediction.hit_rate
            planned = "" if assumed is None else f", planned {assumed.likely:.0%}"
            yield Text(
                f"{outcome.trial.name}: {outcome.hits.rate:.0%} of the experts were in the cache{planned}"
            )


def _figure(plan: Plan, place: str, figure: str) -> str:
    """What a person calls it: CUDA0's compute, CPU's memory bandwidth."""
    names = {device_key(gpu): gpu.name for gpu in plan.machine.gpus}
    return f"{names.get(place, place)}'s {_FIGURES.get(figure, figure)}"


def _against_plan(outcome: Outcome, peak: Peak) -> Iterator[Text]:
    for device, planned, kept in _planned(outcome):
        taken = peak.devices.get(device)
        if taken is not None:
            yield Text(
                f"  {device} took {format_size(taken)}; planned {format_size(planned)} and {format_size(kept)} kept back"
            )


def _planned(outcome: Outcome) -> Iterator[tuple[str, int, int]]:
    """Device, bytes that the plan counts, bytes that it keeps back."""
    settled = outcome.trial.candidate.settled
    for device, budget, use in zip(settled.devices, settled.budgets, settled.footprint.devices, strict=True):
        yield device.name, use.total + budget.overhead + budget.guests, budget.reserved


def _memory(peak: Peak) -> str:
    return ", ".join(f"{name} {format_size(size)}" for name, size in _taken(peak).items())


def _pair(measured: float, predicted: float) -> str:
    return f"{_number(measured)} ({_number(predicted)})"


def _number(value: float) -> str:
    if math.isinf(value):
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def report_json(report: Report) -> str:
    """One JSON document; keys are only ever added."""
    best = fastest_outcome(report.outcomes, report.workload)
    document = {
        "version": VERSION,
        "model": model_object(report.plan.model),
        "machine": to_json(report.plan.machine),
        "workload": {"prompt_tokens": report.workload.prompt, "generated_tokens": report.workload.generated},
        "lines": [_line(outcome, report.workload) for outcome in report.outcomes],
        "fastest": None if best is None else report.outcomes.index(best),
        "learned": [
            {"place": one.place, "figure": one.figure, "factor": one.factor} for one in report.lesson.learned
        ],
        "misses": report.lesson.misses,
        "saved": report.saved or None,
        "interrupted": report.interrupted,
    }
    return json.dumps(document, indent=2) + "\n"


def _line(outcome: Outcome, workload: Workload) -> dict[str, Any]:
    trial, filled = outcome.trial, outcome.filled
    return {
        "name": trial.name,
        "argv": list(trial.argv),
        "environment": dict(trial.environment),
        "predicted": predicted_object(trial.candidate.prediction),
        "measured": _rates(outcome.median, workload),
        "runs": [_rates(sample, workload) for sample in outcome.samples],
        "ready_seconds": _rounded(outcome.ready) if outcome.ready is not None else None,
        "memory": _peak(outcome.peak),
        "planned": {device: size for device, size, _ in _planned(outcome)},
        "filled": None if filled is None else {"tokens": filled.tokens, "memory": _peak(filled.peak)},
        "hit_rate": None if outcome.hits is None else round(outcome.hits.rate, 4),
        "failure": outcome.failure,
    }


def _rates(sample: Sample | None, workload: Workload) -> dict[str, float | None] | None:
    if sample is None:
        return None
    return {
        "prefill_tokens_per_second": _rounded(sample.prefill),
        "decode_tokens_per_second": _rounded(sample.decode),
        "seconds": round(seconds(sample, workload), 3),
    }


def _rounded(rate: float) -> float | None:
    return None if math.isinf(rate) else round(rate, 2)


def _peak(peak: Peak | None) -> dict[str, Any] | None:
    return None if peak is None else {"devices": dict(peak.devices), "ram": peak.ram}
