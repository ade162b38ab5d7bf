"""What a line takes exactly as it stands, nothing chosen and nothing added."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from moefit.launch.complete import Completion
from moefit.launch.translate import translate
from moefit.machine.types import Machine
from moefit.model import Model
from moefit.planning.as_given import as_given
from moefit.planning.context import SMALLEST
from moefit.planning.describe import describe
from moefit.planning.types import Launch, Options, Plan, Warn

_FITTED: Final = (
    "llama.cpp's own --fit, left aside here, would place this line anew at its start; "
    "moefit plan says what fits"
)


def estimate(model: Model, machine: Machine, launch: Launch, options: Options) -> Plan:
    """Memory and speed of the user's line with `--fit off`; without `-c` it has the trained context, as in llama.cpp.

    Options that this build does not know count as far as it has other words for them; a warning names each.

    Raises:
        UsageError: the line names a device or a buffer that the machine has not.
    """
    given = as_given(model, machine, launch, options, model.trained_context or SMALLEST)
    words = Completion(launch.command.argv, launch.command.arguments, (), ())
    made = describe(model, machine, launch.constraints, launch.extras, given, (), words)
    lacking = tuple(Warn("no-model", a.why, f"add {a.option} {a.value}") for a in launch.needed)
    unknown = (Warn("dropped", f"{d.shown}: {d.why}") for d in translate(launch.command).dropped)
    advice = None if made.fits or not _is_fitted(launch) else _FITTED
    return replace(made, argv=words.argv, warnings=(*unknown, *made.warnings, *lacking), remedy=advice)


def _is_fitted(launch: Launch) -> bool:
    """Whether llama.cpp would place the line's tensors itself.

    source: common/fit.cpp, common_params_fit_impl, which refuses lines that place anything; tools/llama-bench, off by default
    """
    placed = launch.constraints
    return (
        launch.command.name != "llama-bench"
        and placed.fit is not False
        and placed.gpu_layers in {None, "auto"}
        and placed.tensor_split is None
        and not placed.overrides
    )
