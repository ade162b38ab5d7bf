"""What the line's other files take beside the model."""

from __future__ import annotations

from moefit.launch.constraints import Constraints
from moefit.launch.defaults import settings
from moefit.machine.types import Machine
from moefit.memory.extras import Extra
from moefit.memory.guests import Files, guests
from moefit.model import Model
from moefit.planning.demand import chosen_devices


def count_guests(
    model: Model, machine: Machine, wanted: Constraints, files: Files, context: int
) -> tuple[Extra, ...]:
    """What the files take where the line stands as it is.

    Args:
        model: the main model.
        machine: all of its devices.
        wanted: the line.
        files: what it names.
        context: tokens, where the line does not say.

    Raises:
        UsageError: the line names a device or a buffer that is not there.
    """
    if not (files.mmproj or files.draft or files.loras or wanted.control_vectors):
        return ()
    devices = chosen_devices(wanted, machine.gpus)
    return guests(wanted, files, model, devices, settings(wanted, context=context, devices=devices))
