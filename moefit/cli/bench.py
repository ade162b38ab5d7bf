"""`moefit bench`: runs the lines, draws the bar, keeps what it has when it is interrupted."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from moefit.app.request import Request, read_request
from moefit.cli.bar import bar
from moefit.cli.output import does_not_fit, note
from moefit.cli.shared import Shared
from moefit.errors import InputError, UsageError
from moefit.formats.bench import Report
from moefit.llama.bench import Bench, run
from moefit.machine.calibration import Calibration, bench_key, with_learned
from moefit.machine.calibration_file import load_calibration, save_calibration
from moefit.machine.types import Machine
from moefit.planning.core import plan as make_plan
from moefit.planning.describe import truncated
from moefit.planning.learn import explains, learn
from moefit.planning.trials import Outcome, trials
from moefit.planning.types import Launch

_PROGRAMS = ("llama-server", "llama-bench")


def bench(shared: Shared, *, count: int, runs: int, fill: bool, save: bool) -> Report:
    """Plan, run the `count` best lines and llama.cpp's own fit `runs` times each, and learn from them.

    Raises:
        DoesNotFitError: nothing fits.
        UsageError: a command that generates no tokens, or whose context is too short for the workload; nowhere to save to.
        InputError: the model file is not complete, a program is missing, or there is no calibration to save to.
    """
    request = _read(shared)
    calibration = _calibration(request.machine) if save else None
    options = replace(shared.plan_options, thorough=True)
    made = make_plan(request.model, request.machine, request.launch, options)
    if not made.fits:
        raise does_not_fit(made)
    note(made)
    to_run = trials(made, request.machine, request.launch, count)
    how = Bench(
        workload=options.workload,
        runs=runs,
        vocabulary=max(1, request.model.vocabulary),
        devices=request.machine.gpus,
        table=request.launch.command.table,
        environment=os.environ,
    )
    outcomes = [Outcome(trial) for trial in to_run]
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # as Ctrl-C: the server that runs is stopped with it
    interrupted = False
    try:
        with _steps(how, len(outcomes), fill=fill) as tell:
            for index, trial in enumerate(to_run):
                tell.begin(trial.name)
                for event in run(trial, how, tell.step, fill=fill and index == 0):
                    outcomes[index] = outcomes[index].after(event)
    except KeyboardInterrupt:
        interrupted = True
    report = Report(made, options.workload, tuple(outcomes), interrupted=interrupted)
    return report if calibration is None else _learned(report, request.machine, calibration)


class _Steps:
    """Counts the steps of all trials for the bar."""

    def __init__(self, show: Callable[[str, float], None], total: int) -> None:
        self._show, self._total = show, total
        self._done = 0
        self._name = ""

    def begin(self, name: str) -> None:
        """The next trial begins."""
        self._name = name

    def step(self, label: str) -> None:
        """Its next step begins."""
        self._show(f"{self._name}: {label}", min(1.0, self._done / self._total))
        self._done += 1


@contextmanager
def _steps(how: Bench, count: int, *, fill: bool) -> Iterator[_Steps]:
    with bar() as show:
        yield _Steps(show, count * how.steps(fill=False) + (1 if fill else 0))


def _read(shared: Shared) -> Request:
    request = read_request(shared.model, shared.words, shared.machine_options)
    name = request.launch.command.name
    if name not in _PROGRAMS:
        raise UsageError(
            f"bench runs {' and '.join(_PROGRAMS)}, not {name}", "moefit bench -- llama-server -m ..."
        )
    if request.launch.constraints.embeddings:
        raise UsageError("bench measures how tokens are generated, and this command computes embeddings")
    if request.model.truncated:
        raise InputError(truncated(request.model).message, "finish the download: bench runs the model")
    workload = shared.plan_options.workload
    needed = workload.prompt + workload.generated
    if name == "llama-bench":  # its contexts are as long as its tests
        constraints = replace(request.launch.constraints, context=needed)
        return replace(request, launch=replace(request.launch, constraints=constraints))
    _check_context(request.launch, needed)
    return request


def _check_context(launch: Launch, needed: int) -> None:
    wanted = launch.constraints
    if not wanted.context:
        return
    shared = wanted.slots is None or wanted.kv_unified
    slot = wanted.context if shared else wanted.context // max(1, wanted.slots or 1)
    if needed > slot:
        raise UsageError(
            f"the workload has {needed} tokens, and a slot of this command holds {slot}",
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
    if not (lesson.learned or explained):
        return replace(report, lesson=lesson)
    key = bench_key(report.plan.model.fingerprint, own.trial.candidate.settled.devices)
    learned = with_learned(calibration, lesson.learned, key if explained else None)
    path = save_calibration(learned, os.environ)
    return replace(report, lesson=lesson, saved=str(path))


def failed(outcomes: Sequence[Outcome]) -> bool:
    """Whether the chosen line did not run to its end."""
    return bool(outcomes) and outcomes[0].failure is not None
