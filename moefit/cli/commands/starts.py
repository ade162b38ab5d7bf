"""The commands whose line may be started: printed, run, or written as a systemd unit."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from moefit.app.expected_gpus import expected_of
from moefit.app.line import starts_no_model
from moefit.app.machine import read_machine
from moefit.app.request import as_bench, on_its_words_alone
from moefit.app.runnable import runnable
from moefit.cli import FITS
from moefit.cli import options as o
from moefit.cli.asked import read_asked, unanswered
from moefit.cli.gathered import gather
from moefit.cli.output import note, warn, write_argv
from moefit.cli.progress import asking, told
from moefit.cli.registry import command
from moefit.cli.shared import Shared
from moefit.cli.streams import encodable
from moefit.errors import UsageError, Warn
from moefit.formats import shell
from moefit.launch.options import known_words
from moefit.planning.core import plan as make_plan
from moefit.planning.types import Plan
from moefit.search.request import Request

if TYPE_CHECKING:
    from moefit.formats.unit import Service


@command(Shared)
def args(shared: Shared, as_format: o.FormatChoice = o.Format.SHELL) -> int:
    """Print the completed command: one line, shell-quoted."""
    request, made = _runnable(shared, _FOR_FORMAT.get(as_format))
    text = write_argv(made, as_format, request.launch.command.table)
    sys.stdout.write(encodable(text))
    if as_format is o.Format.LLAMA_BENCH:
        _warn_of_bench(request, made)
    if as_format in _FILES:
        _warn_of_secrets(request)
    if as_format is o.Format.ENV and text.startswith("#"):
        told = "what has no variable is in the first line of the file: the program is to be started with it"
        warn(Warn("own-line", told, note=True))
    return FITS


def _warn_of_secrets(request: Request) -> None:
    """What a file for elsewhere lacks of this moment's variables."""
    names = [g.origin for g in request.launch.given if g.option.is_secret and g.origin in os.environ]
    if names:
        said = f"{' and '.join(names)} of your environment: not written, for others may read the file"
        warn(Warn("secret", said, "whoever starts the program must set it", note=True))


def _warn_of_bench(request: Request, made: Plan) -> None:
    """What a line for llama-bench lacks of the server's."""
    from moefit.planning.bench_cache import cache_left_out

    for given in request.launch.given:
        if not {"-fitt", "-fitc"}.isdisjoint(known_words(given.option)):
            why = "with it llama-bench would place the model anew"
            warn(Warn("dropped", f"{given.source} is left out: {why}"))
    if (without := cache_left_out(request, made)) is not None:
        warn(without)


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
        sys.stdout.write(encodable(write_argv(made, o.Format.SHELL, request.launch.command.table)))
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
    trouble = unanswered(shared, request)
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
    line, missing = units.with_absolute_programs(served, words, os.environ, installing=install)
    for warning in (*missing, *([nobody] if nobody else ())):
        warn(warning)
    argv = _expecting(shared, made).run_words(line) if replan else line
    planned = units.service(made, name, argv, user=user or install, replan=replan, run_as=run_as)
    private = _warn_of_unit(planned)
    if dry_run or not (install or output):
        sys.stdout.write(encodable(text.write(planned)))
    elif install:
        sys.stdout.write(f"{units.install(planned, os.environ, private=private)}\n")
    elif output is not None:
        write_atomically(Path(output), text.write(planned), private=private)
    return FITS


def _expecting(shared: Shared, made: Plan) -> Shared:
    """The options of a command that plans again: with the devices that it must find then, too."""
    return shared if shared.expect else replace(shared, expect=expected_of(made) or None)


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


def _wait_free(shared: Shared, seconds: float) -> None:
    """Returns once an earlier process's memory is free and the command fits, or when the time is over."""
    from moefit.llama.execute import wait_free

    request = read_asked(shared)
    with told("waiting for the memory of an earlier process"):
        wait_free(
            lambda: read_machine(shared.machine_options, request.launch),
            lambda machine: make_plan(replace(request, machine=machine)).fits,
            seconds,
        )


_FOR_FORMAT: dict[o.Format, Callable[[Request], Request]] = {
    o.Format.PRESET: on_its_words_alone,
    o.Format.ADDITIONS: on_its_words_alone,
    o.Format.LLAMA_BENCH: as_bench,
}
"""What a way to write the line changes of what is planned."""
_FILES = frozenset({o.Format.ENV, o.Format.PRESET, o.Format.LLAMA_SWAP})
"""Ways to write it whose reader starts elsewhere."""


def _runnable(shared: Shared, changed: Callable[[Request], Request] | None = None) -> tuple[Request, Plan]:
    """The request, `changed` where it must be, and a plan whose line may be started.

    Raises:
        DriverError: a GPU is here, or should be, and does not answer.
    """
    request = read_asked(shared)
    if changed is not None:
        request = changed(request)
    made = _checked(shared, request)
    gather("plan", made)
    return request, made
