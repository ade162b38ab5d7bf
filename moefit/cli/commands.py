"""The commands: parse options, call, print. No arithmetic."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from moefit import __version__
from moefit.app.expected_gpus import check_seen, expected_of
from moefit.app.request import (
    as_bench,
    on_its_words_alone,
    read_launch,
    read_line,
    read_machine,
    read_model,
    read_request,
    starts_no_model,
)
from moefit.app.runnable import does_not_fit, planned, runnable
from moefit.cli import DOES_NOT_FIT, FITS, INTERRUPTED
from moefit.cli import options as o
from moefit.cli.gathered import gather
from moefit.cli.output import console, draw, note, refuse_both, show, warn, write_argv
from moefit.cli.progress import asking, show_progress, told
from moefit.cli.registry import COMMANDS, command
from moefit.cli.shared import MachineShared, Shared
from moefit.cli.streams import carried
from moefit.cli.teaching import AFTER, WIDEST, Teaching, TeachingGroup
from moefit.errors import DriverError, InputError, UsageError, Warn
from moefit.formats import shell
from moefit.planning.core import plan as make_plan
from moefit.planning.describe import truncated
from moefit.planning.types import Plan
from moefit.search.request import Request

if TYPE_CHECKING:
    from moefit.formats.unit import Service
    from moefit.machine.servers import ServerRate


_COMPLETE = "_MOEFIT_COMPLETE"
"""The variable by which a shell's completion asks."""
_COMPLETION = ("--install-completion", "--show-completion")


def app(words: Sequence[str]) -> typer.Typer:
    """The Typer application for a command line: of the command that it names alone, for each takes time to build at every start."""
    asks = not words or words[0] in {"-h", "--help"} or any(word.startswith(_COMPLETION) for word in words)
    made = typer.Typer(
        cls=TeachingGroup,
        add_completion=asks or _COMPLETE in os.environ,
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDEST},
        subcommand_metavar=f"COMMAND [MODEL] {AFTER}",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    made.callback(invoke_without_command=True)(moefit)
    named = words[0] if words and words[0] in COMMANDS else None
    for name, make in COMMANDS.items():
        if named in {None, name}:
            made.command(name, cls=Teaching)(make())
    return made


def moefit(
    version: Annotated[bool, typer.Option("--version", "-V", help="Print the version.")] = False,
    debug: Annotated[  # noqa: ARG001 - main takes it off the line, wherever it stands before the --
        bool, typer.Option("--debug", help="Write a report of what was read and made, without secrets.")
    ] = False,
) -> int:
    """Give it your llama-server command: get back the fastest one that fits this machine, and why.

    Options of moefit come first, then --, then the command.
    """
    if version:
        from moefit.launch.builds import RANGE

        sys.stdout.write(f"moefit {__version__}, for llama.cpp {RANGE}\n")
        raise typer.Exit
    return FITS


@command(Shared)
def plan(shared: Shared, as_json: o.AsJson = False, explain: o.Explain = False, svg: o.Svg = None) -> int:
    """Look: what fits, how fast, why."""
    from moefit.planning.what_if import what_if

    refuse_both(svg, as_json=as_json)
    request = _look(shared, thorough=True, neighbours=as_json or explain)
    with told("planning"):
        made = planned(request, exact=shared.exact, waiting=asking)
        gather("plan", made)
        made = replace(made, helps=what_if(request, made, planned=as_json or explain))
    show(made, as_json=as_json, details=explain, color=shared.color, picture=svg)
    return FITS if made.fits else DOES_NOT_FIT


@command(Shared)
def estimate(shared: Shared, as_json: o.AsJson = False, explain: o.Explain = False, svg: o.Svg = None) -> int:
    """Memory and speed of what a server would load for a command.

    With --strategy, for the command that it completes.
    """
    from moefit.planning.estimate import estimate as make_estimate

    refuse_both(svg, as_json=as_json)
    as_it_stands = shared.strategy is o.Strategy.AUTO
    request = _look(shared, thorough=not as_it_stands)
    made = make_estimate(request) if as_it_stands else make_plan(request)
    gather("plan", made)
    show(made, as_json=as_json, details=explain, color=shared.color, picture=svg, given=True)
    return FITS if made.fits else DOES_NOT_FIT


