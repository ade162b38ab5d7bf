"""What a server would do with a line, nothing chosen and nothing added: its own fit, unless the line turns that off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from moefit.launch.complete import Completion
from moefit.launch.translate import translate
from moefit.machine.types import Machine
from moefit.model import Model
from moefit.planning.as_given import as_given
from moefit.planning.carried import carried
from moefit.planning.context import SMALLEST
from moefit.planning.demand import chosen_devices
from moefit.planning.describe import describe
from moefit.planning.guests import count_guests
from moefit.planning.types import Launch, Options, Plan, Warn
from moefit.search.llama_fit import Fitted
from moefit.search.search import Candidate
from moefit.search.server_fit import as_fitted, fits_itself, server_fit

AS_FITTED: Final = "as llama.cpp's fit places it"
_NO_FIT: Final = "moefit plan says what fits"


def estimate(model: Model, machine: Machine, launch: Launch, options: Options) -> Plan:
    """Memory and speed of what the user's line would load; with `--fit off`, and without `-c`, it has the trained context.

    Options that this build does not know count as far as it has other words for them; a warning names each.

    Raises:
        UsageError: the line names a device or a buffer that the machine has not.
    """
    fitted = _fitted(model, machine, launch)
    context = model.trained_context or SMALLEST if fitted is None else fitted.context
    loaded = launch if fitted is None else _loaded(model, machine, launch, fitted)
    given = as_given(model, machine, loaded, options, context)
    if fitted is not None and fitted.gave_up is None:
        given = replace(given, strategy=AS_FITTED)
    words = Completion(launch.command.argv, launch.command.arguments, (), ())
    made = carried(describe(model, machine, loaded.constraints, loaded.extras, given, (), words), launch)
    lacking = tuple(Warn("no-model", a.why, f"add {a.option} {a.value}") for a in launch.needed)
    unknown = (Warn("dropped", f"{d.shown}: {d.why}") for d in translate(launch.command).dropped)
    told = () if fitted is None else _told(fitted, launch, given)
    return replace(
        made,
        argv=words.argv,
        warnings=(*unknown, *told, *made.warnings, *lacking),
        remedy=None if made.fits else _NO_FIT,
    )


def _fitted(model: Model, machine: Machine, launch: Launch) -> Fitted | None:
    """What the program's fit makes of the line; None where it runs none."""
    wanted = launch.constraints
    if not fits_itself(wanted) or ("-fit" not in launch.command.table and wanted.program != "llama-bench"):
        return None
    return server_fit(model, machine, wanted, launch.files)


def _loaded(model: Model, machine: Machine, launch: Launch, fitted: Fitted) -> Launch:
    """The line as it is loaded after the fit."""
    wanted = as_fitted(launch.constraints, fitted, chosen_devices(launch.constraints, machine.gpus))
    extras = count_guests(model, machine, wanted, launch.files, fitted.context)
    return replace(launch, constraints=wanted, extras=extras)


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
            words.append(f"-ot for {len(assigned.moved)} layers")
    if words:
        yield Warn("fit", f"llama.cpp's own fit sets {', '.join(words)}", note=True)
