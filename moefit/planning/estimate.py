"""What a line takes exactly as it stands, nothing chosen and nothing added."""

from __future__ import annotations

from dataclasses import replace

from moefit.launch.complete import Completion
from moefit.launch.translate import translate
from moefit.machine.types import Machine
from moefit.model import Model
from moefit.planning.as_given import as_given
from moefit.planning.context import SMALLEST
from moefit.planning.describe import describe
from moefit.planning.types import Launch, Options, Plan, Warn


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
    return replace(made, argv=words.argv, warnings=(*unknown, *made.warnings, *lacking))