@command(Shared)
def args(shared: Shared, as_format: o.FormatChoice = o.Format.SHELL) -> int:
    """Print the completed command: one line, shell-quoted."""
    request, made = _runnable(shared, _FOR_FORMAT.get(as_format))
    text = write_argv(made, as_format, request.launch.command.table)
    sys.stdout.write(carried(text))
    if as_format is o.Format.LLAMA_BENCH:
        for given in request.launch.given:
            if given.option.name in {"--fit-target", "--fit-ctx"}:
                why = "with it llama-bench would place the model anew"
                warn(Warn("dropped", f"{given.source} is left out: {why}"))
    if as_format is o.Format.ENV and text.startswith("#"):
        told = "what has no variable is in the first line of the file: the program is to be started with it"
        warn(Warn("own-line", told, note=True))
    return FITS


@command(Shared)
def run(shared: Shared, dry_run: o.DryRun = False, wait_free: o.WaitFree = None) -> int:
    """Become the completed command: same PID, signals, exit status."""
    if shared.model is None and shared.words and (argv := starts_no_model(shared.words)):
        if dry_run:
            sys.stdout.write(shell.write(argv) + "\n")
            return FITS
        from moefit.llama.execute import replace_process

        return replace_process(argv, {})
    if wait_free is not None:
        _wait_free(shared, wait_free)
    request, made = _runnable(shared)
    if dry_run:
        sys.stdout.write(carried(write_argv(made, o.Format.SHELL, request.launch.command.table)))
        return FITS
    made = _still(shared, request, made)
    from moefit.llama.execute import replace_process

    return replace_process(made.argv, made.environment)


def _still(shared: Shared, request: Request, made: Plan) -> Plan:
    """The plan for the memory of this moment, made again where it no longer fits."""
    from moefit.app.last_look import look_again, warn_of_limits

    made, said = look_again(
        request,
        made,
        lambda: read_machine(shared.machine_options, request.launch),
        lambda again: _checked(shared, again),
    )
    for warning in (*said, *warn_of_limits(made)):
        warn(warning)
    return made


def _checked(shared: Shared, request: Request) -> Plan:
    trouble = _trouble(shared, request)
    if trouble is not None:
        raise trouble
    made = runnable(request, exact=shared.exact, waiting=asking)
    note(made)
    return made


@command(Shared)
def unit(
    shared: Shared,
    name: o.UnitName,
    user: o.UserUnit = False,
    replan: o.Replan = False,
    output: o.Output = None,
    install: o.Install = False,
    run_as: o.RunAs = None,
    dry_run: o.DryRun = False,
) -> int:
    """A systemd unit for the completed command."""
    if install and output is not None:
        raise UsageError("--install and --output both say where the unit goes", "give one of them")
    from moefit.app import units
    from moefit.files import write_atomically
    from moefit.formats import unit as text

    nobody = units.unknown_user(run_as, user=user or install, elsewhere=shared.is_declared)
    request, made = _runnable(shared)
    served = request.launch.command
    words = served.argv if replan else made.argv
    line, missing = units.absolute(served, words, os.environ, installing=install)
    for warning in (*missing, *([nobody] if nobody else ())):
        warn(warning)
    argv = _expecting(shared, made).run_words(line) if replan else line
    planned = units.service(made, name, argv, user=user or install, replan=replan, run_as=run_as)
    private = _warn_of_unit(planned)
    if dry_run or not (install or output):
        sys.stdout.write(carried(text.write(planned)))
    elif install:
        sys.stdout.write(f"{units.install(planned, os.environ, private=private)}\n")
    elif output is not None:
        write_atomically(output, text.write(planned), private=private)
    return FITS


