"""`moefit bench`: plan, run the lines, keep what was measured when it is interrupted, and learn from it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace

from moefit.app.runnable import runnable
from moefit.errors import InputError, UsageError
from moefit.formats.bench import Report
from moefit.launch.launch import Launch
from moefit.llama.bench import Bench, run_trial
from moefit.machine.calibration import Calibration, bench_key, with_learned, with_misses
from moefit.machine.calibration_file import load_calibration, save_calibration
from moefit.machine.types import Machine
from moefit.planning.learn import explains, learn
from moefit.planning.trials import Outcome, Trial, trials
from moefit.planning.types import Plan
from moefit.progress import Tell
from moefit.search.request import Request
from moefit.sizes import counted
from moefit.values import dataclass

_PROGRAMS = ("llama-server", "llama-bench")


@dataclass(frozen=True, slots=True)
class Session:
    """What is to be run."""

    request: Request
    plan: Plan
    trials: tuple[Trial, ...]
    calibration: Calibration | None
    """The one that what is learned is saved to; None to save nothing."""


def prepare(request: Request, *, count: int, save: bool) -> Session:
    """Plan, and pick the `count` best lines and llama.cpp's own fit.

    Raises:
        DoesNotFitError: nothing fits.
        UsageError: a command that generates no tokens, or whose context is too short for the workload; nowhere to save to.
        InputError: the model file is not complete, a program is missing, or there is no calibration to save to.
    """
    request = _checked(request)
    calibration = _calibration(request.machine) if save else None
    made = runnable(request, exact=False)
    return Session(request, made, trials(made, request, count), calibration)


def run_session(session: Session, *, runs: int, fill: bool, tell: Tell) -> Report:
    """Run every line `runs` times, the first one also with a context that is filled, and learn from them."""
    request = session.request
    how = Bench(
        workload=request.options.workload,
        runs=runs,
        vocabulary=max(1, request.model.vocabulary),
        devices=request.machine.gpus,
        table=request.launch.command.table,
        environment=os.environ,
    )
    outcomes = [Outcome(trial) for trial in session.trials]
    interrupted = False
    try:
        for index, outcome in _outcomes(session.trials, how, tell, fill=fill):
            outcomes[index] = outcome
    except KeyboardInterrupt:
        interrupted = True
    report = Report(session.plan, how.workload, tuple(outcomes), interrupted=interrupted)
    return report if session.calibration is None else _learned(report, request.machine, session.calibration)


def failed(outcomes: Sequence[Outcome]) -> bool:
    """Whether the chosen line did not run to its end."""
    return bool(outcomes) and outcomes[0].failure is not None


def _outcomes(
    to_run: Sequence[Trial], how: Bench, tell: Tell, *, fill: bool
) -> Iterator[tuple[int, Outcome]]:
    """Each trial's index and its outcome so far, after every event."""
    total, done = len(to_run) * how.steps(fill=False) + (1 if fill else 0), 0

    def step(label: str) -> None:
        nonlocal done
        tell(f"{trial.name}: {label}", min(1.0, done / total))
        done += 1

    for index, trial in enumerate(to_run):
        outcome = Outcome(trial)
        for event in run_trial(trial, how, step, fill=fill and index == 0):
            outcome = outcome.after(event)
            yield index, outcome


def _checked(request: Request) -> Request:
    """The request, if it can be measured: with a context as long as the workload, and every candidate listed."""
    launch, workload = request.launch, request.options.workload
    if launch.command.name not in _PROGRAMS:
        raise UsageError(
            f"bench runs {' and '.join(_PROGRAMS)}, not {launch.command.name}",
            "moefit bench -- llama-server -m ...",
        )
    if launch.constraints.embeddings:
        raise UsageError("bench measures how tokens are generated, and this command computes embeddings")
    needed = workload.prompt + workload.generated
    if launch.command.name == "llama-bench":  # its contexts are as long as its tests
        launch = replace(launch, constraints=replace(launch.constraints, context=needed))
    else:
        _check_context(launch, needed)
    return replace(request, launch=launch, options=replace(request.options, thorough=True))


def _check_context(launch: Launch, needed: int) -> None:
    wanted = launch.constraints
    if not wanted.context:
        return
    shared = wanted.slots is None or wanted.kv_unified
    slot = wanted.context if shared else wanted.context // max(1, wanted.slots or 1)
    if needed > slot:
        raise UsageError(
            f"the workload has {counted(needed, 'token')}, and a slot of this command holds {slot:,}",
            f"a larger -c, or --workload {max(1, slot * 3 // 4)}:{max(1, slot // 8)}",
        )


def _calibration(machine: Machine) -> Calibration:
    """The one to save to.

    Raises:
        UsageError: the machine is declared.
        InputError: it was never calibrated.
    """
    if not machine.host:
        raise UsageError("--save is for this machine as it is, and its memory is declared", "leave --ram out")
    calibration = load_calibration(machine.host, os.environ)
    if calibration is None:
        raise InputError("there is no calibration of this machine to save to", "run `moefit calibrate` first")
    return calibration


def _learned(report: Report, machine: Machine, calibration: Calibration) -> Report:
    """What the runs say of the machine, saved."""
    lesson = learn(report.outcomes, machine, report.workload)
    own = report.outcomes[0]
    known = own.failure is None and not lesson.refused
    explained = known and explains(lesson, own, machine, report.workload)
    if not (lesson.learned or explained or lesson.misses is not None):
        return replace(report, lesson=lesson)
    key = bench_key(report.plan.model.fingerprint, own.trial.candidate.settled.devices)
    learned = with_learned(calibration, lesson.learned, key if explained else None)
    if lesson.misses is not None:
        learned = with_misses(learned, report.plan.model.fingerprint, lesson.misses)
    path = save_calibration(learned, os.environ)
    return replace(report, lesson=lesson, saved=str(path))
