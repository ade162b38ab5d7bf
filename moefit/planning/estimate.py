"""What a server would do with a line, nothing chosen and nothing added: its own fit, unless the line turns that off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from moefit.errors import Warn
from moefit.launch.complete import Completion
from moefit.launch.constraints import constraints
from moefit.launch.given import Given
from moefit.launch.launch import Launch
from moefit.launch.settings import SMALLEST_CONTEXT
from moefit.launch.translate import translate
from moefit.planning.as_given import as_given
from moefit.planning.cache_remarks import check_size
from moefit.planning.carried import carried
from moefit.planning.describe import describe
from moefit.planning.refusals import refuse
from moefit.planning.types import Plan
from moefit.search.candidate import Candidate
from moefit.search.demand import chosen_devices
from moefit.search.llama_fit import Fitted
from moefit.search.ram import paged_shortfall
from moefit.search.request import Request
from moefit.search.server_fit import as_fitted, fits_itself, server_fit
from moefit.sizes import counted

AS_FITTED: Final = "as llama.cpp's fit places it"
_NO_FIT: Final = "`moefit plan` with the same line says what fits"


def estimate(request: Request) -> Plan:
    """Memory and speed of what the user's line would load; with `--fit off`, and without `-c`, it has the trained context.

    Options that this build does not know count as far as it has other words for them; a warning names each.

    Raises:
        UsageError: the line names a device or a buffer that the machine has not.
    """
    refuse(request, as_given=True)
    launch, fitted = request.launch, _fitted(request)
    loaded, given = _loading(request, fitted)
    check_size(given)
    if fitted is not None and fitted.gave_up is None:
        given = replace(given, strategy=AS_FITTED)
    words = Completion(launch.command.argv, launch.command.arguments, (), ())
    made = carried(describe(loaded, given, (), words), request)
    lacking = tuple(Warn("no-model", a.why, f"add {a.option} {a.value}") for a in launch.needed)
    unknown = (Warn("dropped", f"{d.shown}: {d.why}") for d in translate(launch.command).dropped)
    told = () if fitted is None else _told(fitted, launch, given)
    return replace(
        made,
        argv=words.argv,
        warnings=(*unknown, *told, *made.warnings, *lacking),
        remedy=None if made.fits else _NO_FIT,
    )


def as_typed(request: Request, words: Sequence[str]) -> Candidate:
    """What a server would load for the line with flags behind it, its own fit included."""
    launch = request.launch
    flags = (launch.command.table.get(word) for word in words)
    given = (*launch.given, *(Given(flag, "", positive=True, source=flag.name) for flag in flags if flag))
    wanted = replace(launch.constraints, overrides=constraints(launch.command.name, given).overrides)
    typed = replace(request, launch=replace(launch, given=given, constraints=wanted))
    return _loading(typed, _fitted(typed))[1]


def _loading(request: Request, fitted: Fitted | None) -> tuple[Request, Candidate]:
    """What is asked, as it is loaded after the fit; and where that puts everything."""
    context = request.model.trained_context or SMALLEST_CONTEXT if fitted is None else fitted.context
    loaded = request if fitted is None else _loaded(request, fitted)
    return loaded, _paged(loaded, as_given(loaded, context))


def _paged(request: Request, given: Candidate) -> Candidate:
    """With the RAM that a start really lacks: a mapped file, which is llama.cpp's default, may be larger than RAM, and pages."""
    if not given.settings.is_mapped:
        return given
    return replace(given, ram_shortfall=paged_shortfall(request, given.settled))


def _fitted(request: Request) -> Fitted | None:
    """What the program's fit makes of the line; None where it runs none."""
    wanted, table = request.launch.constraints, request.launch.command.table
    if not fits_itself(wanted) or ("-fit" not in table and wanted.program != "llama-bench"):
        return None
    return server_fit(request.model, request.machine, wanted, request.files)


def _loaded(request: Request, fitted: Fitted) -> Request:
    """What is asked, with the line as it is loaded after the fit."""
    devices = chosen_devices(request.launch.constraints, request.machine.gpus)
    wanted = as_fitted(request.launch.constraints, fitted, devices)
    return replace(request, launch=replace(request.launch, constraints=wanted))


def _told(fitted: Fitted, launch: Launch, given: Candidate) -> Iterator[Warn]:
    """What the fit changes, or why it changes nothing although the line does not leave its margins."""
    context = () if launch.constraints.context else (f"-c {given.settings.context}",)
    if fitted.gave_up is not None:
        less = f", after {context[0]}" if context else ""
        yield Warn("fit", f"llama.cpp's own fit gives up{less}: {fitted.gave_up}", note=True)
        return
    words = [*context]
    if (assigned := fitted.assignment) is not None:
        words.append(f"-ngl {assigned.gpu_layers}")
        if assigned.tensor_split:
            words.append(f"-ts {','.join(map(str, assigned.tensor_split))}")
        if assigned.moved:
            words.append(f"-ot for {counted(len(assigned.moved), 'layer')}")
    if words:
        yield Warn("fit", f"llama.cpp's own fit sets {', '.join(words)}", note=True)