def _warn_of_unit(planned: Service) -> bool:
    """Say what somebody who starts it should know; whether it holds a secret."""
    from moefit.formats.unit import secret_names

    secret = secret_names(planned)
    if secret:
        message = f"the unit holds a secret of {' and '.join(secret)}: files are written for you alone, but `systemctl show` tells it"
        warn(Warn("secret", message, "LoadCredential= or EnvironmentFile=, as the unit's comments say"))
    if not planned.user and planned.run_as is None:
        warn(Warn("root", "the server will run as root", "--run-as USER names somebody else", note=True))
    return bool(secret)


@command(Shared)
def verify(shared: Shared, as_given: o.AsGiven = False, as_json: o.AsJson = False) -> int:
    """A plan's memory beside what the real llama.cpp says of it.

    No weights are read.
    """
    from moefit.planning.estimate import estimate as make_estimate

    request = _read(shared)
    made = (make_estimate if as_given else make_plan)(request)
    argv = request.launch.command.argv if as_given else made.argv
    if not argv:
        raise does_not_fit(made)
    if request.model.truncated:
        raise InputError(truncated(request.model).message, "llama.cpp loads whole files only")
    note(made)
    from moefit.formats import differences
    from moefit.llama.verify import verify as ask
    from moefit.planning.check import check

    environment = {**os.environ, **made.environment}
    with asking():
        real = ask(argv, table=request.launch.command.table, environment=environment)
    checked = check(made, real)
    write = differences.write_json if as_json else differences.write_table
    sys.stdout.write(write(checked.rows, checked.lacking))
    return DOES_NOT_FIT if checked.lacking else FITS


@command()
def inspect(
    context: typer.Context, model: o.ModelPath = None, as_json: o.AsJson = False, color: o.Color = o.When.AUTO
) -> int:
    """What a model file holds: layers, experts, types, bytes."""
    launch = read_launch(model, context.obj)
    found = read_model(launch.constraints, show_progress)
    if found.truncated:
        warn(truncated(found))
    from moefit.formats.inspect import model_json, show_model

    if as_json:
        sys.stdout.write(model_json(found))
    else:
        show_model(found, console(color))
    return FITS


@command(MachineShared)
def devices(shared: MachineShared, as_json: o.AsJson = False, svg: o.Svg = None) -> int:
    """The machine as moefit sees it: GPUs, RAM, CPU.

    --json writes what --machine reads.
    """
    refuse_both(svg, as_json=as_json)
    machine = read_machine(shared.machine_options, read_line(shared.words))
    for text in machine.warnings:
        warn(Warn("machine", text))
    from moefit.formats.devices import machine_json, show_machine

    if as_json:
        sys.stdout.write(machine_json(machine))
    else:
        draw(lambda page: show_machine(machine, page), shared.color, svg)
    return FITS


@command()
def calibrate(rpc: o.Rpc = None, as_json: o.AsJson = False, color: o.Color = o.When.AUTO) -> int:
    """Measure this machine once, in under a minute.

    Plans then rest on its own figures. --rpc measures the way to those servers, too.
    """
    from moefit.cli.bar import bar
    from moefit.formats.calibration import calibration_json, show_calibration
    from moefit.llama.decode_rate import measure_decode
    from moefit.machine.calibration_file import save_calibration
    from moefit.machine.measure import calibrate as measure

    with bar() as tell:
        servers, unmeasured = _ways_to(rpc, tell)
        measured, warnings = measure(tell)
        decoded, undecoded = measure_decode([rate.threads for rate in measured.ram], os.environ, tell)
    measured = replace(measured, servers=servers, decoded=decoded)
    warnings = (*warnings, *unmeasured, *undecoded)
    path = str(save_calibration(measured, os.environ))
    for text in warnings:
        warn(Warn("machine", text))
    if as_json:
        sys.stdout.write(calibration_json(measured, path, warnings))
    else:
        show_calibration(measured, path, console(color))
    return FITS


