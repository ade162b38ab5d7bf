"""The commands that hold a plan to the real thing: memory by a dummy load, speed by runs, the machine by measuring it."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from moefit.app.runnable import does_not_fit
from moefit.cli import DOES_NOT_FIT, FITS, INTERRUPTED
from moefit.cli import options as o
from moefit.cli.asked import read_asked
from moefit.cli.output import console, note, warn
from moefit.cli.progress import asking
from moefit.cli.registry import command
from moefit.cli.say import unsecret
from moefit.cli.shared import Shared
from moefit.errors import InputError, Warn
from moefit.planning.core import plan as make_plan
from moefit.planning.describe import truncated

if TYPE_CHECKING:
    from moefit.machine.servers import ServerRate
    from moefit.progress import Tell


@command(Shared)
def verify(shared: Shared, as_given: o.AsGiven = False, as_json: o.AsJson = False) -> int:
    """A plan's memory beside what the real llama.cpp says of it.

    No weights are read.
    """
    from moefit.planning.estimate import estimate as make_estimate

    request = read_asked(shared)
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

    session = prepare(read_asked(shared), count=candidates, save=save)
    note(session.plan)
    with bar() as tell:
        report = run_session(session, runs=runs, fill=fill, tell=tell)
    said = (replace(one, failure=one.failure and unsecret(one.failure)) for one in report.outcomes)
    report = replace(report, outcomes=tuple(said))
    if as_json:
        sys.stdout.write(report_json(report))
    else:
        show_report(report, console(shared.color))
    if report.interrupted:
        return INTERRUPTED
    return DOES_NOT_FIT if failed(report.outcomes) else FITS


@command()
def calibrate(rpc: o.Rpc = None, as_json: o.AsJson = False, color: o.Color = o.When.AUTO) -> int:
    """Measure this machine once, in under a minute.

    Plans then rest on its own figures. --rpc measures the way to those servers, too.
    """
    from moefit.cli.bar import bar
    from moefit.formats.calibration import calibration_json, show_calibration
    from moefit.llama.decode_rate import measure_decode
    from moefit.machine.calibration_file import known_misses, save_calibration
    from moefit.machine.measure import measure_machine as measure

    with bar() as tell:
        servers, unmeasured = _ways_to(rpc, tell)
        measured, warnings = measure(tell)
        threads = [rate.threads for rate in measured.ram]
        decoded, undecoded = measure_decode(threads, os.environ, tell)
    misses = known_misses(measured.fingerprint, os.environ)
    measured = replace(measured, servers=servers, decoded=decoded, misses=misses)
    warnings = (*warnings, *unmeasured, *undecoded)
    path = str(save_calibration(measured, os.environ))
    for text in warnings:
        warn(Warn("machine", text))
    if as_json:
        sys.stdout.write(calibration_json(measured, path, [*map(unsecret, warnings)]))
    else:
        show_calibration(measured, path, console(color))
    return FITS


def _ways_to(rpc: list[str] | None, tell: Tell) -> tuple[tuple[ServerRate, ...], tuple[str, ...]]:
    """What is measured of the way to RPC servers."""
    if not rpc:
        return (), ()
    from moefit.llama.rpc_link import measure_servers

    return measure_servers(rpc, tell)
