"""`--exact`: one dummy load of the real llama.cpp, and a plan corrected by what it says."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from moefit.errors import InputError, Warn
from moefit.launch.builds import RANGE
from moefit.llama.remembered import real_use
from moefit.llama.verify import verify
from moefit.memory.real import RealUse
from moefit.planning.check import check, corrections
from moefit.planning.core import plan
from moefit.planning.types import Plan
from moefit.search.request import Request
from moefit.sizes import format_size

Waiting = Callable[[], AbstractContextManager[object]]
"""Entered while the real program loads, to show that something is being done."""


def exact_plan(request: Request, waiting: Waiting = nullcontext) -> Plan:
    """The plan, made again with the real program's figures where they differ by more than rounding.

    A note says what was found; where the program is missing or fails, that the plan is as it was.
    """

    def ask(made: Plan) -> RealUse:
        environment = {**os.environ, **made.environment}
        with waiting():
            return verify(made.argv, table=request.launch.command.table, environment=environment)

    return _corrected(request, ask, "--exact", quiet=False)


def newer_plan(request: Request, waiting: Waiting = nullcontext) -> Plan:
    """The same for a program that is newer than what was checked, which is asked once for each line: only a correction or a failure is said."""
    table = request.launch.command.table
    name = f"b{table.build}" if table.build else "this llama.cpp"

    def ask(made: Plan) -> RealUse:
        with waiting():
            return real_use(made.argv, request.model.path, table, {**os.environ, **made.environment})

    return _corrected(request, ask, f"{name} is newer than {RANGE}, and was asked", quiet=True)


def _corrected(request: Request, ask: Callable[[Plan], RealUse], why: str, *, quiet: bool) -> Plan:
    made = plan(request)
    if not made.fits:
        return made
    try:
        found = corrections(check(made, ask(made)))
    except InputError as error:
        changed = "nothing changed" if quiet else "changed nothing"
        return _noted(made, f"{why}{':' if quiet else ''} {changed}: {error.message}", error.hint)
    if not found:
        return (
            made if quiet else _noted(made, f"{why} changed nothing: llama.cpp's own figures are the plan's")
        )
    again = plan(replace(request, options=replace(request.options, corrections=found)))
    told = ", ".join(
        f"{format_size(abs(size))} {'more' if size > 0 else 'less'} on {name}" for name, size in found.items()
    )
    changed = "planned again" if again.argv != made.argv else "the line stays"
    return _noted(again, f"{why}: llama.cpp uses {told} than predicted; {changed}")


def _noted(made: Plan, message: str, hint: str | None = None) -> Plan:
    return replace(made, warnings=(*made.warnings, Warn("exact", message, hint, note=True)))