def _ways_to(
    rpc: list[str] | None, tell: Callable[[str, float], None]
) -> tuple[tuple[ServerRate, ...], tuple[str, ...]]:
    """What is measured of the way to RPC servers."""
    if not rpc:
        return (), ()
    from moefit.llama.rpc_link import measure_servers

    return measure_servers(rpc, tell)


@command(Shared)
def bench(
    shared: Shared,
    candidates: o.BenchCandidates = 3,
    runs: o.BenchRuns = 3,
    fill: o.BenchFill = True,
    save: o.BenchSave = False,
    as_json: o.AsJson = False,
) -> int:
    """Run the best few lines and llama.cpp's own --fit for real.

    Ctrl-C keeps what was measured.
    """
    from moefit.app.bench import failed, prepare, run_session
    from moefit.cli.bar import bar
    from moefit.formats.bench import report_json, show_report

    session = prepare(_read(shared), count=candidates, save=save)
    note(session.plan)
    with bar() as tell:
        report = run_session(session, runs=runs, fill=fill, tell=tell)
    if as_json:
        sys.stdout.write(report_json(report))
    else:
        show_report(report, console(shared.color))
    if report.interrupted:
        return INTERRUPTED
    return DOES_NOT_FIT if failed(report.outcomes) else FITS


def _wait_free(shared: Shared, seconds: float) -> None:
    """Returns once an earlier process's memory is free and the command fits, or when the time is over."""
    from moefit.llama.execute import wait_free

    request = _read(shared)
    with told("waiting for the memory of an earlier process"):
        wait_free(
            lambda: read_machine(shared.machine_options, request.launch),
            lambda machine: make_plan(replace(request, machine=machine)).fits,
            seconds,
        )


def _look(shared: Shared, *, thorough: bool = False, neighbours: bool = True) -> Request:
    """The request of a command that starts nothing: GPUs that do not answer are told before all else."""
    request = _read(shared, thorough=thorough, neighbours=neighbours)
    trouble = _trouble(shared, request)
    if trouble is not None:
        warn(Warn("unseen", f"{trouble.message}; this is for what answers", trouble.hint))
    return request


def _expecting(shared: Shared, made: Plan) -> Shared:
    """The options of a command that plans again: with the devices that it must find then, too."""
    return shared if shared.expect else replace(shared, expect=expected_of(made) or None)


def _trouble(shared: Shared, request: Request) -> DriverError | None:
    wanted = request.launch.constraints
    return check_seen(request.machine, wanted, shared.expected, allow_cpu=shared.allow_cpu)


def _read(shared: Shared, *, thorough: bool = False, neighbours: bool = True) -> Request:
    """What is asked; `thorough` lists every candidate, with `neighbours` also those that only --explain and --json show."""
    options = replace(shared.plan_options, thorough=thorough, neighbours=neighbours)
    request = read_request(
        shared.model, shared.words, shared.machine_options, options, show_progress, shared.build
    )
    gather("request", request)
    return request


_FOR_FORMAT: dict[o.Format, Callable[[Request], Request]] = {
    o.Format.PRESET: on_its_words_alone,
    o.Format.ADDITIONS: on_its_words_alone,
    o.Format.LLAMA_BENCH: as_bench,
}
"""What a way to write the line changes of what is planned."""


def _runnable(shared: Shared, changed: Callable[[Request], Request] | None = None) -> tuple[Request, Plan]:
    """The request, `changed` where it must be, and a plan whose line may be started.

    Raises:
        DriverError: a GPU is here, or should be, and does not answer.
    """
    request = _read(shared)
    if changed is not None:
        request = changed(request)
    made = _checked(shared, request)
    gather("plan", made)
    return request, made


__all__ = ["COMMANDS", "app"]

from moefit.cli import look as _look_commands  # noqa: E402, F401 - registers its commands behind these
