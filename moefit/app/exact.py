"""`--exact`: one dummy load of the real llama.cpp, and a plan corrected by what it says."""

from __future__ import annotations

import os
from dataclasses import replace

from moefit.errors import InputError, Warn
from moefit.llama.verify import verify
from moefit.planning.check import check, corrections
from moefit.planning.core import plan
from moefit.planning.types import Plan
from moefit.search.request import Request
from moefit.sizes import format_size


def exact_plan(request: Request) -> Plan:
    """The plan, made again with the real program's figures where they differ by more than rounding.

    A warning says what was found; where the program is missing or fails, that the plan is as it was.
    """
    made = plan(request)
    if not made.fits:
        return made
    environment = {**os.environ, **made.environment}
    try:
        real = verify(made.argv, table=request.launch.command.table, environment=environment)
    except InputError as error:
        return _noted(made, f"--exact changed nothing: {error.message}", error.hint)
    found = corrections(check(made, real))
    if not found:
        return _noted(made, "--exact changed nothing: llama.cpp's own figures are the plan's")
    again = plan(replace(request, options=replace(request.options, corrections=found)))
    told = ", ".join(
        f"{format_size(abs(size))} {'more' if size > 0 else 'less'} on {name}" for name, size in found.items()
    )
    changed = "planned again" if again.argv != made.argv else "the line stays"
    return _noted(again, f"--exact: llama.cpp uses {told} than predicted; {changed}")


def _noted(made: Plan, message: str, hint: str | None = None) -> Plan:
    return replace(made, warnings=(*made.warnings, Warn("exact", message, hint, note=True)))
