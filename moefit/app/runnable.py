"""A plan whose line may be started, or the error that says why there is none."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from moefit.errors import DoesNotFitError, InputError
from moefit.formats.lacking import enough, lacking, remedy
from moefit.launch.builds import is_newer
from moefit.planning.core import plan
from moefit.planning.describe import truncated
from moefit.planning.types import Plan
from moefit.search.request import Request
from moefit.shown import visible
from moefit.sizes import format_size

if TYPE_CHECKING:
    from moefit.app.exact import Waiting


def planned(request: Request, *, exact: bool, waiting: Waiting = nullcontext) -> Plan:
    """The plan, with `exact` corrected by a dummy load of the real program."""
    if exact:
        from moefit.app.exact import exact_plan  # noqa: PLC0415 - starts a process

        return exact_plan(request, waiting)
    return plan(request)


def runnable(request: Request, *, exact: bool, waiting: Waiting = nullcontext) -> Plan:
    """A plan of a whole file that fits.

    Raises:
        DoesNotFitError: nothing fits.
        InputError: the model file is not complete.
    """
    _refuse_incomplete(request)
    asked = not exact and _is_newer(request)
    made = _newer(request, waiting) if asked else planned(request, exact=exact, waiting=waiting)
    if not made.fits:
        raise does_not_fit(made)
    return made


def _refuse_incomplete(request: Request) -> None:
    """Refuse a file that llama.cpp does not load: one that is cut short, or that lacks a tensor which the checked builds need."""
    model = request.model
    if model.truncated:
        raise InputError(
            truncated(model).message, "finish the download; `moefit plan` can plan from a header alone"
        )
    if model.lacks and not is_newer(request.launch.command.table):
        raise InputError(
            f"{model.path}: the file lacks {visible(model.lacks)}, without which llama.cpp loads no {model.architecture}",
            "fetch or convert it again; `moefit plan` estimates what it would take",
        )


def _is_newer(request: Request) -> bool:
    """Whether the program at hand is of a build after the checked ones, and this machine's."""
    return (
        request.launch.command.table.asked
        and bool(request.machine.host)
        and is_newer(request.launch.command.table)
    )


def _newer(request: Request, waiting: Waiting) -> Plan:
    from moefit.app.exact import newer_plan  # noqa: PLC0415 - starts a process

    return newer_plan(request, waiting)


def does_not_fit(plan: Plan) -> DoesNotFitError:
    """What is missing, and where; what would be enough where that was worked out, and what else would run."""
    would = enough(plan) if plan.enough else ""
    told = f"; {would} would do" if would else ""
    if not told and plan.largest_file:
        told = f"; a file of at most {format_size(plan.largest_file)} would do"
    return DoesNotFitError(f"nothing fits: {lacking(plan)}{told}", remedy(plan))
