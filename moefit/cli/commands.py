"""The commands: parse options, call, print. No arithmetic."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from moefit import __version__
from moefit.cli import DOES_NOT_FIT, FITS
from moefit.cli import options as o
from moefit.cli.output import does_not_fit, note, show, write_argv
from moefit.cli.shared import Shared, takes_shared
from moefit.errors import InputError
from moefit.planning.core import plan as make_plan
from moefit.planning.estimate import estimate as make_estimate
from moefit.planning.types import Plan
from moefit.request import read_request

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def moefit(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> int:
    """Give it your llama-server command: get back the fastest one that fits this machine, and why.

    Options of moefit come first, then --, then the command.
    """
    if version:
        sys.stdout.write(f"moefit {__version__}\n")
        raise typer.Exit
    return FITS


@app.command()
@takes_shared
def plan(shared: Shared, as_json: o.AsJson = False, explain: o.Explain = False) -> int:
    """Look: what fits, how fast, why."""
    made = _plan(shared)
    show(made, as_json=as_json, details=explain)
    return FITS if made.fits else DOES_NOT_FIT


@app.command()
@takes_shared
def estimate(shared: Shared, as_json: o.AsJson = False, explain: o.Explain = False) -> int:
    """Memory and speed of a command exactly as given."""
    request = read_request(shared.model, shared.words, shared.machine_options)
    made = make_estimate(request.model, request.machine, request.launch, shared.plan_options)
    show(made, as_json=as_json, details=explain)
    return FITS if made.fits else DOES_NOT_FIT


@app.command()
@takes_shared
def args(shared: Shared, as_format: o.FormatChoice = o.Format.SHELL) -> int:
    """Print the completed command: one line, shell-quoted."""
    made = _runnable(shared)
    sys.stdout.write(write_argv(made, as_format))
    return FITS


@app.command()
@takes_shared
def run(shared: Shared, dry_run: o.DryRun = False) -> int:
    """Become the completed command: same PID, same signals, same exit status."""
    made = _runnable(shared)
    if dry_run:
        sys.stdout.write(write_argv(made, o.Format.SHELL))
        return FITS
    from moefit.llama.execute import replace_process

    replace_process(made.argv, made.environment)


def _plan(shared: Shared) -> Plan:
    request = read_request(shared.model, shared.words, shared.machine_options)
    return make_plan(request.model, request.machine, request.launch, shared.plan_options)


def _runnable(shared: Shared) -> Plan:
    """A plan whose line may be started.

    Raises:
        DoesNotFitError: nothing fits.
        InputError: the model file is not complete.
    """
    made = _plan(shared)
    if made.model.truncated:
        raise InputError(
            f"{made.model.path}: the file is shorter than its header says", "finish the download first"
        )
    if not made.fits:
        raise does_not_fit(made)
    note(made)
    return made
